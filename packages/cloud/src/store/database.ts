import { chmodSync, closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Failure } from "@aloft/kit/failure";
import type { Database } from "../host.ts";

/** What `PRAGMA user_version` says of the state that this program writes. A change of shape adds a migration. */
export const schemaVersion = 1;

const magic = "SQLite format 3\0";
const checkedWholeBelowBytes = 16 * 1024 * 1024;

export interface OpenDatabase extends Database {
  /** Writes what the log still holds into the file, and closes it. */
  close(): void;
}

/**
 * The cloud's one database: SQLite with a write-ahead log, in `file`, or in memory when there is none. What a
 * transaction wrote survives `kill -9` (synchronous NORMAL in WAL mode; only power loss can take the last ones).
 * Throws `Failure` STATE_CORRUPT or STATE_TOO_NEW, with the file as it was.
 */
export function createDatabase(options: { readonly file?: string | undefined } = {}): OpenDatabase {
  const { file } = options;
  if (file !== undefined) inspect(file);
  const sql = open(file);
  const statements = new Map<string, StatementSync>();
  const undone: (() => void)[] = [];
  let depth = 0;
  /** Whether transactions are gathered, and whether the one for all of them was begun. */
  let gathering = false;
  let gathered = false;

  const prepare = (text: string): StatementSync => {
    let statement = statements.get(text);
    if (statement === undefined) {
      statement = sql.prepare(text);
      statements.set(text, statement);
    }
    return statement;
  };

  /** Nested work is a savepoint of the outer transaction: its failure undoes its own writes alone, if it is caught. */
  const tx = <T>(work: () => T): T => {
    if (depth === 0 && gathering) {
      prepare("BEGIN IMMEDIATE").run();
      gathered = true;
      depth = 1;
    }
    const name = depth === 0 ? undefined : `nested_${depth}`;
    prepare(name === undefined ? "BEGIN IMMEDIATE" : `SAVEPOINT ${name}`).run();
    depth++;
    try {
      const result = work();
      if (result instanceof Promise) throw new TypeError("A transaction must be synchronous.");
      prepare(name === undefined ? "COMMIT" : `RELEASE ${name}`).run();
      return result;
    } catch (thrown) {
      if (sql.isTransaction) {
        prepare(name === undefined ? "ROLLBACK" : `ROLLBACK TO ${name}`).run();
        if (name !== undefined) prepare(`RELEASE ${name}`).run();
      }
      for (const tell of undone) tell();
      throw thrown;
    } finally {
      depth--;
    }
  };

  const together = <T>(work: () => T): T => {
    if (gathering || depth > 0) return work();
    gathering = true;
    try {
      return work();
    } finally {
      gathering = false;
      if (gathered) {
        gathered = false;
        depth = 0;
        commit();
      }
    }
  };

  const commit = (): void => {
    try {
      prepare("COMMIT").run();
    } catch (thrown) {
      if (sql.isTransaction) prepare("ROLLBACK").run();
      for (const tell of undone) tell();
      throw thrown;
    }
  };

  return {
    sql,
    prepare,
    tx,
    together,
    define: (schema) => sql.exec(schema),
    onRollback: (listener) => void undone.push(listener),
    close: () => {
      if (!sql.isOpen) return;
      statements.clear();
      if (file !== undefined) sql.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      sql.close();
    },
  };
}

/**
 * For what is kept in memory beside a table: `read` is called again after a rollback that may have undone a write. Call
 * the answer at each write.
 */
export function rereadAfterRollback(db: OpenDatabase, read: () => void): () => void {
  let written = false;
  db.onRollback(() => {
    if (!written) return;
    read();
    written = db.sql.isTransaction;
  });
  return () => {
    written = db.sql.isTransaction;
  };
}

/** Reads the header by hand: opening a file as a database may already write beside it. */
function inspect(file: string): void {
  if (!existsSync(file) || statSync(file).size === 0) return;
  let header: Buffer;
  try {
    header = readStart(file, 100);
  } catch (cause) {
    throw corrupt(file, cause);
  }
  if (header.length < 100 || header.toString("latin1", 0, 16) !== magic)
    throw corrupt(file, "it is no SQLite database");
  refuseNewer(file, header.readUInt32BE(60));
}

function open(file: string | undefined): DatabaseSync {
  let sql: DatabaseSync | undefined;
  try {
    if (file !== undefined) makePrivate(file);
    sql = new DatabaseSync(file ?? ":memory:", { timeout: 5000 });
    if (file !== undefined) {
      check(sql, file);
      sql.exec("PRAGMA journal_mode = WAL");
    }
    sql.exec(`
      PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = 4000;
      PRAGMA journal_size_limit = 67108864;
      PRAGMA foreign_keys = ON;
      PRAGMA temp_store = MEMORY;
      PRAGMA user_version = ${schemaVersion};
    `);
    return sql;
  } catch (cause) {
    sql?.close();
    if (cause instanceof Failure) throw cause;
    throw corrupt(file ?? ":memory:", cause);
  }
}

function readStart(file: string, bytes: number): Buffer {
  const start = Buffer.alloc(bytes);
  const open = openSync(file, "r");
  try {
    return start.subarray(0, readSync(open, start, 0, bytes, 0));
  } finally {
    closeSync(open);
  }
}

/** For its owner alone; the files that SQLite writes beside it take its mode. */
function makePrivate(file: string): void {
  closeSync(openSync(file, "a", 0o600));
  chmodSync(file, 0o600);
}

function check(sql: DatabaseSync, file: string): void {
  refuseNewer(file, Number(sql.prepare("PRAGMA user_version").get()?.user_version ?? 0));
  if (statSync(file).size > checkedWholeBelowBytes) {
    sql.prepare("SELECT count(*) FROM sqlite_master").get();
    return;
  }
  const found = sql.prepare("PRAGMA quick_check(1)").get()?.quick_check;
  if (found !== "ok") throw corrupt(file, String(found));
}

function refuseNewer(file: string, version: number): void {
  if (version <= schemaVersion) return;
  throw new Failure({
    code: "STATE_TOO_NEW",
    what: `${file} was written by a newer Aloft (state version ${version}; this one knows ${schemaVersion}).`,
    why: "An older program could damage what it does not understand. The file was left as it is.",
    next: "Install the newer Aloft, or move the state folder away to begin with an empty cloud.",
  });
}

function corrupt(file: string, cause: unknown): Failure {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new Failure({
    code: "STATE_CORRUPT",
    what: `${file} cannot be read: ${text}.`,
    why: "The file was damaged, or is not a state file of Aloft. It was left as it is.",
    next: `Put back a copy of it, or move it away (mv ${file} ${file}.damaged) to begin with an empty cloud.`,
    cause,
  });
}
