import type { Database } from "../host.ts";
import type { LogQuery, PlacedRow, StoredEntry } from "./log-store.ts";

/** Many entries that are the same but for their time and their id: what is the same is kept once. */
export interface Batch {
  /** The first entry's; the others follow. */
  readonly id: number;
  readonly project: string;
  readonly logName: string;
  /** The entry in JSON, without its times and its id. */
  readonly entry: string;
  /** What each `insertId` begins with. */
  readonly prefix: string;
  /** For each entry the time in ms and the number that ends its `insertId`, one after the other. */
  readonly rows: readonly number[];
}

export interface LogBatches {
  add(batch: Batch): void;
  /** In the order of their times, as they are asked for. */
  rows(query: Required<Pick<LogQuery, "projects" | "newestFirst">> & Span): Iterable<PlacedRow>;
  names(projects: readonly string[]): readonly string[];
  /** How many entries went. */
  remove(logName: string): number;
  /** The highest id of an entry in here. */
  lastId(): number;
  /** Forgets batches whose entries all have lower ids, or are all older. */
  trim(limits: { readonly beforeId: number } | { readonly beforeMs: number }): void;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** The place behind which to go on. */
  readonly last: { readonly time: number; readonly id: number };
}

interface Head {
  readonly id: number;
  readonly first_ms: number;
  readonly last_ms: number;
}

export function createLogBatches(db: Database): LogBatches {
  db.define(`
    CREATE TABLE IF NOT EXISTS log_batches (
      id INTEGER PRIMARY KEY, count INTEGER NOT NULL, project TEXT NOT NULL, log_name TEXT NOT NULL,
      first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, entry TEXT NOT NULL, prefix TEXT NOT NULL, deltas TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS log_batches_by_time ON log_batches (project, last_ms);
  `);
  const inProjects = "project IN (SELECT value FROM json_each(?))";

  const explode = (id: number): PlacedRow[] => {
    const row = db.prepare("SELECT entry, prefix, deltas FROM log_batches WHERE id = ?").get(id);
    if (row === undefined) return [];
    const text = String(row.entry);
    const prefix = String(row.prefix);
    return fromDeltas(JSON.parse(String(row.deltas)) as number[]).map(({ timeMs, number }, at) => ({
      timeMs,
      id: id + at,
      read: () => {
        const timestamp = new Date(timeMs).toISOString();
        const insertId = `${prefix}${number.toString(36)}`;
        return { ...JSON.parse(text), timestamp, receiveTimestamp: timestamp, insertId } as StoredEntry;
      },
      buckets: undefined,
    }));
  };

  return {
    add: ({ id, project, logName, entry, prefix, rows }) => {
      const times = rows.filter((_, at) => at % 2 === 0);
      db.prepare(
        `INSERT INTO log_batches (id, count, project, log_name, first_ms, last_ms, entry, prefix, deltas)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        id,
        times.length,
        project,
        logName,
        times.reduce((a, b) => Math.min(a, b)),
        times.reduce((a, b) => Math.max(a, b)),
        entry,
        prefix,
        JSON.stringify(deltasOf(rows)),
      );
    },
    *rows({ projects, newestFirst, fromMs, toMs, last }) {
      const sign = newestFirst ? -1 : 1;
      const heads = db
        .prepare(
          `SELECT id, first_ms, last_ms FROM log_batches WHERE ${inProjects} AND last_ms >= ? AND first_ms <= ?
           ORDER BY ${newestFirst ? "last_ms DESC" : "first_ms"}`,
        )
        .all(JSON.stringify(projects), Math.floor(fromMs), Math.ceil(toMs)) as unknown as Head[];
      const open: PlacedRow[] = [];
      let next = 0;
      for (;;) {
        for (let head = heads[next]; head !== undefined; head = heads[next]) {
          const first = open[0];
          const mayCome =
            first === undefined || (newestFirst ? head.last_ms >= first.timeMs : head.first_ms <= first.timeMs);
          if (!mayCome) break;
          next += 1;
          for (const row of explode(head.id)) {
            const behind = sign * (row.timeMs - last.time || row.id - last.id) > 0;
            if (behind && row.timeMs >= fromMs && row.timeMs <= toMs) open.push(row);
          }
          open.sort((a, b) => sign * (a.timeMs - b.timeMs || a.id - b.id));
        }
        const row = open.shift();
        if (row === undefined) return;
        yield row;
      }
    },
    names: (projects) =>
      db
        .prepare(`SELECT DISTINCT log_name FROM log_batches WHERE ${inProjects}`)
        .all(JSON.stringify(projects))
        .map((row) => String(row.log_name)),
    remove: (logName) => {
      const row = db.prepare("SELECT total(count) AS n FROM log_batches WHERE log_name = ?").get(logName);
      db.prepare("DELETE FROM log_batches WHERE log_name = ?").run(logName);
      return Number(row?.n ?? 0);
    },
    lastId: () =>
      Number(db.prepare("SELECT id + count - 1 AS id FROM log_batches ORDER BY id DESC LIMIT 1").get()?.id ?? 0),
    trim: (limits) => {
      if ("beforeId" in limits) db.prepare("DELETE FROM log_batches WHERE id + count <= ?").run(limits.beforeId);
      else db.prepare("DELETE FROM log_batches WHERE last_ms < ?").run(limits.beforeMs);
    },
  };
}

/** Two lists in the order of their times as one. */
export function* merged(a: Iterable<PlacedRow>, b: Iterable<PlacedRow>, newestFirst: boolean): Generator<PlacedRow> {
  const [left, right] = [a[Symbol.iterator](), b[Symbol.iterator]()];
  let [one, other] = [left.next(), right.next()];
  while (!one.done && !other.done) {
    const difference = one.value.timeMs - other.value.timeMs || one.value.id - other.value.id;
    if (newestFirst ? difference > 0 : difference < 0) {
      yield one.value;
      one = left.next();
    } else {
      yield other.value;
      other = right.next();
    }
  }
  for (; !one.done; one = left.next()) yield one.value;
  for (; !other.done; other = right.next()) yield other.value;
}

/** Each number as its difference from the one before of its kind: short in JSON. */
function deltasOf(rows: readonly number[]): number[] {
  return rows.map((value, at) => value - (rows[at - 2] ?? 0));
}

function fromDeltas(deltas: readonly number[]): { readonly timeMs: number; readonly number: number }[] {
  const rows: { timeMs: number; number: number }[] = [];
  let [timeMs, number] = [0, 0];
  for (let at = 0; at + 1 < deltas.length; at += 2) {
    timeMs += deltas[at] ?? 0;
    number += deltas[at + 1] ?? 0;
    rows.push({ timeMs, number });
  }
  return rows;
}
