import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { startCloud } from "../../cloud.ts";
import { createProcesses } from "../../processes.ts";
import { redis } from "./index.ts";
import { ask } from "./resp.ts";
import { program } from "./server.ts";

type Cloud = Awaited<ReturnType<typeof startCloud>>;
interface Instance {
  readonly host: string;
  readonly port: number;
  readonly state: string;
}

const installed = spawnSync(program, ["--version"]).status === 0;
if (!installed) process.stderr.write("skipped: redis-server is not installed (apt-get install redis-server)\n");
const run = installed ? test : test.skip;
const parent = "projects/demo/locations/us-central1";
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function start(dir?: string): Promise<Cloud> {
  const cloud = await startCloud({
    services: [redis],
    projects: { demo: 123456789012 },
    log: () => undefined,
    ...(dir === undefined ? {} : { dir }),
  });
  cleanups.push(() => cloud.close());
  cloud.host.projects.setEnabled("demo", "redis.googleapis.com", true);
  return cloud;
}

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "aloft-redis-"));
  cleanups.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

async function call<T = unknown>(
  cloud: Pick<Cloud, "url" | "token">,
  verb: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const answer = await fetch(`${cloud.url}/redis.googleapis.com/v1/${path}`, {
    method: verb,
    headers: { authorization: `Bearer ${cloud.token()}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as T;
}

/** Waits until an operation is done, and answers it. */
async function settled<T>(
  cloud: Cloud,
  operation: { readonly name: string },
): Promise<{ response: T; error?: unknown }> {
  await cloud.host.operations.done(operation.name);
  return call(cloud, "GET", operation.name);
}

const create = (cloud: Cloud, id: string, instance: object = {}): Promise<{ name: string }> =>
  call(cloud, "POST", `${parent}/instances?instanceId=${id}`, { tier: "BASIC", memorySizeGb: 1, ...instance });

run(
  "redis: an instance is created over time, answers at its own address, changes while it runs, and goes with its data",
  async () => {
    const cloud = await start();
    const operation = await create(cloud, "queue", { labels: { a: "b" } });
    expect(operation).toMatchObject({
      metadata: { target: `${parent}/instances/queue`, verb: "create", apiVersion: "v1" },
    });
    expect(operation).not.toHaveProperty("response");
    const { response: instance } = await settled<Instance>(cloud, operation);
    expect(instance).toMatchObject({
      state: "READY",
      port: 6379,
      redisVersion: "REDIS_7_0",
      locationId: "us-central1-a",
      currentLocationId: "us-central1-a",
      authorizedNetwork: "projects/demo/global/networks/default",
      connectMode: "DIRECT_PEERING",
      transitEncryptionMode: "DISABLED",
      readReplicasMode: "READ_REPLICAS_DISABLED",
      nodes: [{ id: "node-0", zone: "us-central1-a" }],
      persistenceConfig: { persistenceMode: "DISABLED" },
    });
    expect(instance.host).toMatch(/^127\.(?!0\.)\d+\.\d+\.\d+$/);
    expect(await ask(instance, ["PING"])).toBe("PONG");

    const update = await call<{ name: string }>(
      cloud,
      "PATCH",
      `${parent}/instances/queue?updateMask=authEnabled,redisConfigs,memorySizeGb`,
      { authEnabled: true, memorySizeGb: 2, redisConfigs: { "maxmemory-policy": "noeviction" } },
    );
    await settled(cloud, update);
    await expect(ask(instance, ["PING"])).rejects.toThrow("NOAUTH");
    const { authString } = await call<{ authString: string }>(cloud, "GET", `${parent}/instances/queue/authString`);
    expect(await ask(instance, ["PING"], { password: authString })).toBe("PONG");
    const config = join(cloud.host.files("redis"), "demo.us-central1.queue", "redis.conf");
    expect(statSync(config).mode & 0o777).toBe(0o600);
    expect(readFileSync(config, "utf8")).toContain(`maxmemory ${2 * 1024 ** 3}`);
    const record = createProcesses(cloud.host.db).adopt(`redis/${parent}/instances/queue`);
    expect(readFileSync(`/proc/${record?.pid}/cmdline`, "utf8")).not.toContain(authString);

    const removal = await call<{ name: string }>(cloud, "DELETE", `${parent}/instances/queue`);
    await settled(cloud, removal);
    await expect(ask(instance, ["PING"])).rejects.toThrow("ECONNREFUSED");
    expect(await call(cloud, "GET", `${parent}/instances/queue`)).toMatchObject({
      error: { status: "NOT_FOUND", message: `Resource '${parent}/instances/queue' was not found` },
    });
  },
);

run("redis: what is refused and what is not here is told by name, and nothing is left behind", async () => {
  const cloud = await start();
  for (const [instance, message] of [
    [{ memorySizeGb: 0 }, "Field 'instance.memory_size_gb' must be between 1 and 300."],
    [{ redisConfigs: { "maxmemory-policy": "x\nrequirepass y" } }, "Invalid value"],
    [{ redisConfigs: { dir: "/" } }, "Redis config 'dir' is not supported."],
    [{ readReplicasMode: "READ_REPLICAS_ENABLED" }, "The local cloud does not have Redis with read replicas"],
  ] as const) {
    expect(await create(cloud, "bad", instance)).toMatchObject({
      error: { message: expect.stringContaining(message) },
    });
  }
  expect(await call(cloud, "GET", `${parent}/instances`)).toEqual({});
  const path = process.env.PATH;
  process.env.PATH = "/nonexistent";
  try {
    const { error } = await settled(cloud, await create(cloud, "lost"));
    expect(error).toMatchObject({ code: 9, message: expect.stringContaining("apt-get install redis-server") });
  } finally {
    process.env.PATH = path;
  }
  expect(await call(cloud, "GET", `${parent}/instances/lost`)).toMatchObject({ error: { status: "NOT_FOUND" } });
});

run("redis: a server that dies is started again with its data, and a stop of the cloud ends it", async () => {
  const dir = folder();
  const cloud = await start(dir);
  const { response: instance } = await settled<Instance>(cloud, await create(cloud, "keep"));
  await ask(instance, ["SET", "story", "told"]);
  const processes = createProcesses(cloud.host.db);
  const owner = `redis/${parent}/instances/keep`;
  const first = processes.adopt(owner)?.pid ?? 0;
  // appendfsync everysec: the write is in the kernel's hands at once, and only a power loss could take it.
  process.kill(first, "SIGKILL");
  await until(() => ask(instance, ["PING"]).then((text) => text === "PONG"));
  expect(await ask(instance, ["STRLEN", "story"])).toBe("4");
  await until(async () => (processes.adopt(owner)?.pid ?? first) !== first);
  await cloud.close();
  await expect(ask(instance, ["PING"])).rejects.toThrow("ECONNREFUSED");

  const again = await start(dir);
  expect(await call(again, "GET", `${parent}/instances/keep`)).toMatchObject({ state: "READY", host: instance.host });
  expect(await ask(instance, ["STRLEN", "story"])).toBe("4");
});

run("redis: after kill -9 of the cloud its server is adopted by the next one", async () => {
  const dir = folder();
  const child = spawn(process.execPath, [fileURLToPath(new URL("./killed-cloud.ts", import.meta.url)), dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const { host, pid, socket } = JSON.parse(line.toString()) as { host: string; pid: number; socket: string };
  child.kill("SIGKILL");
  await once(child, "exit");
  await expect(ask({ host, port: 6379 }, ["PING"])).rejects.toThrow("ECONNREFUSED");
  expect(await ask({ path: socket }, ["SET", "while", "alone"])).toBe("OK");

  const cloud = await start(dir);
  const record = createProcesses(cloud.host.db).adopt(`redis/${parent}/instances/orphan`);
  expect(record?.pid).toBe(pid);
  expect(await ask({ host, port: 6379 }, ["STRLEN", "while"])).toBe("5");
  await cloud.close();
  await expect(ask({ host, port: 6379 }, ["PING"])).rejects.toThrow("ECONNREFUSED");
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds().catch(() => false)) return;
    await wait(25);
  }
  throw new Error("It did not come true within 5 s.");
}
