import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Failure } from "@aloft/kit/failure";
import { copyFiles, type Snapshot } from "./snapshots.ts";

const cloudFile = "cloud.json";
const lockFile = "lock";
const database = "state.sqlite";
const filesFolder = "files";
const vaultKey = "vault.key";

/** What `.aloft/cloud.json` tells the command line. */
export interface CloudFile {
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  readonly adminToken: string;
  readonly startedAt: string;
}

/** Where a cloud keeps its state: a folder that it alone uses while it runs, or memory and a temporary folder. */
export interface StateFolder {
  readonly dir: string | undefined;
  /** The database's file; undefined in memory. */
  readonly database: string | undefined;
  files(name: string): string;
  /** The folder of all `files`; undefined while there are none. */
  readonly filesRoot: string | undefined;
  /** What seals payloads. */
  vaultKey(): Uint8Array;
  /** The image that a database in memory begins with. */
  readonly image: Uint8Array | undefined;
  /** Puts a snapshot in place of what was wiped. */
  load(snapshot: Snapshot): void;
  /** A folder for named snapshots; undefined in memory. */
  readonly snapshots: string | undefined;
  /** Written whole or not at all, mode 0600. */
  announce(file: CloudFile): void;
  /** Removes everything that was stored; the lock stays held. */
  wipe(): void;
  /** Gives the folder free. */
  release(): void;
}

/** Takes the folder. Throws `Failure` CLOUD_START_FAILED when another cloud has it. */
export function takeStateFolder(dir: string | undefined): StateFolder {
  return dir === undefined ? inMemory() : onDisk(dir);
}

function inMemory(): StateFolder {
  let temporary: string | undefined;
  let image: Uint8Array | undefined;
  let key: Uint8Array = randomBytes(32);
  const wipe = (): void => {
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    temporary = undefined;
    image = undefined;
  };
  const root = (): string => {
    temporary ??= mkdtempSync(join(tmpdir(), "aloft-cloud-"));
    return temporary;
  };
  return {
    dir: undefined,
    database: undefined,
    files: (name) => folder(join(root(), name)),
    get filesRoot() {
      return temporary;
    },
    vaultKey: () => key,
    get image() {
      return image;
    },
    load: (snapshot) => {
      image = snapshot.state;
      key = snapshot.key;
      if (snapshot.files !== undefined) copyFiles(snapshot.files, root());
    },
    snapshots: undefined,
    announce: () => undefined,
    wipe,
    release: wipe,
  };
}

function onDisk(dir: string): StateFolder {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  chmodSync(dir, 0o700);
  const unlock = lock(dir);
  return {
    dir,
    database: join(dir, database),
    files: (name) => folder(join(dir, filesFolder, name)),
    get filesRoot() {
      return existsSync(join(dir, filesFolder)) ? join(dir, filesFolder) : undefined;
    },
    vaultKey: () => readFileSync(join(dir, vaultKey)),
    image: undefined,
    load: (snapshot) => {
      if (snapshot.files !== undefined) copyFiles(snapshot.files, join(dir, filesFolder));
      writeFileSync(join(dir, vaultKey), snapshot.key, { mode: 0o600 });
      writeFileSync(join(dir, database), snapshot.state, { mode: 0o600 });
    },
    snapshots: join(dir, "snapshots"),
    announce: (file) => {
      const path = join(dir, cloudFile);
      writeFileSync(`${path}.new`, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
    wipe: () => {
      for (const name of [database, `${database}-wal`, `${database}-shm`, vaultKey, filesFolder]) {
        rmSync(join(dir, name), { recursive: true, force: true });
      }
    },
    release: () => {
      if (readPid(dir) === process.pid) rmSync(join(dir, cloudFile), { force: true });
      unlock();
    },
  };
}

function folder(path: string): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** SQLite's lock on a file of its own: the system gives it free when the process ends, however it ends. */
function lock(dir: string): () => void {
  const sql = new DatabaseSync(join(dir, lockFile), { timeout: 0 });
  try {
    sql.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    sql.close();
    const pid = readPid(dir);
    throw new Failure({
      code: "CLOUD_START_FAILED",
      what: `The state in ${dir} is in use by another local cloud${pid === undefined ? "" : ` (process ${pid})`}.`,
      why: "Two clouds cannot share one state folder.",
      next: "Stop the other one (aloft cloud stop), or choose another folder with --dir.",
      cause,
    });
  }
  return () => sql.close();
}

function readPid(dir: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(join(dir, cloudFile), "utf8")) as { pid?: unknown };
    return typeof pid === "number" ? pid : undefined;
  } catch {
    return undefined;
  }
}
