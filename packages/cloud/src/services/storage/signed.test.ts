import { createClock } from "@aloft/kit/clock";
import { Storage } from "@google-cloud/storage";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../../cloud.ts";
import { storageClient, uniform } from "./testing/client.ts";

let cloud: Cloud;
let storage: Storage;
const call = storageClient(() => cloud);
const post = (path: string, body: object) => call("POST", path, { body });

beforeAll(async () => {
  cloud = await startCloud({ clock: createClock({ offsetMs: 0 }), projects: { demo: 123456789012 } });
  cloud.host.projects.setEnabled("demo", "iam.googleapis.com", true);
  await post("/storage/v1/b?project=demo", { name: "signed-bucket", ...uniform });
  const account = await post("/iam.googleapis.com/v1/projects/demo/serviceAccounts", { accountId: "signer" });
  const key = await post(`/iam.googleapis.com/v1/${account.body.name}/keys`, {});
  const credentials = JSON.parse(Buffer.from(String(key.body.privateKeyData), "base64").toString()) as object;
  const policy = (await call("GET", "/storage/v1/b/signed-bucket/iam")).body;
  const grant = { role: "roles/storage.objectUser", members: [`serviceAccount:${account.body.email}`] };
  await call("PUT", "/storage/v1/b/signed-bucket/iam", { body: { bindings: [...(policy.bindings ?? []), grant] } });
  storage = new Storage({ apiEndpoint: cloud.url, projectId: "demo", credentials });
});
afterAll(() => cloud.close());

test("signed URLs: the official client's let their bearer write, read, upload in pieces and delete, until they end", async () => {
  const file = storage.bucket("signed-bucket").file("dir/é l.txt");
  const expires = cloud.clock.now() + 600_000;
  const sign = async (action: "read" | "write" | "delete" | "resumable", more = {}) =>
    (await file.getSignedUrl({ version: "v4", action, expires, ...more }))[0];
  const text = { "content-type": "text/plain" };
  const write = await sign("write", { contentType: "text/plain" });
  expect((await call("PUT", write, { as: "", body: "by signature", headers: text })).status).toBe(200);
  const read = await sign("read", { responseDisposition: "attachment" });
  const got = await call("GET", read, { as: "" });
  expect([got.text, got.headers.get("content-disposition")]).toEqual(["by signature", "attachment"]);
  for (const wrong of [read.replace("dir/", "other/"), read.replace(/attachment/, "inline")]) {
    const refused = await call("GET", wrong, { as: "" });
    expect([refused.status, /<Code>(\w+)/.exec(refused.text)?.[1]]).toEqual([403, "SignatureDoesNotMatch"]);
  }
  expect((await call("PUT", read, { as: "", body: "x" })).status).toBe(403);
  const begin = await call("POST", await sign("resumable"), { as: "", headers: { "x-goog-resumable": "start" } });
  expect(begin.status).toBe(201);
  expect((await call("PUT", String(begin.headers.get("location")), { as: "", body: "again" })).status).toBe(200);
  expect((await call("GET", read, { as: "" })).text).toBe("again");
  const older = new URL((await file.getSignedUrl({ version: "v2", action: "read", expires }))[0]);
  expect(
    (await call("GET", `${cloud.url}/storage.googleapis.com${older.pathname}${older.search}`, { as: "" })).text,
  ).toBe("again");
  older.searchParams.set("Expires", String(expires));
  expect(
    (await call("GET", `${cloud.url}/storage.googleapis.com${older.pathname}${older.search}`, { as: "" })).status,
  ).toBe(403);
  expect((await call("DELETE", await sign("delete"), { as: "" })).status).toBe(204);
  cloud.clock.advance(601_000);
  const late = await call("GET", read, { as: "" });
  expect([late.status, /<Code>(\w+)/.exec(late.text)?.[1]]).toEqual([400, "ExpiredToken"]);
});
