import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { reason, untilReady, within } from "./connections.ts";
import { pingJob } from "./types.ts";

export interface QueueStep {
  /** `redis`: Redis answers. `queue`: the queue answers. `job`: a job that was added is run. */
  readonly name: "redis" | "queue" | "job";
  readonly ok: boolean;
  readonly ms: number;
  readonly detail: string;
}

export interface QueueCheck {
  readonly ok: boolean;
  /** In this order; those after the first that failed were not tried and say so. */
  readonly steps: readonly QueueStep[];
}

const pollMs = 50;

/** Proves three things one by one, each within `timeoutMs`. Stops at the first that fails. */
export async function checkSteps(redis: Redis, queue: Queue, timeoutMs: number): Promise<QueueCheck> {
  const proofs: readonly { readonly name: QueueStep["name"]; readonly prove: () => Promise<string> }[] = [
    {
      name: "redis",
      prove: async () => {
        await untilReady(redis, timeoutMs);
        return `Redis answers ${await redis.ping()}`;
      },
    },
    { name: "queue", prove: async () => `the queue answers: ${await counted(queue)}` },
    { name: "job", prove: () => ranPing(queue, timeoutMs) },
  ];
  const steps: QueueStep[] = [];
  for (const { name, prove } of proofs) {
    if (steps.some(({ ok }) => !ok)) {
      steps.push({ name, ok: false, ms: 0, detail: "not tried" });
      continue;
    }
    const startedMs = performance.now();
    const ended = (ok: boolean, detail: string): QueueStep => ({
      name,
      ok,
      ms: Math.round(performance.now() - startedMs),
      detail,
    });
    try {
      steps.push(ended(true, await within(prove(), timeoutMs + 1000, name)));
    } catch (thrown) {
      steps.push(ended(false, reason(thrown)));
    }
  }
  return { ok: steps.every(({ ok }) => ok), steps };
}

async function counted(queue: Queue): Promise<string> {
  const { waiting = 0, active = 0, delayed = 0 } = await queue.getJobCounts("waiting", "active", "delayed");
  return `${waiting} waiting, ${active} running, ${delayed} to be tried again`;
}

/** Adds a job before all others and waits until a worker has run it. */
async function ranPing(queue: Queue, timeoutMs: number): Promise<string> {
  const job = await queue.add(
    pingJob,
    {},
    { lifo: true, attempts: 1, removeOnComplete: { age: 60 }, removeOnFail: { age: 60 } },
  );
  const deadlineMs = performance.now() + timeoutMs;
  while (performance.now() < deadlineMs) {
    const state = await job.getState();
    if (state === "completed") return `job ${job.id} was run`;
    if (state === "failed") throw new Error(`job ${job.id} was taken and failed`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  const standing = await counted(queue);
  await job.remove().catch(() => undefined);
  throw new Error(`no worker ran job ${job.id} in ${timeoutMs / 1000} s (${standing})`);
}
