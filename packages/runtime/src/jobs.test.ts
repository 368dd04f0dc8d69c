import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, freePort, type RedisServer, redisInstalled, startRedis } from "../test/redis-server.ts";
import { reconnectDelay } from "./jobs/connections.ts";
import { checkQueue, createQueue, createWorker, JobRefused, QueueUnavailable } from "./jobs.ts";

const quick = { lockMs: 400, stalledMs: 100 };

describe.skipIf(!redisInstalled)("jobs, with a real Redis", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => {
    await redis[Symbol.asyncDispose]();
  });

  test("a queue: a job is run, its result can be asked for, and adding it twice runs it once", async () => {
    const place = { url: redis.url, name: "greetings" };
    const queue = createQueue<{ name: string }, string>(place);
    const ran: string[] = [];
    const worker = createWorker<{ name: string }, string>({
      ...place,
      handler: async ({ id, data }) => {
        ran.push(id);
        return `hello ${data.name}`;
      },
    });
    expect(await queue.add({ name: "Mimi" }, { id: "story-a" })).toBe("story-a");
    await queue.add({ name: "Mimi" }, { id: "story-a" });
    const done = await eventually(async () => {
      const status = await queue.get("story-a");
      return status?.status === "done" ? status : undefined;
    });
    expect(done).toMatchObject({ result: "hello Mimi", progress: 100, failures: 0 });
    expect(ran).toEqual(["story-a"]);
    expect(await queue.get("story-b")).toBeUndefined();
    await worker.close();
    await queue.close();
  });

  test("a worker: a job that fails is tried again, one that is refused is not", async () => {
    const place = { url: redis.url, name: "retries" };
    const queue = createQueue<{ refuse: boolean }, string>({ ...place, backoffMs: 10, attempts: 3 });
    const worker = createWorker<{ refuse: boolean }, string>({
      ...place,
      handler: async ({ data, attempt }) => {
        if (data.refuse) throw new JobRefused("no story about that");
        if (attempt < 3) throw new Error("not yet");
        return `try ${attempt}`;
      },
    });
    const good = await queue.add({ refuse: false });
    const bad = await queue.add({ refuse: true });
    const ended = (id: string) =>
      eventually(async () => {
        const status = await queue.get(id);
        return status?.finishedAt ? status : undefined;
      });
    expect(await ended(good)).toMatchObject({ status: "done", result: "try 3", failures: 2 });
    expect(await ended(bad)).toMatchObject({ status: "failed", error: "no story about that", failures: 1 });
    await worker.close();
    await queue.close();
  });

  test("a worker killed in the middle: the next one does its job", async () => {
    const place = { url: redis.url, name: "killed" };
    const queue = createQueue<object, string>(place);
    const child = spawn(
      process.execPath,
      [
        fileURLToPath(new URL("../test/stuck-worker.ts", import.meta.url)),
        redis.url,
        "killed",
        String(quick.lockMs),
        String(quick.stalledMs),
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const id = await queue.add({});
    await once(child.stdout, "data");
    expect(await queue.get(id)).toMatchObject({ status: "running" });
    child.kill("SIGKILL");
    await once(child, "exit");
    const worker = createWorker<object, string>({ ...place, ...quick, handler: async () => "done by the next" });
    const status = await eventually(async () => {
      const found = await queue.get(id);
      return found?.status === "done" ? found : undefined;
    });
    expect(status.result).toBe("done by the next");
    await worker.close();
    await queue.close();
  });

  test("closing a worker: it waits for its job; what takes too long goes back to the queue at once", async () => {
    const place = { url: redis.url, name: "drained" };
    const queue = createQueue<{ ms: number }, string>(place);
    const events: string[] = [];
    const open = () =>
      createWorker<{ ms: number }, string>({
        ...place,
        onEvent: ({ type }) => events.push(type),
        handler: ({ data, signal }) =>
          new Promise((resolve, reject) => {
            const timer = setTimeout(resolve, data.ms, "whole");
            signal.addEventListener("abort", () => {
              clearTimeout(timer);
              reject(signal.reason);
            });
          }),
      });
    const running = (id: string) =>
      eventually(async () => ((await queue.get(id))?.status === "running" ? true : undefined));

    const first = open();
    const short = await queue.add({ ms: 150 });
    await running(short);
    await first.close();
    expect(await queue.get(short)).toMatchObject({ status: "done", result: "whole" });

    const second = open();
    const long = await queue.add({ ms: 60_000 });
    await running(long);
    await second.close({ graceMs: 50 });
    expect(await queue.get(long)).toMatchObject({ status: "queued" });
    expect(events).not.toContain("failed");
    await queue.close();
  });

  test("checkQueue: proves Redis, queue and job one by one, and stops at the first that fails", async () => {
    const place = { url: redis.url, name: "checked" };
    const alone = await checkQueue({ ...place, timeoutMs: 200 });
    expect(alone).toMatchObject({ ok: false, steps: [{ ok: true }, { ok: true }, { name: "job", ok: false }] });
    expect(alone.steps[2]?.detail).toContain("no worker ran job");

    const worker = createWorker({ ...place, handler: async () => "never asked" });
    const served = await checkQueue(place);
    expect(served.steps.map(({ name, ok }) => [name, ok])).toEqual([
      ["redis", true],
      ["queue", true],
      ["job", true],
    ]);
    await worker.close();

    const nowhere = await checkQueue({
      url: `redis://127.0.0.1:${await freePort()}/0`,
      name: "checked",
      timeoutMs: 100,
    });
    expect(nowhere.steps.map(({ ok, detail }) => [ok, detail])).toEqual([
      [false, "Redis did not answer in 0.1 s (connecting)"],
      [false, "not tried"],
      [false, "not tried"],
    ]);
  });
});

test.skipIf(!redisInstalled)(
  "Redis lost and back: health is bad and good again, the queue says so, jobs go on",
  async () => {
    await using redis = await startRedis();
    const place = { url: redis.url, name: "lost" };
    const queue = createQueue<object, string>({ ...place, timeoutMs: 150 });
    const worker = createWorker<object, string>({ ...place, handler: async () => "told" });
    const well = async (): Promise<boolean> => {
      try {
        const said = await worker.health(AbortSignal.timeout(1000));
        return typeof said === "object" ? said.ok : said !== false;
      } catch {
        return false;
      }
    };
    await eventually(async () => (await well()) || undefined);
    await redis.stop();
    await eventually(async () => !(await well()) || undefined);
    await expect(queue.add({})).rejects.toBeInstanceOf(QueueUnavailable);
    await redis.start();
    await eventually(async () => (await well()) || undefined);
    const id = await eventually(() => queue.add({}).catch(() => undefined));
    await eventually(async () => ((await queue.get(id).catch(() => undefined))?.status === "done" ? true : undefined));
    await worker.close();
    await queue.close();
  },
);

test("connecting again: ten tries with growing waits, a rest, and ten more", () => {
  const delays = Array.from({ length: 12 }, (_, index) => reconnectDelay(index + 1));
  expect(delays).toEqual([100, 200, 400, 800, 1600, 3000, 3000, 3000, 3000, 3000, 15_000, 100]);
});
