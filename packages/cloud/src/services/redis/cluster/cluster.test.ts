import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RestAnswer, restOf } from "../../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../../cloud.ts";
import { redis } from "../index.ts";
import { program } from "../server.ts";
import { encode } from "./talk.ts";

const run = spawnSync(program, ["--version"]).status === 0 ? test : test.skip;
const parent = "projects/demo/locations/us-central1";
const network = "projects/demo/global/networks/default";
let cloud: Cloud;
const rest = restOf(() => cloud);
const call = (verb: string, path: string, body?: unknown): Promise<RestAnswer> =>
  rest(verb, `redis.googleapis.com/v1/${path}`, { body });

beforeAll(async () => {
  cloud = await startCloud({ services: [redis], projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "redis.googleapis.com", true);
});
afterAll(() => cloud.close());

async function done({ status, body }: RestAnswer): Promise<RestAnswer["body"]> {
  expect(status, JSON.stringify(body)).toBe(200);
  await cloud.host.operations.done(String(body.name));
  const { body: operation } = await call("GET", String(body.name));
  expect(operation.error).toBeUndefined();
  return operation;
}

interface At {
  readonly host: string;
  readonly port: number;
}

/** What a node answers to commands, as text, over a connection of its own. */
function say(open: () => Socket, commands: readonly (readonly string[])[], replies = commands.length): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = open();
    let text = "";
    socket.setTimeout(5000, () => reject(new Error(`no answer: ${text}`)));
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
    socket.on("data", (chunk) => {
      text += String(chunk);
      if (text.split("\r\n").length > replies) socket.destroy();
    });
    socket.write(commands.map(encode).join(""));
  });
}

/** A small client of a cluster: it goes where it is sent. */
async function ask(at: At, command: readonly string[]): Promise<string> {
  const answer = await say(() => connect(at), [command]);
  const [, host, port] = /^-MOVED \d+ ([\d.]+):(\d+)/.exec(answer) ?? [];
  return host === undefined ? answer : ask({ host, port: Number(port) }, command);
}

const endpointOf = (cluster: RestAnswer["body"]): At => {
  const [endpoint] = cluster.discoveryEndpoints ?? [];
  return { host: String(endpoint?.address), port: Number(endpoint?.port) };
};

run(
  "redis cluster: keys are spread over its shards, stay through another shape, and go with it",
  { timeout: 60_000 },
  async () => {
    const body = { pscConfigs: [{ network }], shardCount: 2 };
    const begun = await call("POST", `${parent}/clusters?clusterId=spread`, body);
    expect(begun.body).toMatchObject({
      metadata: { "@type": "type.googleapis.com/google.cloud.redis.cluster.v1.OperationMetadata", verb: "create" },
    });
    const { response: cluster = begun.body } = await done(begun);
    expect(cluster).toMatchObject({ state: "ACTIVE", shardCount: 2, replicaCount: 0, sizeGb: 26 });
    expect(cluster).not.toHaveProperty("pscConfigs");
    const at = endpointOf(cluster);
    const keys = Array.from({ length: 60 }, (_, i) => `story:${i}`);
    for (const key of keys) expect(await ask(at, ["SET", key, key])).toBe("+OK\r\n");

    const name = `${parent}/clusters/spread`;
    const wider = await call("PATCH", `${name}?updateMask=shardCount`, { shardCount: 3 });
    expect((await done(wider)).response).toMatchObject({ shardCount: 3, sizeGb: 39 });
    for (const key of keys) expect(await ask(at, ["GET", key])).toContain(key);
    const narrower = await call("PATCH", `${name}?updateMask=shardCount`, { shardCount: 1 });
    await done(narrower);
    for (const key of keys) expect(await ask(at, ["GET", key])).toContain(key);
    expect(await say(() => connect(at), [["CLUSTER", "INFO"]])).toMatch(/cluster_known_nodes:1\r\n/);

    expect(await done(await call("DELETE", name))).toMatchObject({ metadata: { verb: "delete" } });
    await expect(ask(at, ["PING"])).rejects.toThrow("ECONNREFUSED");
    expect((await call("GET", name)).status).toBe(404);
  },
);

run(
  "redis cluster: with IAM and TLS it takes its own CA's word and an access token, and has replicas",
  { timeout: 60_000 },
  async () => {
    const body = {
      pscConfigs: [{ network }],
      ...{ shardCount: 1, replicaCount: 1, deletionProtectionEnabled: true },
      authorizationMode: "AUTH_MODE_IAM_AUTH",
      transitEncryptionMode: "TRANSIT_ENCRYPTION_MODE_SERVER_AUTHENTICATION",
      redisConfigs: { "maxmemory-policy": "volatile-ttl" },
    };
    const { response: cluster } = await done(await call("POST", `${parent}/clusters?clusterId=guarded`, body));
    const name = `${parent}/clusters/guarded`;
    const at = endpointOf(cluster as RestAnswer["body"]);
    const { managedServerCa } = (await call("GET", `${name}/certificateAuthority`)).body;
    const ca = String(managedServerCa?.caCerts?.[0]?.certificates?.[0]);
    const secure = () => connectTls({ ...at, ca });
    expect(await say(secure, [["PING"]])).toContain("NOAUTH");
    expect(await say(secure, [["AUTH", "ya29.nonsense"]])).toContain("WRONGPASS");
    const token = cloud.token();
    expect(await say(secure, [["AUTH", token], ["PING"]])).toBe("+OK\r\n+PONG\r\n");
    expect(await say(secure, [["HELLO", "3", "AUTH", "default", token]], 4)).toContain("redis");
    const replicated = await say(secure, [
      ["AUTH", token],
      ["SET", "a", "b"],
      ["WAIT", "1", "3000"],
    ]);
    expect(replicated).toBe("+OK\r\n+OK\r\n:1\r\n");
    expect(await say(() => connect(at), [["PING"]])).toContain("NOAUTH");
    await expect(say(() => connectTls(at), [["PING"]])).rejects.toThrow("self-signed certificate");

    expect((await call("DELETE", name)).body.error).toMatchObject({ status: "FAILED_PRECONDITION" });
    await done(
      await call("PATCH", `${name}?updateMask=deletionProtectionEnabled`, { deletionProtectionEnabled: false }),
    );
    await done(await call("PATCH", `${name}?updateMask=replicaCount`, { replicaCount: 0 }));
    expect(
      await say(
        secure,
        [
          ["AUTH", token],
          ["GET", "a"],
        ],
        3,
      ),
    ).toContain("b");
    await done(await call("DELETE", name));
  },
);

run("redis cluster: it outlives the cloud at the same address, with its keys", { timeout: 60_000 }, async () => {
  const dir = mkdtempSync(join(tmpdir(), "aloft-cluster-"));
  const options = { dir, services: [redis], projects: { demo: 123456789012 }, log: () => undefined };
  const before = cloud;
  try {
    cloud = await startCloud(options);
    cloud.host.projects.setEnabled("demo", "redis.googleapis.com", true);
    const body = { pscConfigs: [{ network }], shardCount: 2, redisConfigs: { maxclients: "2" } };
    const { response } = await done(await call("POST", `${parent}/clusters?clusterId=lasting`, body));
    const at = endpointOf(response as RestAnswer["body"]);
    expect(await ask(at, ["SET", "story", "told"])).toBe("+OK\r\n");
    const held = [connect(at), connect(at)];
    await Promise.all(held.map((socket) => once(socket, "connect")));
    await expect(say(() => connect(at), [["PING"]])).resolves.toContain("max number of clients");
    for (const socket of held) socket.destroy();
    await cloud.close();
    await expect(ask(at, ["PING"])).rejects.toThrow("ECONNREFUSED");

    cloud = await startCloud(options);
    expect(await ask(at, ["GET", "story"])).toContain("told");
    await done(await call("DELETE", `${parent}/clusters/lasting`));
  } finally {
    await cloud.close();
    cloud = before;
    rmSync(dir, { recursive: true, force: true });
  }
});

run("redis cluster: what is not there is told by name, and what Google refuses is refused", async () => {
  const config = { pscConfigs: [{ network }] };
  for (const [body, status] of [
    [{ shardCount: 3 }, "UNIMPLEMENTED"],
    [{ ...config, nodeType: "REDIS_HIGHMEM_2XLARGE" }, "UNIMPLEMENTED"],
    [{ ...config, shardCount: 60, replicaCount: 1 }, "UNIMPLEMENTED"],
    [{ ...config, replicaCount: 9 }, "INVALID_ARGUMENT"],
    [{ ...config, redisConfigs: { dir: "/" } }, "INVALID_ARGUMENT"],
  ] as const) {
    const answer = await call("POST", `${parent}/clusters?clusterId=bad`, body);
    expect(answer.body.error, JSON.stringify(body)).toMatchObject({ status });
  }
  expect((await call("GET", `${parent}/clusters/none`)).body.error).toMatchObject({
    message: `Resource '${parent}/clusters/none' was not found`,
  });
  expect((await call("GET", `${parent}/backupCollections`)).status).toBe(501);
  expect((await call("GET", `${parent}/clusters/bad`)).status).toBe(404);
});
