import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Cloud, startCloud } from "./cloud.ts";

const quiet = { iam: "off", log: () => undefined } as const;

async function call(cloud: Cloud, path: string, body?: object | string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${cloud.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

const secrets = "/secretmanager.googleapis.com/v1/projects/demo-app/secrets";
const object = "/storage.googleapis.com/storage/v1/b/kept-bucket/o/a.txt?alt=media";

async function fill(cloud: Cloud): Promise<void> {
  cloud.host.projects.ensure("demo-app");
  for (const api of ["secretmanager", "storage"]) {
    cloud.host.projects.setEnabled("demo-app", `${api}.googleapis.com`, true);
  }
  expect((await call(cloud, `${secrets}?secretId=ONE`, { replication: { automatic: {} } })).status).toBe(200);
  await call(cloud, `${secrets}/ONE:addVersion`, { payload: { data: Buffer.from("first").toString("base64") } });
  await call(cloud, "/storage.googleapis.com/storage/v1/b?project=demo-app", { name: "kept-bucket" });
  await call(cloud, "/storage.googleapis.com/upload/storage/v1/b/kept-bucket/o?uploadType=media&name=a.txt", "kept");
}

async function change(cloud: Cloud): Promise<void> {
  await fetch(`${cloud.url}${secrets}/ONE`, { method: "DELETE" });
  await fetch(`${cloud.url}/storage.googleapis.com/storage/v1/b/kept-bucket/o/a.txt`, { method: "DELETE" });
  expect((await call(cloud, `${secrets}/ONE`)).status).toBe(404);
  expect((await call(cloud, object)).status).toBe(404);
}

async function expectFilled(cloud: Cloud): Promise<void> {
  const { text } = await call(cloud, `${secrets}/ONE/versions/latest:access`);
  expect(text).toContain("payload");
  expect(Buffer.from(JSON.parse(text).payload.data, "base64").toString()).toBe("first");
  expect((await call(cloud, object)).text).toBe("kept");
}

test("startCloud: without a folder it is ready in 50 ms and writes no file", async () => {
  const temporary = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith("aloft-cloud-"));
  const times: number[] = [];
  for (let at = 0; at < 4; at++) {
    const begun = performance.now();
    await using cloud = await startCloud({ ...quiet });
    times.push(performance.now() - begun);
    const before = temporary();
    expect((await call(cloud, secrets)).status).toBe(403);
    expect(temporary()).toEqual(before);
  }
  expect(Math.min(...times)).toBeLessThan(50);
});

test("snapshot: in memory, everything comes back as often as wanted, payloads and object data included", async () => {
  const cloud = await startCloud(quiet);
  await fill(cloud);
  const token = cloud.token();
  const snapshot = cloud.snapshot();
  for (let at = 0; at < 2; at++) {
    await change(cloud);
    await cloud.restore(snapshot);
    await expectFilled(cloud);
  }
  expect(cloud.host.tokens.verifyAccess(token)).toMatchObject({ email: "you@local.aloft" });
  await cloud.close();
  expect(readdirSync(tmpdir())).not.toContain(snapshot.files?.split("/").at(-1));
});

test("snapshot: by name over the admin API, kept in the state folder over a restart and a reset", async () => {
  const dir = mkdtempSync(join(tmpdir(), "aloft-kept-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const admin = async (cloud: Cloud, method: string, path: string, body?: object) => {
    const response = await fetch(`${cloud.url}/_aloft/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${cloud.adminToken}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
  const first = await startCloud({ ...quiet, dir });
  await fill(first);
  expect(await admin(first, "POST", "snapshot", { save: "seeded" })).toMatchObject({ body: { snapshots: ["seeded"] } });
  await first.close();
  await using cloud = await startCloud({ ...quiet, dir });
  await change(cloud);
  await admin(cloud, "POST", "reset");
  expect((await admin(cloud, "POST", "snapshot", { restore: "none" })).status).toBe(404);
  expect((await admin(cloud, "POST", "snapshot", { save: "../x" })).status).toBe(400);
  expect((await admin(cloud, "POST", "snapshot", { restore: "seeded" })).status).toBe(200);
  await expectFilled(cloud);
});
