import { connect } from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";
import type {
  TailLogEntriesRequestSchema,
  TailLogEntriesResponseSchema,
} from "../../../gen/types/google/logging/v2/logging_pb.js";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const v2 = "logging.googleapis.com/v2";
const canary = "canary-payload-77";

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "secretmanager.googleapis.com", true);
});
afterAll(() => cloud.close());

const write = (entries: readonly object[], more: object = {}) =>
  rest("POST", `${v2}/entries:write`, {
    body: { logName: "projects/demo/logs/mine", resource: { type: "global" }, entries, ...more },
  });
const list = (filter: string, more: object = {}, as?: string) =>
  rest("POST", `${v2}/entries:list`, {
    body: { resourceNames: ["projects/demo"], filter, ...more },
    ...(as === undefined ? {} : { as }),
  });

test("logging: what was written is listed at once, whole, in either order and page by page", async () => {
  const timestamp = new Date(cloud.clock.now() - 60_000).toISOString().replace("Z", "000001Z");
  const entries = [
    { textPayload: "first", timestamp, severity: "INFO", labels: { a: "1" } },
    { jsonPayload: { message: "second", n: 2 }, severity: "ERROR", httpRequest: { status: 500, requestSize: "7" } },
    { textPayload: "third", insertId: "given", trace: "projects/demo/traces/t", spanId: "s" },
  ];
  expect((await write(entries, { labels: { b: "2" } })).body).toEqual({});
  const mine = 'logName="projects/demo/logs/mine"';
  const all = (await list(mine, { orderBy: "timestamp asc" })).body.entries ?? [];
  expect(all).toMatchObject([
    { ...entries[0], labels: { a: "1", b: "2" }, resource: { type: "global", labels: { project_id: "demo" } } },
    entries[1] ?? {},
    entries[2] ?? {},
  ]);
  const newest = await list(mine, { orderBy: "timestamp desc", pageSize: 2 });
  const rest2 = await list(mine, { orderBy: "timestamp desc", pageSize: 2, pageToken: newest.body.nextPageToken });
  const ids = [...(newest.body.entries ?? []), ...(rest2.body.entries ?? [])].map(({ insertId }) => insertId);
  expect(ids.toSorted()).toEqual(all.map(({ insertId }) => insertId).toSorted());
  expect(rest2.body.nextPageToken).toBeUndefined();
  expect((await list("severity>=ERROR", { pageToken: newest.body.nextPageToken })).status).toBe(400);
});

test("logging: bad entries are told one by one, and the good ones kept when asked for", async () => {
  const old = new Date(cloud.clock.now() - 40 * 86_400_000).toISOString();
  const entries = [
    { textPayload: "kept", labels: { k: "kept" } },
    { textPayload: "late", timestamp: old },
  ];
  const none = await write(entries);
  expect(none.body.error?.status).toBe("INVALID_ARGUMENT");
  expect((await list("labels.k=kept")).body.entries).toBeUndefined();
  const some = await write(entries, { partialSuccess: true });
  expect(some.body.error?.details).toMatchObject([{ logEntryErrors: { 1: { code: 3 } } }]);
  expect((await list("labels.k=kept")).body.entries).toHaveLength(1);
  expect((await write([{ textPayload: "x", logName: "projects/demo/logs/a/b" }])).status).toBe(400);
  expect((await rest("POST", `${v2}/entries:write`, { body: { entries: [{ textPayload: "x" }] } })).status).toBe(400);
});

test("logging: what administers is audited always, who reads data where asked; never a payload", async () => {
  const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";
  const access = () => rest("GET", `${secrets}/s/versions/1:access`);
  await rest("POST", `${secrets}?secretId=s`, { body: { replication: { automatic: {} } } });
  const data = Buffer.from(canary).toString("base64");
  await rest("POST", `${secrets}/s:addVersion`, { body: { payload: { data } } });
  await access();
  const policy = cloud.host.iam.policy("projects/demo");
  const auditLogConfigs = [{ logType: "DATA_READ" }];
  const auditConfigs = [{ service: "secretmanager.googleapis.com", auditLogConfigs }];
  cloud.host.iam.setPolicy("projects/demo", { ...policy, auditConfigs });
  await access();
  await rest("GET", `${secrets}/s/versions/1:access`, { as: "eve@example.com" });

  const entries = (await list('protoPayload.serviceName="secretmanager.googleapis.com"')).body.entries ?? [];
  const told = entries.map(({ logName, protoPayload, severity }) => [
    logName?.split("%2F")[1],
    protoPayload?.methodName?.split(".").at(-1),
    protoPayload?.authenticationInfo?.principalEmail,
    protoPayload?.status?.code ?? 0,
    severity,
  ]);
  expect(told).toEqual([
    ["activity", "CreateSecret", "you@local.aloft", 0, "NOTICE"],
    ["activity", "AddSecretVersion", "you@local.aloft", 0, "NOTICE"],
    ["data_access", "AccessSecretVersion", "you@local.aloft", 0, "INFO"],
    ["data_access", "AccessSecretVersion", "eve@example.com", 7, "ERROR"],
  ]);
  expect(entries[1]?.protoPayload).toMatchObject({
    resourceName: "projects/demo/secrets/s",
    authorizationInfo: [{ permission: "secretmanager.versions.add", granted: true }],
    request: { "@type": "type.googleapis.com/google.cloud.secretmanager.v1.AddSecretVersionRequest" },
  });
  const text = JSON.stringify(entries);
  expect(text.includes(canary) || text.includes(data)).toBe(false);
});

test("logging: private logs are for who may read them, all are for who may read any", async () => {
  const member = "user:viewer@example.com";
  const policy = cloud.host.iam.policy("projects/demo");
  cloud.host.iam.setPolicy("projects/demo", {
    ...policy,
    bindings: [...policy.bindings, { role: "roles/logging.viewer", members: [member] }],
  });
  const names = [...((await rest("GET", `${v2}/projects/demo/logs`)).body.logNames ?? [])].join();
  expect(names).toContain("cloudaudit.googleapis.com%2Fdata_access");
  const seen = await list("logName:data_access", {}, "viewer@example.com");
  expect(seen.body.entries).toBeUndefined();
  expect((await list("logName:activity", {}, "viewer@example.com")).body.entries).not.toBeUndefined();
  expect((await list("", {}, "eve@example.com")).body.error?.message).toContain("logging.logEntries.list");
});

test("logging: a log is deleted, an audit log never", async () => {
  await write([{ textPayload: "x", logName: "projects/demo/logs/gone" }]);
  expect((await rest("DELETE", `${v2}/projects/demo/logs/gone`)).body).toEqual({});
  expect((await rest("DELETE", `${v2}/projects/demo/logs/gone`)).status).toBe(404);
  const audit = await rest("DELETE", `${v2}/projects/demo/logs/cloudaudit.googleapis.com%2Factivity`);
  expect(audit.status).toBe(400);
});

test("logging: entries are followed over gRPC as they are written", async () => {
  const { schemas } = cloud.host;
  const input = schemas.message<typeof TailLogEntriesRequestSchema>("google.logging.v2.TailLogEntriesRequest");
  const output = schemas.message<typeof TailLogEntriesResponseSchema>("google.logging.v2.TailLogEntriesResponse");
  const session = connect(cloud.url);
  const stream = session.request({
    ":method": "POST",
    ":path": "/google.logging.v2.LoggingServiceV2/TailLogEntries",
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${cloud.token()}`,
  });
  try {
    const bytes = schemas.encode(
      input,
      schemas.create(input, {
        resourceNames: ["projects/demo"],
        filter: "severity>=ERROR",
        bufferWindow: { seconds: 0n, nanos: 0 },
      }),
    );
    const frame = Buffer.alloc(5 + bytes.length);
    frame.writeUInt32BE(bytes.length, 1);
    frame.set(bytes, 5);
    const chunks: Buffer[] = [];
    const arrived = new Promise<void>((resolve, reject) => {
      stream.on("error", reject);
      stream.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        resolve();
      });
    });
    stream.write(frame);
    // Until the call is under way nothing is followed: entries come until one of them is seen.
    const writer = setInterval(() => {
      cloud.host.logs.write({
        logName: "projects/demo/logs/mine",
        resource: { type: "global", labels: {} },
        severity: "INFO",
        textPayload: "not asked for",
      });
      cloud.host.logs.write({
        logName: "projects/demo/logs/mine",
        resource: { type: "global", labels: {} },
        severity: "ERROR",
        textPayload: "followed",
      });
    }, 10);
    await arrived.finally(() => clearInterval(writer));
    const whole = Buffer.concat(chunks);
    const answer = schemas.decode(output, whole.subarray(5, 5 + whole.readUInt32BE(1)));
    expect(answer.entries.map(({ payload }) => payload.value)).toContain("followed");
    expect(answer.entries.map(({ payload }) => payload.value)).not.toContain("not asked for");
  } finally {
    stream.close();
    session.destroy();
  }
});

test("logging: what an instance wrote comes back in its fields, and what fits none of them in its payload", async () => {
  const resource = { type: "cloud_run_revision", labels: { project_id: "demo", service_name: "odd" } };
  const entry = { logName: "projects/demo/logs/odd", resource };
  const placed = {
    traceSampled: true,
    operation: { id: "o", first: true },
    sourceLocation: { file: "a.ts", line: "7" },
  };
  const httpRequest = { requestMethod: "GET", status: 200, latency: "0.100s", requestSize: "5" };
  cloud.host.logs.write({ ...entry, textPayload: "fine", httpRequest, ...placed });
  cloud.host.logs.write({ ...entry, jsonPayload: { n: 1 }, httpRequest: { status: "no number" } });
  cloud.host.logs.write({ ...entry, textPayload: "text", httpRequest: { status: "no number" } });
  const { body } = await rest("POST", `${v2}/entries:list`, {
    body: { resourceNames: ["projects/demo"], filter: "resource.labels.service_name=odd" },
  });
  const [fine, odd, text] = body.entries ?? [];
  expect(fine).toMatchObject({ textPayload: "fine", httpRequest, ...placed });
  expect(odd?.jsonPayload).toEqual({ n: 1, httpRequest: { status: "no number" } });
  expect(text?.jsonPayload).toEqual({ message: "text", httpRequest: { status: "no number" } });
});
