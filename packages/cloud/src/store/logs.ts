import type { MovableClock } from "@aloft/kit/clock";
import type { Ids } from "@aloft/kit/ids";
import type { Database, LogEntry, Logs } from "../host.ts";
import type { JsonObject } from "../service.ts";

/** A stored entry: `google.logging.v2.LogEntry` in its JSON form. */
export interface StoredEntry {
  readonly logName: string;
  readonly resource: { readonly type: string; readonly labels: Readonly<Record<string, string>> };
  readonly severity: string;
  /** RFC 3339, up to nanoseconds. */
  readonly timestamp: string;
  readonly receiveTimestamp: string;
  readonly insertId: string;
  readonly [field: string]: unknown;
}

/** What `query` reads: everything of these projects in a span of time, the oldest or the newest first. */
export interface LogQuery {
  readonly projects: readonly string[];
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly newestFirst?: boolean;
  /** Goes on behind the row that `LogRow.position` named. */
  readonly after?: string;
}

export interface LogRow {
  readonly entry: StoredEntry;
  readonly position: string;
  /** Full names of the log buckets that it was routed to; undefined: by its name alone, as in a project without sinks. */
  readonly buckets: readonly string[] | undefined;
}

/** Where entries go: what a project's sinks say. */
export interface LogRouting {
  /** Buckets by full name; none: the entry is not kept. Undefined: by its name alone. */
  buckets(entry: StoredEntry): readonly string[] | undefined;
  /** How long the default buckets keep entries, and the bucket that keeps them longest, in milliseconds. */
  keptMs(): { readonly byDefault: number; readonly longest: number };
}

export interface LogStore extends Logs {
  /** An entry whose time is exact to the nanosecond (`timestamp`), and fields that `LogEntry` does not have. */
  writeExact(entry: LogEntry & { readonly timestamp?: string; readonly extra?: JsonObject }): void;
  /** Rows as they are asked for; stop whenever enough was read. */
  query(query: LogQuery): Iterable<LogRow>;
  /** Names of logs that have entries, sorted. */
  names(projects: readonly string[]): readonly string[];
  /** How many entries went. */
  remove(logName: string): number;
  /** Called with each entry as it is written, also when it goes nowhere (no buckets). The answer ends it. */
  subscribe(listener: LogListener): () => void;
  /** From now on entries go where this says. */
  route(routing: LogRouting): void;
  /** Writes what is queued, and writes no more by itself. */
  close(): void;
}

export type LogListener = (entry: StoredEntry, buckets: readonly string[] | undefined) => void;

const batch = 500;
const delayMs = 50;
const keptEntries = 200_000;
const dayMs = 24 * 3_600_000;
/** As the buckets _Default and _Required keep them at Google. */
const keptMs = { byDefault: 30 * dayMs, longest: 400 * dayMs };
const trimEvery = 5_000;

/** Logs in SQLite. Entries are queued and written together; the oldest go when there are many, or when no bucket keeps them. */
export function createLogs(parts: {
  readonly db: Database;
  readonly clock: MovableClock;
  readonly ids: Ids;
  /** How many entries are kept at the least; 200,000 by default. */
  readonly keep?: number;
}): LogStore {
  const { db, clock, ids, keep = keptEntries } = parts;
  db.define(`
    CREATE TABLE IF NOT EXISTS log_entries (
      id INTEGER PRIMARY KEY, project TEXT NOT NULL, time_ms INTEGER NOT NULL, log_name TEXT NOT NULL,
      insert_id TEXT NOT NULL, entry TEXT NOT NULL, UNIQUE (log_name, time_ms, insert_id)
    );
    CREATE INDEX IF NOT EXISTS log_entries_by_time ON log_entries (project, time_ms, id);
  `);
  const columns = db.prepare("SELECT name FROM pragma_table_info('log_entries')").all();
  if (!columns.some(({ name }) => name === "buckets")) db.define("ALTER TABLE log_entries ADD COLUMN buckets TEXT");
  const queue: { readonly timeMs: number; readonly entry: StoredEntry; readonly buckets: string | null }[] = [];
  const listeners = new Set<LogListener>();
  let routing: LogRouting | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let sinceTrim = 0;
  // Entries of one process are told apart by a prefix of its own and a counter: cheaper than an id each.
  const process = ids.short(8);
  let counter = 0;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (queue.length === 0) return;
    const rows = queue.splice(0);
    db.tx(() => {
      const insert = db.prepare(
        `INSERT INTO log_entries (project, time_ms, log_name, insert_id, entry, buckets) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
      );
      for (const { timeMs, entry, buckets } of rows) {
        insert.run(projectOf(entry.logName), timeMs, entry.logName, entry.insertId, JSON.stringify(entry), buckets);
      }
      sinceTrim += rows.length;
      if (sinceTrim >= trimEvery) trim();
    });
  };

  const trim = (): void => {
    sinceTrim = 0;
    db.prepare("DELETE FROM log_entries WHERE id <= (SELECT max(id) FROM log_entries) - ?").run(keep);
    const kept = routing?.keptMs() ?? keptMs;
    const before = (ms: number): number => Math.floor(clock.now() - ms);
    db.prepare("DELETE FROM log_entries WHERE time_ms < ?").run(before(kept.longest));
    db.prepare(
      "DELETE FROM log_entries WHERE time_ms < ? AND buckets IS NULL AND log_name NOT LIKE '%cloudaudit.googleapis.com%'",
    ).run(before(kept.byDefault));
  };

  const writeExact: LogStore["writeExact"] = ({ timeMs, timestamp, extra, severity, insertId, ...rest }) => {
    const nowMs = clock.now();
    const at = timestamp === undefined ? (timeMs ?? nowMs) : Date.parse(timestamp);
    const entry: StoredEntry = {
      ...rest,
      ...extra,
      severity: severity ?? "DEFAULT",
      timestamp: timestamp ?? new Date(at).toISOString(),
      receiveTimestamp: new Date(nowMs).toISOString(),
      insertId: insertId ?? `${process}${(counter++).toString(36)}`,
    };
    const buckets = routing?.buckets(entry);
    for (const listener of listeners) listener(entry, buckets);
    if (closed || buckets?.length === 0) return;
    queue.push({ timeMs: Math.floor(at), entry, buckets: buckets === undefined ? null : JSON.stringify(buckets) });
    if (queue.length >= batch) flush();
    else timer ??= setTimeout(flush, delayMs).unref();
  };

  return {
    write: writeExact,
    writeExact,
    flush,
    route: (given) => {
      routing = given;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    *query({ projects, fromMs = 0, toMs = 8.64e15, newestFirst = false, after }) {
      flush();
      const [time = newestFirst ? toMs : fromMs, id = newestFirst ? Number.MAX_SAFE_INTEGER : -1] =
        after?.split(".").map(Number) ?? [];
      const rows = db.prepare(
        `SELECT id, time_ms, entry, buckets FROM log_entries
         WHERE project IN (SELECT value FROM json_each(?)) AND time_ms BETWEEN ? AND ?
           AND (time_ms, id) ${newestFirst ? "<" : ">"} (?, ?)
         ORDER BY time_ms ${newestFirst ? "DESC" : "ASC"}, id ${newestFirst ? "DESC" : "ASC"} LIMIT ${batch}`,
      );
      let last = { time, id };
      for (;;) {
        // In pages, so that no statement stays open while the caller works.
        const page = rows.all(JSON.stringify(projects), Math.floor(fromMs), Math.ceil(toMs), last.time, last.id);
        for (const row of page) {
          last = { time: Number(row.time_ms), id: Number(row.id) };
          yield {
            entry: JSON.parse(String(row.entry)) as StoredEntry,
            position: `${last.time}.${last.id}`,
            buckets: row.buckets === null ? undefined : (JSON.parse(String(row.buckets)) as string[]),
          };
        }
        if (page.length < batch) return;
      }
    },
    names: (projects) => {
      flush();
      return db
        .prepare(
          `SELECT DISTINCT log_name FROM log_entries WHERE project IN (SELECT value FROM json_each(?)) ORDER BY log_name`,
        )
        .all(JSON.stringify(projects))
        .map((row) => String(row.log_name));
    },
    remove: (logName) => {
      flush();
      return Number(db.prepare("DELETE FROM log_entries WHERE log_name = ?").run(logName).changes);
    },
    close: () => {
      flush();
      closed = true;
    },
  };
}

/** `p` of `projects/p/logs/…`; the whole parent where it is no project. */
export function projectOf(logName: string): string {
  const [kind, id] = logName.split("/");
  return kind === "projects" ? (id ?? "") : `${kind}/${id}`;
}
