import type { Host } from "../../host.ts";
import type { Kind, ValueType } from "./definitions.ts";
import { type Dist, merged } from "./distributions.ts";

/** What tells a series from every other, and of what its points are. */
export interface SeriesKey {
  readonly project: string;
  readonly type: string;
  readonly kind: Kind;
  readonly valueType: ValueType;
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly resource: { readonly type: string; readonly labels: Readonly<Record<string, string>> };
}

export interface StoredSeries extends SeriesKey {
  readonly id: number;
}

export type Value = number | bigint | boolean | string | Dist;

/** Times in microseconds since the epoch. A gauge's point begins where it ends. */
export interface StoredPoint {
  readonly startUs: number;
  readonly endUs: number;
  readonly value: Value;
}

export interface SeriesStore {
  /** Adds up with what the same span holds already; a gauge's last value stays. */
  add(points: readonly (StoredPoint & { readonly key: SeriesKey; readonly value: number | Dist })[]): void;
  /** One point as it is. */
  put(key: SeriesKey, point: StoredPoint): void;
  find(project: string, type: string): StoredSeries[];
  series(key: SeriesKey): StoredSeries | undefined;
  last(series: StoredSeries): StoredPoint | undefined;
  /**
   * Points that end after `afterUs` and not after `untilUs`, the oldest first; those still growing end at `untilUs`, or
   * are left out where only those are asked for whose end is not after `seenUs`.
   */
  points(
    series: StoredSeries,
    span: { readonly afterUs: number; readonly untilUs: number; readonly seenUs?: number | undefined },
  ): StoredPoint[];
  /** Those that any series of the project has points of, in the span, once each. */
  resources(project: string, span: { readonly afterUs: number; readonly untilUs: number }): SeriesKey["resource"][];
  /** All of a metric's series with their points. */
  remove(project: string, type: string): void;
}

/** How long points are kept: six weeks, as Google keeps its own at full detail. */
const keptUs = 42 * 24 * 3_600_000_000;
const keptPoints = 1_000_000;
const trimEvery = 2000;

/** Time series in SQLite: one row a series, one a point. */
export function createSeriesStore({ db, clock }: Pick<Host, "db" | "clock">): SeriesStore {
  db.define(`
    CREATE TABLE IF NOT EXISTS metric_series (
      id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, project TEXT NOT NULL, type TEXT NOT NULL, key TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS metric_series_by_type ON metric_series (project, type);
    CREATE TABLE IF NOT EXISTS metric_points (
      series INTEGER NOT NULL, end_us INTEGER NOT NULL, start_us INTEGER NOT NULL, value TEXT NOT NULL,
      PRIMARY KEY (series, end_us)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS metric_points_by_age ON metric_points (end_us);
  `);
  let sinceTrim = 0;

  const find = (key: SeriesKey): StoredSeries | undefined => {
    const row = db.prepare("SELECT id, key FROM metric_series WHERE identity = ?").get(seriesId(key));
    return row === undefined ? undefined : read(row);
  };
  const ensure = (key: SeriesKey): StoredSeries => {
    const found = find(key);
    if (found !== undefined) return found;
    const { lastInsertRowid } = db
      .prepare("INSERT INTO metric_series (identity, project, type, key) VALUES (?, ?, ?, ?)")
      .run(seriesId(key), key.project, key.type, JSON.stringify(key));
    return { ...key, id: Number(lastInsertRowid) };
  };
  const write = (series: StoredSeries, { startUs, endUs, value }: StoredPoint): void => {
    db.prepare(
      `INSERT INTO metric_points (series, end_us, start_us, value) VALUES (?, ?, ?, ?)
       ON CONFLICT (series, end_us) DO UPDATE SET value = excluded.value, start_us = excluded.start_us`,
    ).run(series.id, endUs, startUs, encode(value));
    if (++sinceTrim >= trimEvery) trim();
  };
  const trim = (): void => {
    sinceTrim = 0;
    db.prepare("DELETE FROM metric_points WHERE end_us < ?").run(clock.now() * 1000 - keptUs);
    const spare = Number(db.prepare("SELECT count(*) AS n FROM metric_points").get()?.n ?? 0) - keptPoints;
    if (spare <= 0) return;
    db.prepare(
      "DELETE FROM metric_points WHERE end_us <= (SELECT end_us FROM metric_points ORDER BY end_us LIMIT 1 OFFSET ?)",
    ).run(spare);
  };

  return {
    add: (points) =>
      db.tx(() => {
        for (const { key, startUs, endUs, value } of points) {
          const series = ensure(key);
          const row = db
            .prepare("SELECT value FROM metric_points WHERE series = ? AND end_us = ?")
            .get(series.id, endUs);
          const held = row === undefined || key.kind === "GAUGE" ? undefined : decode(row.value, key.valueType);
          write(series, { startUs, endUs, value: held === undefined ? value : sum(held, value) });
        }
      }),
    put: (key, point) => db.tx(() => write(ensure(key), point)),
    find: (project, type) =>
      db
        .prepare("SELECT id, key FROM metric_series WHERE project = ? AND type = ? ORDER BY id")
        .all(project, type)
        .map(read),
    series: find,
    last: (series) => {
      const row = db
        .prepare("SELECT start_us, end_us, value FROM metric_points WHERE series = ? ORDER BY end_us DESC LIMIT 1")
        .get(series.id);
      return row === undefined ? undefined : point(row, series.valueType);
    },
    points: (series, { afterUs, untilUs, seenUs = Number.MAX_SAFE_INTEGER }) =>
      db
        .prepare(
          `SELECT start_us, end_us, value FROM metric_points
           WHERE series = ? AND end_us > ? AND start_us < ? AND end_us > ? AND end_us <= ? ORDER BY end_us`,
        )
        .all(series.id, afterUs, untilUs + 1, clock.now() * 1000 - keptUs, seenUs)
        .map((row) => point(row, series.valueType))
        .flatMap((each) => clamp(each, untilUs, clock.now() * 1000)),
    resources: (project, { afterUs, untilUs }) => {
      const keys = db
        .prepare(
          `SELECT DISTINCT json_extract(key, '$.resource') AS resource FROM metric_series
           WHERE project = ? AND EXISTS (
             SELECT 1 FROM metric_points WHERE series = metric_series.id AND end_us > ? AND start_us <= ?
           ) ORDER BY resource`,
        )
        .all(project, afterUs, untilUs);
      return keys.map((row) => JSON.parse(String(row.resource)) as SeriesKey["resource"]);
    },
    remove: (project, type) =>
      db.tx(() => {
        db.prepare(
          "DELETE FROM metric_points WHERE series IN (SELECT id FROM metric_series WHERE project = ? AND type = ?)",
        ).run(project, type);
        db.prepare("DELETE FROM metric_series WHERE project = ? AND type = ?").run(project, type);
      }),
  };
}

/** A minute that is not over ends now; what ends after the span is not in it. */
function clamp(each: StoredPoint, untilUs: number, nowUs: number): StoredPoint[] {
  const endUs = each.endUs > nowUs && each.startUs < each.endUs ? Math.min(nowUs, untilUs) : each.endUs;
  return endUs > untilUs || endUs < each.startUs
    ? []
    : [{ ...each, endUs: Math.max(endUs, Math.min(each.startUs + 1, each.endUs)) }];
}

function sum(held: Value, value: number | Dist): Value {
  if (typeof value === "number") return Number(held) + value;
  return typeof held === "object" ? merged(held, value) : value;
}

function read(row: Record<string, unknown>): StoredSeries {
  return { ...(JSON.parse(String(row.key)) as SeriesKey), id: Number(row.id) };
}

function point(row: Record<string, unknown>, type: ValueType): StoredPoint {
  return { startUs: Number(row.start_us), endUs: Number(row.end_us), value: decode(row.value, type) };
}

/** Every number is kept as text that it is read back from exactly: SQLite's own come back rounded or refused. */
function encode(value: Value): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function decode(held: unknown, type: ValueType): Value {
  const text = String(held);
  switch (type) {
    case "BOOL":
      return text === "true";
    case "INT64":
      return BigInt(text);
    case "DOUBLE":
      return Number(text);
    case "STRING":
      return text;
    case "DISTRIBUTION":
      return JSON.parse(text) as Dist;
  }
}

/** One text for one series, whatever the order of its labels. */
export function seriesId({ project, type, labels, resource }: Omit<SeriesKey, "kind" | "valueType" | "unit">): string {
  const sorted = (map: Readonly<Record<string, string>>): [string, string][] =>
    Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([project, type, sorted(labels), resource.type, sorted(resource.labels)]);
}
