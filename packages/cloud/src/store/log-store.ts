import type { LogEntry, Logs } from "../host.ts";
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

/** A row at its place in the order of times; its entry is read when it is wanted. */
export interface PlacedRow {
  readonly timeMs: number;
  readonly id: number;
  readonly read: () => StoredEntry;
  readonly buckets: readonly string[] | undefined;
}

/** An entry that comes again and again, the same but for its time: its text is made once. */
export interface RepeatedEntry {
  readonly entry: Omit<StoredEntry, "timestamp" | "receiveTimestamp" | "insertId">;
  readonly text: string;
  readonly project: string;
  /** Times and numbers that are not written yet. */
  readonly pending: number[];
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
  /** Writes it at once, in the transaction that is under way or in one of its own: it is there when that is. */
  writeNow(entry: LogEntry): void;
  /** Makes an entry that is to come often. */
  repeatable(entry: LogEntry): RepeatedEntry;
  /** Queues it with the time of now. */
  repeat(entry: RepeatedEntry): void;
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
