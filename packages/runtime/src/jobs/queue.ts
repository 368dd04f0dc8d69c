import { type Job, Queue } from "bullmq";
import type { CheckRun } from "../health/health.ts";
import { checkSteps, type QueueCheck } from "./check.ts";
import { createConnections, reason, untilReady, within } from "./connections.ts";
import {
  type JobState,
  type JobStatus,
  keyPrefix,
  type OnJobEvent,
  type QueuePlace,
  QueueUnavailable,
} from "./types.ts";

export interface QueueOptions extends QueuePlace {
  /** How often a job is tried before it counts as failed. 3 by default, at most 10. */
  readonly attempts?: number;
  /** The wait before the second try; it doubles each time. 1 s by default. */
  readonly backoffMs?: number;
  /** For how long finished jobs and their results can be asked for. A day by default. */
  readonly keepS?: number;
  /** How many finished jobs are kept at most. 1,000 by default. */
  readonly keepCount?: number;
  /** How long a call waits for Redis. 5 s by default. */
  readonly timeoutMs?: number;
  readonly onEvent?: OnJobEvent;
}

export interface JobQueue<Data, Result> {
  /**
   * Adds a job and answers its id. With an `id` of one's own, adding it again changes nothing. Throws `QueueUnavailable`
   * when Redis does not answer.
   */
  add(data: Data, options?: { readonly id?: string; readonly name?: string }): Promise<string>;
  /** How a job stands, or undefined when there is none of this id (or it was done long ago). */
  get(id: string): Promise<JobStatus<Result> | undefined>;
  /** Proves one by one that Redis answers, that the queue answers, and that a job is run. Never throws. */
  check(options?: { readonly timeoutMs?: number }): Promise<QueueCheck>;
  /** For `createHealth`: whether Redis answers. */
  readonly health: CheckRun;
  close(): Promise<void>;
}

const mostAttempts = 10;

/** A queue to add jobs to and to ask for them. Its connections are made at once and kept. */
export function createQueue<Data, Result>(options: QueueOptions): JobQueue<Data, Result> {
  const timeoutMs = options.timeoutMs ?? 5000;
  const attempts = options.attempts ?? 3;
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > mostAttempts) {
    throw new RangeError(`attempts is ${attempts}; allowed is 1 to ${mostAttempts}`);
  }
  const connections = createConnections(options);
  const redis = connections.take({ uses: 1, patient: false, commandMs: timeoutMs });
  const keep = { age: options.keepS ?? 86_400, count: options.keepCount ?? 1000 };
  const queue = new Queue(options.name, {
    connection: redis,
    prefix: keyPrefix,
    defaultJobOptions: {
      attempts,
      backoff: { type: "exponential", delay: options.backoffMs ?? 1000, jitter: 0.25 },
      removeOnComplete: keep,
      removeOnFail: keep,
    },
  });
  // The connection's own events are told already.
  queue.on("error", () => undefined);

  const asking = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      await untilReady(redis, timeoutMs);
      return await within(work(), timeoutMs, what);
    } catch (thrown) {
      if (thrown instanceof QueueUnavailable) throw thrown;
      throw new QueueUnavailable(`Redis failed (${what}): ${reason(thrown)}`, thrown);
    }
  };

  return {
    add: async (data, { id, name } = {}) => {
      const job = await asking("adding a job", () =>
        queue.add(name ?? "job", data, id === undefined ? {} : { jobId: id }),
      );
      return job.id ?? "";
    },
    get: (id) =>
      asking("reading a job", async () => {
        // The state first: what is read after it is at least as new, so a job that is done has its result.
        const before = await queue.getJobState(id);
        const job: Job<Data, Result> | undefined = await queue.getJob(id);
        // It ended between the two: the end is what it stays at.
        const state = job?.finishedOn === undefined ? before : await queue.getJobState(id);
        return job && statusOf(id, job, state);
      }),
    check: (limits) => checkSteps(redis, queue, limits?.timeoutMs ?? 10_000),
    health: async () => {
      await asking("PING", () => redis.ping());
    },
    close: async () => {
      await within(queue.close(), 1000, "closing").catch(() => undefined);
      connections.close();
    },
  };
}

/** The check on a queue of its own connection: for a command or a page that has none yet. Never throws. */
export async function checkQueue(options: QueuePlace & { readonly timeoutMs?: number }): Promise<QueueCheck> {
  const queue = createQueue<unknown, unknown>(options);
  try {
    return await queue.check(options);
  } finally {
    await queue.close();
  }
}

const states: Readonly<Record<string, JobState>> = {
  completed: "done",
  failed: "failed",
  active: "running",
  delayed: "retrying",
};

function statusOf<Data, Result>(id: string, job: Job<Data, Result>, state: string): JobStatus<Result> {
  const status = states[state] ?? "queued";
  return {
    id,
    status,
    progress: status === "done" ? 100 : typeof job.progress === "number" ? job.progress : 0,
    failures: status === "done" ? Math.max(0, job.attemptsMade - 1) : job.attemptsMade,
    createdAt: new Date(job.timestamp).toISOString(),
    ...(job.finishedOn === undefined ? {} : { finishedAt: new Date(job.finishedOn).toISOString() }),
    ...(status === "done" ? { result: job.returnvalue } : {}),
    ...(job.failedReason && status !== "done" ? { error: job.failedReason } : {}),
  };
}
