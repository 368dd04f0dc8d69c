import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RestAnswer, restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";
import { redis } from "./index.ts";
import { ask } from "./resp.ts";
import { program } from "./server.ts";

const run = spawnSync(program, ["--version"]).status === 0 ? test : test.skip;
const parent = "projects/demo/locations/us-central1";
const type = "type.googleapis.com/google.cloud.redis.v1";
let cloud: Cloud;
const rest = restOf(() => cloud);
const call = (verb: string, path: string, body?: unknown, version = "v1"): Promise<RestAnswer> =>
  rest(verb, `redis.googleapis.com/${version}/${path}`, { body });

beforeAll(async () => {
  cloud = await startCloud({ services: [redis], projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "redis.googleapis.com", true);
});
afterAll(() => cloud.close());

/** The operation, once it is done; it must have been answered as pending. */
async function done({ status, body }: RestAnswer, version = "v1"): Promise<RestAnswer["body"]> {
  expect(status, JSON.stringify(body)).toBe(200);
  expect(body).toMatchObject({ done: false });
  await cloud.host.operations.done(String(body.name));
  return (await call("GET", String(body.name), undefined, version)).body;
}

run("redis: an instance as Terraform's provider makes, reads, changes, upgrades and deletes it", async () => {
  const name = `${parent}/instances/cache`;
  const sent = {
    name,
    tier: "STANDARD_HA",
    memorySizeGb: 1,
    redisVersion: "REDIS_6_X",
    authEnabled: true,
    connectMode: "DIRECT_PEERING",
    transitEncryptionMode: "DISABLED",
    displayName: "Cache of the shop",
    labels: { "goog-terraform-provisioned": "true" },
    redisConfigs: { "maxmemory-policy": "allkeys-lru" },
    secondaryIpRange: "auto",
    maintenancePolicy: {
      weeklyMaintenanceWindow: [{ day: "TUESDAY", startTime: { hours: 3, minutes: 30 } }],
    },
  };
  const begun = await call("POST", `${parent}/instances?alt=json&instanceId=cache`, sent);
  expect(begun.body.metadata).toMatchObject({
    ...{ "@type": `${type}.OperationMetadata`, target: name, verb: "create", apiVersion: "v1" },
  });
  expect(await done(begun)).toMatchObject({
    metadata: { endTime: expect.any(String) },
    response: { "@type": `${type}.Instance`, name, state: "READY" },
  });
  const { body } = await call("GET", `${name}?alt=json`);
  expect(body).toMatchObject({
    ...sent,
    maintenancePolicy: {
      createTime: expect.any(String),
      updateTime: expect.any(String),
      weeklyMaintenanceWindow: [{ ...sent.maintenancePolicy.weeklyMaintenanceWindow[0], duration: "3600s" }],
    },
    secondaryIpRange: expect.stringMatching(/^127\.\d+\.\d+\.\d+\/28$/),
    currentLocationId: "us-central1-a",
    alternativeLocationId: "us-central1-b",
    nodes: [{ id: "node-0", zone: "us-central1-a" }, { id: "node-1" }],
    maintenanceVersion: expect.any(String),
  });
  const { authString = "" } = (await call("GET", `${name}/authString?alt=json`)).body;
  const at = { host: String(body.host), port: Number(body.port) };
  const asked = (...words: string[]): Promise<string> => ask(at, words, { password: String(authString) });
  expect(await asked("SET", "story", "told")).toBe("OK");

  const mask = "displayName,labels,memorySizeGb,maintenancePolicy,maintenanceVersion";
  const available = body.availableMaintenanceVersions?.[0];
  const changed = { displayName: "other", labels: {}, memorySizeGb: 2, maintenanceVersion: String(available) };
  const patched = await call("PATCH", `${name}?alt=json&updateMask=${encodeURIComponent(mask)}`, changed);
  const { response } = await done(patched);
  expect(response).toMatchObject({ displayName: "other", memorySizeGb: 2, maintenanceVersion: available });
  expect(response).not.toHaveProperty("maintenancePolicy");

  const upgraded = await done(await call("POST", `${name}:upgrade?alt=json`, { redisVersion: "REDIS_7_0" }));
  expect(upgraded).toMatchObject({ metadata: { verb: "upgrade" }, response: { redisVersion: "REDIS_7_0" } });
  const failed = await done(await call("POST", `${name}:failover`, { dataProtectionMode: "LIMITED_DATA_LOSS" }));
  expect(failed.response).toMatchObject({ currentLocationId: "us-central1-b", state: "READY" });
  expect(await asked("STRLEN", "story")).toBe("4");

  for (const [answer, status] of [
    [call("POST", `${name}:upgrade`, { redisVersion: "REDIS_5_0" }), "INVALID_ARGUMENT"],
    [call("POST", `${name}:rescheduleMaintenance`, { rescheduleType: "IMMEDIATE" }), "FAILED_PRECONDITION"],
    [
      call("PATCH", `${name}?updateMask=readReplicasMode`, { readReplicasMode: "READ_REPLICAS_ENABLED" }),
      "UNIMPLEMENTED",
    ],
    [call("PATCH", `${name}?updateMask=host`, { host: "1.2.3.4" }), "INVALID_ARGUMENT"],
  ] as const) {
    expect((await answer).body.error).toMatchObject({ status });
  }
  expect(await done(await call("DELETE", `${name}?alt=json`))).toMatchObject({
    response: { "@type": "type.googleapis.com/google.protobuf.Empty" },
  });
  expect((await call("GET", name)).status).toBe(404);
});

run("redis: with in-transit encryption it is reached by TLS alone, by the word of its own CA", async () => {
  const sent = { tier: "BASIC", memorySizeGb: 1, transitEncryptionMode: "SERVER_AUTHENTICATION" };
  const { response } = await done(await call("POST", `${parent}/instances?instanceId=tls`, sent));
  expect(response).toMatchObject({
    ...{ transitEncryptionMode: "SERVER_AUTHENTICATION", port: 6378 },
    serverCaCerts: [{ sha1Fingerprint: expect.stringMatching(/^[0-9a-f]{40}$/) }],
  });
  const at = { host: String(response?.host), port: 6378 };
  const ca = String(response?.serverCaCerts?.[0]?.cert);
  const socket = connect({ ...at, ca });
  socket.write("PING\r\n");
  expect(String((await once(socket, "data"))[0])).toBe("+PONG\r\n");
  socket.destroy();
  const stranger = connect(at);
  expect((await once(stranger, "error"))[0]).toMatchObject({ code: "SELF_SIGNED_CERT_IN_CHAIN" });
  await expect(ask(at, ["PING"])).rejects.toThrow();
});

run("redis: v1beta1 is the same surface, with its own names in operations", async () => {
  const body = { tier: "BASIC", memorySizeGb: 1 };
  const begun = await call("POST", `${parent}/instances?instanceId=beta`, body, "v1beta1");
  expect(begun.body.metadata).toMatchObject({
    "@type": "type.googleapis.com/google.cloud.common.OperationMetadata",
    cancelRequested: false,
    apiVersion: "v1beta1",
  });
  expect((await done(begun, "v1beta1")).response).toMatchObject({
    "@type": "type.googleapis.com/google.cloud.redis.v1beta1.Instance",
  });
  const listed = await call("GET", `${parent}/operations`, undefined, "v1beta1");
  expect(listed.body.operations?.map((each) => each.done)).toContain(true);
  const { status, body: found } = await call("GET", `${parent}/instances/beta`, undefined, "v1beta1");
  expect([status, found.state]).toEqual([200, "READY"]);
  expect((await call("POST", `${parent}/instances/beta:failover`, {}, "v1beta1")).body.error).toMatchObject({
    status: "FAILED_PRECONDITION",
  });
});
