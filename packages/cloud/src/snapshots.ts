import {
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** All that a cloud stores, at one moment. It is to be given back to the cloud that it was taken of. */
export interface Snapshot {
  /** The database, as SQLite has it in a file. */
  readonly state: Uint8Array;
  /** What seals payloads in it. */
  readonly key: Uint8Array;
  /** A folder with the services' files; undefined where there were none. */
  readonly files: string | undefined;
}

/** Where a service's files are copied from and to. */
const names = { state: "state.sqlite", key: "vault.key", files: "files" } as const;

/** A database as it is now, also one in memory. No transaction may be open. */
export function imageOf(sql: DatabaseSync): Uint8Array {
  return inPrivate((folder) => {
    const path = join(folder, names.state);
    sql.prepare("VACUUM INTO ?").run(path);
    return readFileSync(path);
  });
}

/** Fills an empty database in memory. */
export function pour(sql: DatabaseSync, image: Uint8Array): void {
  inPrivate((folder) => {
    const path = join(folder, names.state);
    writeFileSync(path, image, { mode: 0o600 });
    const from = new DatabaseSync(path, { readOnly: true });
    const made = from.prepare("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL").all();
    from.close();
    sql.prepare("ATTACH ? AS snapshot").run(path);
    const own = made.filter(({ name }) => !String(name).startsWith("sqlite_"));
    sql.exec("PRAGMA foreign_keys = OFF; BEGIN");
    for (const { sql: text, name } of own.filter(({ type }) => type === "table")) {
      sql.exec(String(text));
      sql.exec(`INSERT INTO main."${name}" SELECT * FROM snapshot."${name}"`);
    }
    for (const { sql: text } of own.filter(({ type }) => type !== "table")) sql.exec(String(text));
    if (made.some(({ sql: text }) => /AUTOINCREMENT/i.test(String(text)))) {
      sql.exec(
        "DELETE FROM main.sqlite_sequence; INSERT INTO main.sqlite_sequence SELECT * FROM snapshot.sqlite_sequence",
      );
    }
    sql.exec("COMMIT; PRAGMA foreign_keys = ON; DETACH snapshot");
  });
}

/** Writes a snapshot into a folder of its own, whole or not at all. */
export function writeSnapshot(folder: string, { state, key, files }: Snapshot): void {
  const aside = `${folder}.new`;
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true, mode: 0o700 });
  writeFileSync(join(aside, names.state), state, { mode: 0o600 });
  writeFileSync(join(aside, names.key), key, { mode: 0o600 });
  if (files !== undefined) copyFiles(files, join(aside, names.files));
  rmSync(folder, { recursive: true, force: true });
  renameSync(aside, folder);
}

/** Undefined when there is none. */
export function readSnapshot(folder: string): Snapshot | undefined {
  if (!existsSync(folder)) return undefined;
  const files = join(folder, names.files);
  return {
    state: readFileSync(join(folder, names.state)),
    key: readFileSync(join(folder, names.key)),
    files: existsSync(files) ? files : undefined,
  };
}

export function listSnapshots(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => !name.endsWith(".new")) : [];
}

/** Files, folders and links; sockets and pipes belong to processes. Shares blocks where the file system can. */
export function copyFiles(from: string, to: string): void {
  cpSync(from, to, {
    recursive: true,
    verbatimSymlinks: true,
    mode: constants.COPYFILE_FICLONE,
    filter: (path) => {
      const found = lstatSync(path, { throwIfNoEntry: false });
      return found !== undefined && (found.isFile() || found.isDirectory() || found.isSymbolicLink());
    },
  });
}

/** Runs the work with a folder that nobody else can read, and that is gone after it. */
function inPrivate<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "aloft-snapshot-"));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
