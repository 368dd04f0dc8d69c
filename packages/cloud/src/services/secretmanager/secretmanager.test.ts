import { createRequire } from "node:module";
import { createClock } from "@aloft/kit/clock";
import { crc32c } from "@aloft/kit/crc32c";
import { SecretManagerServiceClient } from "@google-cloud/secret-manager";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCloud } from "../../cloud.ts";
import { secretmanager } from "./index.ts";

const number = "123456789012";
const canary = "canary-5f1c-never-in-a-log";
const clock = createClock({ frozenAt: Date.parse("2026-03-01T12:00:00Z") });
let cloud: Awaited<ReturnType<typeof startCloud>>;

beforeAll(async () => {
  cloud = await startCloud({ clock, services: [secretmanager], projects: { demo: Number(number) } });
  cloud.host.projects.setEnabled("demo", "secretmanager.googleapis.com", true);
});
afterAll(() => cloud.close());

interface Answer {
  readonly status: number;
  // Answers are read as the JSON they are.
  readonly body: Record<string, never> & { readonly error?: { readonly status: string; readonly message: string } };
}

async function call(verb: string, path: string, body?: unknown, as?: string): Promise<Answer> {
  const answer = await fetch(`${cloud.url}/secretmanager.googleapis.com/v1/${path}`, {
    method: verb,
    headers: { authorization: `Bearer ${cloud.token(as)}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Answer["body"] };
}

const create = (id: string, secret: object = { replication: { automatic: {} } }): Promise<Answer> =>
  call("POST", `projects/demo/secrets?secretId=${id}`, secret);
const add = (id: string, text: string): Promise<Answer> =>
  call("POST", `projects/demo/secrets/${id}:addVersion`, { payload: { data: Buffer.from(text).toString("base64") } });

test("secretmanager: a secret goes through its life as Google tells it", async () => {
  const created = await create("life", { replication: { automatic: {} }, labels: { team: "eng" } });
  expect(created.body).toEqual({
    name: `projects/${number}/secrets/life`,
    replication: { automatic: {} },
    createTime: "2026-03-01T12:00:00Z",
    labels: { team: "eng" },
    etag: expect.stringMatching(/^"1[0-9a-f]{13}"$/),
  });
  expect((await create("life")).body.error).toMatchObject({
    status: "ALREADY_EXISTS",
    message: `Secret [projects/${number}/secrets/life] already exists.`,
  });
  expect((await call("GET", "projects/demo/secrets/life/versions/latest:access")).body.error).toMatchObject({
    status: "NOT_FOUND",
    message: `Secret [projects/${number}/secrets/life] not found or has no versions.`,
  });

  const version = (await add("life", "first")).body;
  expect(version).toMatchObject({
    name: `projects/${number}/secrets/life/versions/1`,
    state: "ENABLED",
    replicationStatus: { automatic: {} },
  });
  await add("life", "second");
  expect((await call("GET", `projects/${number}/secrets/life/versions/latest:access`)).body).toEqual({
    name: `projects/${number}/secrets/life/versions/2`,
    payload: { data: Buffer.from("second").toString("base64"), dataCrc32c: String(crc32c(Buffer.from("second"))) },
  });

  const disabled = await call("POST", "projects/demo/secrets/life/versions/2:disable", {});
  expect(disabled.body).toMatchObject({ state: "DISABLED" });
  expect((await call("GET", "projects/demo/secrets/life/versions/latest:access")).body.error).toMatchObject({
    status: "FAILED_PRECONDITION",
    message: `Secret Version [projects/${number}/secrets/life/versions/2] is in DISABLED state.`,
  });
  await call("POST", "projects/demo/secrets/life/versions/2:enable", {});
  const destroyed = await call("POST", "projects/demo/secrets/life/versions/2:destroy", {});
  expect(destroyed.body).toMatchObject({ state: "DESTROYED", destroyTime: "2026-03-01T12:00:00Z" });
  for (const verb of ["enable", "destroy"]) {
    expect((await call("POST", `projects/demo/secrets/life/versions/2:${verb}`, {})).body.error?.message).toBe(
      `Secret Version [projects/${number}/secrets/life/versions/2] is in DESTROYED state.`,
    );
  }
  const listed = (await call("GET", "projects/demo/secrets/life/versions?filter=state:ENABLED")).body as unknown;
  expect(listed).toEqual({
    versions: [expect.objectContaining({ name: `projects/${number}/secrets/life/versions/1` })],
  });

  expect((await call("DELETE", "projects/demo/secrets/life")).body).toEqual({});
  expect((await call("GET", "projects/demo/secrets/life")).body.error?.message).toBe(
    `Secret [projects/${number}/secrets/life] not found.`,
  );
});

test("secretmanager: what Google refuses is refused, in its words", async () => {
  await create("strict");
  const cases: [Promise<Answer>, string][] = [
    [create("no.dots"), "The provided Secret ID [no.dots] does not match the expected format [[a-zA-Z_0-9]+]"],
    [create("bare", {}), "Secret.replication must be provided."],
    [
      call("POST", "projects/demo/locations/us-central1/secrets?secretId=r", { replication: { automatic: {} } }),
      "Secret.replication should not be provided.",
    ],
    [call("POST", "projects/demo/secrets/strict:addVersion", {}), "Field [payload] is required."],
    [add("strict", ""), "Secret Payload cannot be empty."],
    [add("strict", "x".repeat(65_537)), "Secret Payload is larger than the maximum size of 65536 bytes."],
    [
      call("POST", "projects/demo/secrets/strict:addVersion", { payload: { data: "YWJj", dataCrc32c: "1" } }),
      "The checksum of the payload data does not match the provided data_crc32c.",
    ],
    [
      call("PATCH", "projects/demo/secrets/strict?updateMask=replication", {
        replication: { userManaged: { replicas: [{ location: "us-east1" }] } },
      }),
      "Secret.replication cannot be changed after the secret is created.",
    ],
  ];
  for (const [answer, message] of cases) {
    expect((await answer).body.error).toMatchObject({ status: "INVALID_ARGUMENT", message });
  }
  const stale = await call("PATCH", "projects/demo/secrets/strict?updateMask=labels", { etag: '"10"', labels: {} });
  expect(stale.status).toBe(400);
  expect(stale.body.error).toMatchObject({
    status: "FAILED_PRECONDITION",
    message: expect.stringContaining("does not match the resource's current etag"),
  });
});

test("secretmanager: update by mask, aliases, pages by name", async () => {
  for (const id of ["page-c", "page-a", "page-b"]) await create(id);
  const first = (await call("GET", "projects/demo/secrets?pageSize=2&filter=name:page-")).body as unknown as {
    secrets: { name: string }[];
    nextPageToken: string;
  };
  expect(first.secrets.map(({ name }) => name.split("/").at(-1))).toEqual(["page-a", "page-b"]);
  const rest = await call("GET", `projects/demo/secrets?pageSize=2&filter=name:page-&pageToken=${first.nextPageToken}`);
  expect(rest.body).toEqual({ secrets: [expect.objectContaining({ name: `projects/${number}/secrets/page-c` })] });

  const token = first.nextPageToken;
  const gone = await call("DELETE", "projects/demo/secrets/page-b");
  expect(gone.status).toBe(200);
  const after = await call("GET", `projects/demo/secrets?pageSize=1&pageToken=${token}`);
  expect(after.body).toMatchObject({ secrets: [{ name: `projects/${number}/secrets/page-c` }] });
  expect((await call("GET", "projects/demo/secrets?pageSize=1&pageToken=elsewhere")).body.error?.status).toBe(
    "INVALID_ARGUMENT",
  );

  await add("page-a", "one");
  await add("page-a", "two");
  const newest = (await call("GET", "projects/demo/secrets/page-a/versions?pageSize=1")).body as unknown as {
    readonly nextPageToken: string;
  };
  expect(newest).toMatchObject({ versions: [{ name: `projects/${number}/secrets/page-a/versions/2` }], totalSize: 2 });
  const oldest = await call("GET", `projects/demo/secrets/page-a/versions?pageToken=${newest.nextPageToken}`);
  expect(oldest.body).toEqual({
    versions: [expect.objectContaining({ name: `projects/${number}/secrets/page-a/versions/1` })],
    totalSize: 2,
  });
  const patched = await call("PATCH", "projects/demo/secrets/page-a?updateMask=labels,versionAliases", {
    labels: { tier: "gold" },
    versionAliases: { stable: "1" },
    annotations: { ignored: "not in the mask" },
  });
  expect(patched.body).toMatchObject({ labels: { tier: "gold" }, versionAliases: { stable: "1" } });
  expect(patched.body).not.toHaveProperty("annotations");
  const read = (await call("GET", "projects/demo/secrets/page-a/versions/stable:access")).body as unknown;
  expect(read).toMatchObject({ name: `projects/${number}/secrets/page-a/versions/1` });
});

test("secretmanager: a regional secret lives beside the global one of its name", async () => {
  await create("twin");
  const regional = "projects/demo/locations/europe-west1/secrets";
  const made = await call("POST", `${regional}?secretId=twin`, {});
  expect(made.body).toMatchObject({ name: `projects/${number}/locations/europe-west1/secrets/twin` });
  expect(made.body).not.toHaveProperty("replication");
  const payload = { data: Buffer.from("there").toString("base64") };
  await call("POST", `${regional}/twin:addVersion`, { payload });
  expect((await call("GET", `${regional}/twin/versions/1:access`)).body).toMatchObject({
    name: `projects/${number}/locations/europe-west1/secrets/twin/versions/1`,
    payload,
  });
  expect((await call("GET", "projects/demo/secrets/twin/versions/1:access")).status).toBe(404);
});

test("secretmanager: ttl and delayed destruction happen by the clock, and payloads are gone then", async () => {
  const made = await create("short", { replication: { automatic: {} }, ttl: "3600s" });
  expect(made.body).toMatchObject({ expireTime: "2026-03-01T13:00:00Z" });
  await create("delayed", { replication: { automatic: {} }, versionDestroyTtl: "86400s" });
  await add("short", canary);
  await add("delayed", canary);
  const scheduled = await call("POST", "projects/demo/secrets/delayed/versions/1:destroy", {});
  expect(scheduled.body).toMatchObject({ state: "DISABLED", scheduledDestroyTime: "2026-03-02T12:00:00Z" });
  clock.advance(25 * 3_600_000);
  expect((await call("GET", "projects/demo/secrets/short")).status).toBe(404);
  expect((await call("GET", "projects/demo/secrets/delayed/versions/1")).body).toMatchObject({ state: "DESTROYED" });
  const kept = cloud.host.db.prepare(
    "SELECT count(*) AS n FROM secret_versions WHERE secret LIKE '%/short' OR (secret LIKE '%/delayed' AND sealed IS NOT NULL)",
  );
  expect(kept.get()).toEqual({ n: 0 });
});

test("secretmanager: a reader needs its grant on that secret, and payloads are neither in logs nor plain at rest", async () => {
  await create("guarded");
  await add("guarded", canary);
  const reader = `${number}-compute@developer.gserviceaccount.com`;
  // The default compute account is an editor, which reads no secrets.
  const path = "projects/demo/secrets/guarded/versions/1:access";
  expect((await call("GET", path, undefined, reader)).body.error).toMatchObject({
    status: "PERMISSION_DENIED",
    message:
      "Permission 'secretmanager.versions.access' denied for resource 'projects/demo/secrets/guarded/versions/1' (or it may not exist).",
  });
  await call("POST", "projects/demo/secrets/guarded:setIamPolicy", {
    policy: { bindings: [{ role: "roles/secretmanager.secretAccessor", members: [`serviceAccount:${reader}`] }] },
  });
  const read = (await call("GET", path, undefined, reader)).body as unknown as { payload: { data: string } };
  expect(Buffer.from(read.payload.data, "base64").toString()).toBe(canary);

  cloud.host.logs.flush();
  const forms = [canary, Buffer.from(canary).toString("base64")];
  for (const { name } of cloud.host.db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()) {
    for (const row of cloud.host.db.sql.prepare(`SELECT * FROM "${name}"`).all()) {
      for (const value of Object.values(row)) {
        const text = value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value);
        for (const form of forms) expect(text.includes(form), `table ${name}`).toBe(false);
      }
    }
  }
});

test("secretmanager: the official client over gRPC", async () => {
  // Else the library looks for the metadata server of a machine at Google.
  process.env.METADATA_SERVER_DETECTION = "none";
  // The gRPC that the client itself uses, wherever it is installed.
  const own = createRequire(createRequire(import.meta.url).resolve("@google-cloud/secret-manager"));
  const { credentials } = (own("google-gax") as { grpc: { credentials: { createInsecure(): never } } }).grpc;
  const client = new SecretManagerServiceClient({
    apiEndpoint: "127.0.0.1",
    port: cloud.port,
    sslCreds: credentials.createInsecure(),
    projectId: "demo",
  });
  const options = { otherArgs: { headers: { authorization: `Bearer ${cloud.token()}` } } };
  try {
    const [secret] = await client.createSecret(
      { parent: "projects/demo", secretId: "by-grpc", secret: { replication: { automatic: {} } } },
      options,
    );
    const data = Buffer.from("over grpc");
    const [version] = await client.addSecretVersion(
      { parent: secret.name ?? "", payload: { data, dataCrc32c: crc32c(data) } },
      options,
    );
    expect(version.clientSpecifiedPayloadChecksum).toBe(true);
    const [read] = await client.accessSecretVersion({ name: `${secret.name}/versions/latest` }, options);
    expect(String(read.payload?.data)).toBe("over grpc");
    expect(Number(read.payload?.dataCrc32c)).toBe(crc32c(data));
    await expect(client.getSecret({ name: "projects/demo/secrets/none" }, options)).rejects.toMatchObject({ code: 5 });
  } finally {
    await client.close();
  }
});

test("secretmanager: what was read before is not read again once it has changed", async () => {
  const value = async (version: string): Promise<string> => {
    const { body } = await call("GET", `projects/demo/secrets/again/versions/${version}:access`);
    const { payload, error } = body as { payload?: { data: string }; error?: { status: string } };
    return error?.status ?? Buffer.from(payload?.data ?? "", "base64").toString();
  };
  const both = async () => [await value("latest"), await value("1")];
  await create("again");
  await add("again", "one");
  expect(await both()).toEqual(["one", "one"]);
  await add("again", "two");
  expect(await both()).toEqual(["two", "one"]);
  await call("POST", "projects/demo/secrets/again/versions/1:disable", {});
  expect(await both()).toEqual(["two", "FAILED_PRECONDITION"]);
  await call("POST", "projects/demo/secrets/again/versions/1:enable", {});
  expect(await both()).toEqual(["two", "one"]);
  const undone = () =>
    cloud.host.db.tx(() => {
      cloud.host.db.prepare("UPDATE secret_versions SET state = 2 WHERE secret LIKE '%/again'").run();
      throw new Error("no");
    });
  expect(undone).toThrow("no");
  expect(await both()).toEqual(["two", "one"]);
  await call("DELETE", "projects/demo/secrets/again");
  await create("again");
  expect(await both()).toEqual(["NOT_FOUND", "NOT_FOUND"]);
});
