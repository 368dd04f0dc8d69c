import { UnrecoverableError, Worker, type Job as WorkerJob } from "bullmq";
import type { CheckRun } from "../health/health.ts";
import { createConnections, reason, untilReady, within } from "./connections.ts";
import { keyPrefix, type OnJobEvent, pingJob, type QueuePlace, type RunningJob } from "./types.ts";

export interface WorkerOptions<Data, Result> extends QueuePlace {
  /**
   * Does the job. What it answers is kept as the result (JSON). When it throws, the job is tried again, or is failed after its last
   * try or a `JobRefused`. A job can run more than once: when a worker dies in the middle, the next one starts it anew.
   */
  readonly handler: (job: RunningJob<Data>) => Promise<Result>;
  /** Jobs at a time. 1 by default: a worker takes no job that another could start sooner. */
  readonly concurrency?: number;
  /**
   * For how long a job stays a worker's without a sign of life: then it is taken for dead. 15 s by default. A handler that keeps the
   * event loop busy for longer is run twice.
   */
  readonly lockMs?: number;
  /** How often jobs of dead workers are looked for. 5 s by default. */
  readonly stalledMs?: number;
  readonly onEvent?: OnJobEvent;
}

export interface JobWorker {
  /** For `createHealth`: the consumer runs, and Redis answers it. */
  readonly health: CheckRun;
  /**
   * Takes no more jobs and waits for those it has. After `graceMs` (8 s by default: Cloud Run kills after 10) their signals are
   * aborted and they go back to the queue, for the next worker.
   */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Thrown by a handler for a job that no further try can help. */
export class JobRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = "JobRefused";
  }
}

/** Runs the jobs of a queue, from now on until `close`. */
export function createWorker<Data, Result>(options: WorkerOptions<Data, Result>): JobWorker {
  const say = options.onEvent ?? (() => undefined);
  const connections = createConnections(options);
  const redis = connections.take({ uses: 2, patient: true });
  const stopping = new AbortController();
  const running = new Map<string, WorkerJob>();

  const run = async (job: WorkerJob): Promise<unknown> => {
    if (job.name === pingJob) return { pong: true };
    const id = job.id ?? "";
    running.set(id, job);
    say({ type: "started", job: id, message: `job ${id} started` });
    try {
      return await options.handler({
        id,
        data: job.data as Data,
        attempt: job.attemptsMade + 1,
        signal: stopping.signal,
        progress: (percent) => job.updateProgress(Math.round(Math.min(100, Math.max(0, percent)))),
      });
    } catch (thrown) {
      throw thrown instanceof JobRefused ? new UnrecoverableError(thrown.message) : thrown;
    } finally {
      running.delete(id);
    }
  };

  const worker = new Worker(options.name, run, {
    connection: redis,
    prefix: keyPrefix,
    concurrency: options.concurrency ?? 1,
    lockDuration: options.lockMs ?? 15_000,
    stalledInterval: options.stalledMs ?? 5000,
    // A job is given up for good only when it took that many workers with it.
    maxStalledCount: 10,
    runRetryDelay: 1000,
  });
  worker.on("error", (error) => {
    if (!stopping.signal.aborted) say({ type: "error", message: `worker: ${reason(error)}`, error });
  });
  worker.on("completed", (job) => {
    if (job.name !== pingJob) say({ type: "done", job: job.id ?? "", message: `job ${job.id} is done` });
  });
  worker.on("failed", (job, error) => {
    const again = job !== undefined && job.finishedOn === undefined;
    const message = `job ${job?.id} failed${again ? " and is tried again" : ""}: ${reason(error)}`;
    say({ type: "failed", job: job?.id ?? "", message, error });
  });
  worker.on("stalled", (id) => say({ type: "stalled", job: id, message: `job ${id} lost its worker and runs again` }));

  return {
    health: async () => {
      if (!worker.isRunning() || worker.isPaused()) return { ok: false, detail: "the consumer does not run" };
      await untilReady(redis, 1000);
      await within(redis.ping(), 1500, "PING");
      return { ok: true, detail: running.size > 0 ? `${running.size} running` : "waiting for jobs" };
    },
    close: async ({ graceMs = 8000 } = {}) => {
      let timer: NodeJS.Timeout | undefined;
      const closed = worker.close().then(() => true);
      closed.catch(() => undefined);
      const late = new Promise<false>((resolve) => {
        timer = setTimeout(() => resolve(false), graceMs);
      });
      const drained = await Promise.race([closed, late]);
      clearTimeout(timer);
      if (!drained) {
        await Promise.allSettled(
          [...running.values()].map((job) => within(job.moveToWait(job.token), 1000, "giving back")),
        );
        stopping.abort(new Error("the program ends"));
      }
      connections.close();
    },
  };
}
