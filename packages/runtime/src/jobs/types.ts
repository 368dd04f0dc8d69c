import type { Redacted } from "@aloft/kit/redaction";

/** Where a queue is. */
export interface QueuePlace {
  /** `redis://HOST:PORT/0`. May hold a password, so it is never shown. */
  readonly url: string | Redacted<string>;
  /** The queue's name; no colon. */
  readonly name: string;
}

/** What may go wrong with Redis or a job, for the program's log. */
export interface JobEvent {
  readonly type: "connected" | "disconnected" | "error" | "started" | "done" | "failed" | "stalled";
  readonly message: string;
  readonly job?: string;
  readonly error?: unknown;
}

export type OnJobEvent = (event: JobEvent) => void;

export type JobState = "queued" | "running" | "retrying" | "done" | "failed";

export interface JobStatus<Result> {
  readonly id: string;
  readonly status: JobState;
  /** 0 to 100, as the handler told. */
  readonly progress: number;
  /** Tries that failed. */
  readonly failures: number;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly finishedAt?: string;
  readonly result?: Result;
  /** Why the last try failed: the handler's own message. */
  readonly error?: string;
}

/** What a handler gets. */
export interface RunningJob<Data> {
  readonly id: string;
  readonly data: Data;
  /** 1 for the first try. */
  readonly attempt: number;
  /** Aborted when the program must end before the job is done: it then runs again elsewhere. */
  readonly signal: AbortSignal;
  /** 0 to 100. */
  progress(percent: number): Promise<void>;
}

/** Redis, or the queue in it, did not answer in time. Nothing was added. */
export class QueueUnavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "QueueUnavailable";
  }
}

/** The name of the jobs by which `checkQueue` proves that jobs are run; workers answer them themselves. */
export const pingJob = "aloft-ping";

/** Before each key in Redis. */
export const keyPrefix = "aloft";
