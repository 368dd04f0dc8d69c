import { createHash, createHmac } from "node:crypto";
import { createClock } from "@aloft/kit/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../../cloud.ts";
import { storageClient, uniform } from "./testing/client.ts";

let cloud: Cloud;
const call = storageClient(() => cloud);
const path = "/storage/v1/projects/demo/hmacKeys";
const email = "signer@demo.iam.gserviceaccount.com";

beforeAll(async () => {
  cloud = await startCloud({ clock: createClock({ offsetMs: 0 }), projects: { demo: 123456789012 } });
  cloud.host.projects.setEnabled("demo", "iam.googleapis.com", true);
  await call("POST", "/iam.googleapis.com/v1/projects/demo/serviceAccounts", { body: { accountId: "signer" } });
});
afterAll(() => cloud.close());

test("HMAC keys: made for an account, listed, switched off by etag, and deleted when off", async () => {
  const none = await call("POST", `${path}?serviceAccountEmail=nobody@demo.iam.gserviceaccount.com`);
  expect(none.status).toBe(404);
  const made = (await call("POST", `${path}?serviceAccountEmail=${email}`)).body;
  expect(made).toMatchObject({
    kind: "storage#hmacKey",
    secret: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/),
    metadata: {
      kind: "storage#hmacKeyMetadata",
      accessId: expect.stringMatching(/^GOOG1E[A-Z2-7]{55}$/),
      projectId: "demo",
      serviceAccountEmail: email,
      state: "ACTIVE",
    },
  });
  const accessId = made.metadata?.accessId;
  const etag = made.metadata?.etag;
  expect((await call("GET", path)).body.items).toEqual([made.metadata]);
  expect((await call("GET", `${path}/${accessId}`)).body).toEqual(made.metadata);
  const early = await call("DELETE", `${path}/${accessId}`);
  expect([early.status, early.body.error?.message]).toEqual([400, "Cannot delete keys in 'ACTIVE' state."]);
  const stale = await call("PUT", `${path}/${accessId}`, { body: { state: "INACTIVE", etag: "CAE=" } });
  expect(stale.status).toBe(412);
  const off = await call("PUT", `${path}/${accessId}`, { body: { state: "INACTIVE", etag } });
  expect(off.body.state).toBe("INACTIVE");
  expect((await call("DELETE", `${path}/${accessId}`)).status).toBe(204);
  expect((await call("GET", path)).body).toEqual({ kind: "storage#hmacKeysMetadata" });
  expect((await call("GET", `${path}?showDeletedKeys=true`)).body.items?.[0]?.state).toBe("DELETED");
});

test("HMAC keys: a URL signed with one is its account's, as long as the key is on", async () => {
  const { body } = await call("POST", `${path}?serviceAccountEmail=${email}`);
  const accessId = body.metadata?.accessId;
  const grant = { role: "roles/storage.objectViewer", members: [`serviceAccount:${email}`] };
  await call("POST", "/storage/v1/b?project=demo", { body: { name: "hmac-bucket", ...uniform } });
  await call("POST", "/upload/storage/v1/b/hmac-bucket/o?uploadType=media&name=a.txt", { body: "by key" });
  await call("PUT", "/storage/v1/b/hmac-bucket/iam", { body: { bindings: [grant] } });

  const date = new Date(cloud.clock.now()).toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${date.slice(0, 8)}/auto/storage/goog4_request`;
  const query = new URLSearchParams([
    ["X-Goog-Algorithm", "GOOG4-HMAC-SHA256"],
    ["X-Goog-Credential", `${accessId}/${scope}`],
    ["X-Goog-Date", date],
    ["X-Goog-Expires", "600"],
    ["X-Goog-SignedHeaders", "host"],
  ]).toString();
  const canonical = `GET\n/hmac-bucket/a.txt\n${query}\nhost:storage.googleapis.com\n\nhost\nUNSIGNED-PAYLOAD`;
  const hash = createHash("sha256").update(canonical).digest("hex");
  let key: Buffer | string = `GOOG4${body.secret}`;
  for (const part of scope.split("/")) key = createHmac("sha256", key).update(part).digest();
  const signature = createHmac("sha256", key).update(`GOOG4-HMAC-SHA256\n${date}\n${scope}\n${hash}`).digest("hex");
  const url = `${cloud.url}/storage.googleapis.com/hmac-bucket/a.txt?${query}&X-Goog-Signature=`;
  expect((await call("GET", `${url}${signature}`, { as: "" })).text).toBe("by key");
  expect((await call("GET", `${url}${signature.replace(/^../, "00")}`, { as: "" })).text).toContain(
    "SignatureDoesNotMatch",
  );
  await call("PUT", `${path}/${accessId}`, { body: { state: "INACTIVE" } });
  expect((await call("GET", `${url}${signature}`, { as: "" })).status).toBe(403);
});
