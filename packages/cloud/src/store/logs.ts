import type { MovableClock } from "@aloft/kit/clock";
import type { Ids } from "@aloft/kit/ids";
import type { Database } from "../host.ts";
import type { JsonObject } from "../service.ts";
import { createLogBatches, merged, type Span } from "./log-batches.ts";
import type { LogListener, LogRouting, LogStore, PlacedRow, RepeatedEntry, StoredEntry } from "./log-store.ts";

export type { LogStore, RepeatedEntry, StoredEntry } from "./log-store.ts";

const batch = 500;
const delayMs = 50;
const keptEntries = 200_000;
const dayMs = 24 * 3_600_000;
/** As the buckets _Default and _Required keep them at Google. */
const keptMs = { byDefault: 30 * dayMs, longest: 400 * dayMs };
const trimEvery = 5_000;
const trimByAgeEveryMs = 600_000;
/** Fewer repeated entries than this are written as any others. */
const leastBatch = 4;
/** No more of them wait than this. */
const mostRepeated = 5_000;

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
      insert_id TEXT NOT NULL, entry TEXT NOT NULL, UNIQUE (project, time_ms, log_name, insert_id)
    );
  `);
  const columns = db.prepare("SELECT name FROM pragma_table_info('log_entries')").all();
  if (!columns.some(({ name }) => name === "buckets")) db.define("ALTER TABLE log_entries ADD COLUMN buckets TEXT");
  const batches = createLogBatches(db);
  const lastId = Number(db.prepare("SELECT max(id) AS id FROM log_entries").get()?.id ?? 0);
  let nextId = Math.max(lastId, batches.lastId()) + 1;
  const queue: Queued[] = [];
  const repeated = new Set<RepeatedEntry>();
  let repeats = 0;
  const listeners = new Set<LogListener>();
  let routing: LogRouting | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let sinceTrim = 0;
  let trimmedByAgeAt = Number.NEGATIVE_INFINITY;
  // Entries of one process are told apart by a prefix of its own and a counter: cheaper than an id each.
  const process = ids.short(8);
  let counter = 0;

  const insert = ({ timeMs, entry, buckets }: Queued): void => {
    db.prepare(
      `INSERT INTO log_entries (id, project, time_ms, log_name, insert_id, entry, buckets) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    ).run(nextId++, projectOf(entry.logName), timeMs, entry.logName, entry.insertId, JSON.stringify(entry), buckets);
    sinceTrim += 1;
  };

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (queue.length === 0 && repeats === 0) return;
    db.tx(() => {
      for (const each of queue.splice(0)) insert(each);
      for (const each of repeated) insertRepeated(each);
      repeated.clear();
      repeats = 0;
      if (sinceTrim >= trimEvery) trim();
    });
  };

  const insertRepeated = ({ entry, text, project, pending }: RepeatedEntry): void => {
    const rows = pending.splice(0);
    const count = rows.length / 2;
    if (count >= leastBatch) {
      batches.add({ id: nextId, project, logName: String(entry.logName), entry: text, prefix: process, rows });
      nextId += count;
      sinceTrim += count;
      return;
    }
    for (let at = 0; at < rows.length; at += 2) {
      const [timeMs = 0, number = 0] = [rows[at], rows[at + 1]];
      insert({ timeMs, entry: stamped(entry as JsonObject, timeMs, insertIdOf(number)), buckets: null });
    }
  };

  const insertIdOf = (number: number): string => `${process}${number.toString(36)}`;

  const trim = (): void => {
    sinceTrim = 0;
    db.prepare("DELETE FROM log_entries WHERE id < ?").run(nextId - keep);
    batches.trim({ beforeId: nextId - keep });
    if (clock.now() - trimmedByAgeAt < trimByAgeEveryMs) return;
    trimmedByAgeAt = clock.now();
    const kept = routing?.keptMs() ?? keptMs;
    const before = (ms: number): number => Math.floor(clock.now() - ms);
    batches.trim({ beforeMs: before(kept.longest) });
    // By the index, which has the project first.
    let project: unknown = "";
    for (;;) {
      project = db
        .prepare("SELECT min(project) AS project FROM log_entries WHERE project > ?")
        .get(String(project))?.project;
      if (typeof project !== "string") return;
      db.prepare("DELETE FROM log_entries WHERE project = ? AND time_ms < ?").run(project, before(kept.longest));
      db.prepare(
        `DELETE FROM log_entries WHERE project = ? AND time_ms < ? AND buckets IS NULL
         AND log_name NOT LIKE '%cloudaudit.googleapis.com%'`,
      ).run(project, before(kept.byDefault));
    }
  };

  /** The entry as it is stored, after everybody who listens was told; undefined where it goes nowhere. */
  const routed = ({
    timeMs,
    timestamp,
    extra,
    severity,
    insertId,
    ...rest
  }: Parameters<LogStore["writeExact"]>[0]): Queued | undefined => {
    const nowMs = clock.now();
    const at = timestamp === undefined ? (timeMs ?? nowMs) : Date.parse(timestamp);
    const entry: StoredEntry = {
      ...rest,
      ...extra,
      severity: severity ?? "DEFAULT",
      timestamp: timestamp ?? new Date(at).toISOString(),
      receiveTimestamp: new Date(nowMs).toISOString(),
      insertId: insertId ?? insertIdOf(counter++),
    };
    const buckets = tell(entry);
    if (closed || buckets?.length === 0) return undefined;
    return { timeMs: Math.floor(at), entry, buckets: buckets === undefined ? null : JSON.stringify(buckets) };
  };

  const tell = (entry: StoredEntry): readonly string[] | undefined => {
    const buckets = routing?.buckets(entry);
    for (const listener of listeners) listener(entry, buckets);
    return buckets;
  };

  const soon = (): void => {
    timer ??= setTimeout(flush, delayMs).unref();
  };

  const writeExact: LogStore["writeExact"] = (entry) => {
    const row = routed(entry);
    if (row === undefined) return;
    queue.push(row);
    if (queue.length >= batch) flush();
    else soon();
  };

  const repeat = (repeatedEntry: RepeatedEntry): void => {
    const timeMs = Math.floor(clock.now());
    const number = counter++;
    if (listeners.size > 0 || routing !== undefined) {
      const entry = stamped(repeatedEntry.entry as JsonObject, timeMs, insertIdOf(number));
      const buckets = tell(entry);
      if (buckets !== undefined) {
        if (buckets.length > 0 && !closed) queue.push({ timeMs, entry, buckets: JSON.stringify(buckets) });
        soon();
        return;
      }
    }
    if (closed) return;
    repeatedEntry.pending.push(timeMs, number);
    repeated.add(repeatedEntry);
    repeats += 1;
    if (repeats >= mostRepeated) flush();
    else soon();
  };

  /** Rows of the table, the others are in batches. */
  function* single({ projects, fromMs, toMs, newestFirst, last }: Within): Generator<PlacedRow> {
    // Of one project they come in order from the index; of several they are sorted for each page.
    const only = projects.length === 1 ? projects[0] : undefined;
    const whose = only ?? JSON.stringify(projects);
    const rows = db.prepare(
      `SELECT id, time_ms, entry, buckets FROM log_entries
       WHERE project ${only === undefined ? "IN (SELECT value FROM json_each(?))" : "= ?"} AND time_ms BETWEEN ? AND ?
         AND (time_ms, id) ${newestFirst ? "<" : ">"} (?, ?)
       ORDER BY time_ms ${newestFirst ? "DESC" : "ASC"}, id ${newestFirst ? "DESC" : "ASC"} LIMIT ${batch}`,
    );
    let at = last;
    for (;;) {
      // In pages, so that no statement stays open while the caller works.
      const from = Math.floor(newestFirst ? fromMs : Math.max(fromMs, at.time));
      const to = Math.ceil(newestFirst ? Math.min(toMs, at.time) : toMs);
      const page = rows.all(whose, from, to, at.time, at.id);
      for (const row of page) {
        at = { time: Number(row.time_ms), id: Number(row.id) };
        yield {
          timeMs: at.time,
          id: at.id,
          read: () => JSON.parse(String(row.entry)) as StoredEntry,
          buckets: row.buckets === null ? undefined : (JSON.parse(String(row.buckets)) as string[]),
        };
      }
      if (page.length < batch) return;
    }
  }

  return {
    write: writeExact,
    writeExact,
    writeNow: (entry) => {
      const row = routed(entry);
      if (row === undefined) return;
      insert(row);
      if (sinceTrim >= trimEvery) db.tx(trim);
    },
    repeatable: ({ severity = "DEFAULT", timeMs: _, insertId: __, ...rest }) => {
      const entry = { ...rest, severity };
      return { entry, text: JSON.stringify(entry), project: projectOf(entry.logName), pending: [] };
    },
    repeat,
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
      const within: Within = { projects, fromMs, toMs, newestFirst, last: { time, id } };
      for (const row of merged(single(within), batches.rows(within), newestFirst)) {
        yield { entry: row.read(), position: `${row.timeMs}.${row.id}`, buckets: row.buckets };
      }
    },
    names: (projects) => {
      flush();
      const rows = db
        .prepare("SELECT DISTINCT log_name FROM log_entries WHERE project IN (SELECT value FROM json_each(?))")
        .all(JSON.stringify(projects));
      return [...new Set([...rows.map((row) => String(row.log_name)), ...batches.names(projects)])].sort();
    },
    remove: (logName) => {
      flush();
      const gone = Number(
        db.prepare("DELETE FROM log_entries WHERE project = ? AND log_name = ?").run(projectOf(logName), logName)
          .changes,
      );
      return gone + batches.remove(logName);
    },
    close: () => {
      flush();
      closed = true;
    },
  };
}

interface Queued {
  readonly timeMs: number;
  readonly entry: StoredEntry;
  readonly buckets: string | null;
}

interface Within extends Span {
  readonly projects: readonly string[];
  readonly newestFirst: boolean;
}

function stamped(entry: JsonObject, timeMs: number, insertId: string): StoredEntry {
  const timestamp = new Date(timeMs).toISOString();
  return { ...entry, timestamp, receiveTimestamp: timestamp, insertId } as unknown as StoredEntry;
}

/** `p` of `projects/p/logs/…`; the whole parent where it is no project. */
export function projectOf(logName: string): string {
  const [kind, id] = logName.split("/");
  return kind === "projects" ? (id ?? "") : `${kind}/${id}`;
}
