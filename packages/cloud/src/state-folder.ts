import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Failure } from "@aloft/kit/failure";

const cloudFile = "cloud.json";
const lockFile = "lock";
const database = "state.sqlite";
const filesFolder = "files";

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
  const wipe = (): void => {
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
    temporary = undefined;
  };
  return {
    dir: undefined,
    database: undefined,
    files: (name) => {
      temporary ??= mkdtempSync(join(tmpdir(), "aloft-cloud-"));
      return folder(join(temporary, name));
    },
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
    announce: (file) => {
      const path = join(dir, cloudFile);
      writeFileSync(`${path}.new`, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
    wipe: () => {
      for (const name of [database, `${database}-wal`, `${database}-shm`, "vault.key", filesFolder]) {
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
