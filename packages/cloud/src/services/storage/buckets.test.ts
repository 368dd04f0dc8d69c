import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../../cloud.ts";
import { storageClient, uniform } from "./testing/client.ts";

let cloud: Cloud;
const call = storageClient(() => cloud);
const b = "/storage/v1/b";

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012, other: 210987654321 } });
});
afterAll(() => cloud.close());

test("buckets: a new one has Google's defaults, its project's teams, and a name that is taken everywhere", async () => {
  const made = await call("POST", `${b}?project=demo`, { body: { name: "first-bucket", location: "us-central1" } });
  expect(made.body).toMatchObject({
    kind: "storage#bucket",
    id: "first-bucket",
    selfLink: "https://www.googleapis.com/storage/v1/b/first-bucket",
    projectNumber: "123456789012",
    metageneration: "1",
    etag: "CAE=",
    location: "US-CENTRAL1",
    locationType: "region",
    storageClass: "STANDARD",
    softDeletePolicy: { retentionDurationSeconds: "604800" },
    iamConfiguration: { uniformBucketLevelAccess: { enabled: false }, publicAccessPrevention: "inherited" },
  });
  expect(made.body).not.toHaveProperty("acl");
  expect((await call("GET", `${b}/first-bucket/iam`)).body).toMatchObject({
    resourceId: "projects/_/buckets/first-bucket",
    version: 1,
    etag: "CAE=",
    bindings: [
      { role: "roles/storage.legacyBucketOwner", members: ["projectEditor:demo", "projectOwner:demo"] },
      { role: "roles/storage.legacyBucketReader", members: ["projectViewer:demo"] },
    ],
  });
  const again = await call("POST", `${b}?project=demo`, { body: { name: "first-bucket" } });
  expect([again.status, again.body.error?.message]).toEqual([
    409,
    "Your previous request to create the named bucket succeeded and you already own it.",
  ]);
  cloud.host.iam.setPolicy("projects/other", {
    version: 1,
    bindings: [{ role: "roles/storage.admin", members: ["user:stranger@example.com"] }],
  });
  const theirs = await call("POST", `${b}?project=other`, {
    as: "stranger@example.com",
    body: { name: "first-bucket" },
  });
  expect([theirs.status, theirs.body.error?.errors?.[0]?.reason]).toEqual([409, "conflict"]);
  expect(theirs.body.error?.message).toMatch(/^The requested bucket name is not available\./);
  for (const name of ["Ab", "a", "goog-x", "1.2.3.4", "-abc", "my-google-bucket"]) {
    expect((await call("POST", `${b}?project=demo`, { body: { name } })).status, name).toBe(400);
  }
});

test("buckets: a storage class may be written in small letters, as gsutil does; one that there is not is refused", async () => {
  const made = (storageClass: string, name: string) =>
    call("POST", `${b}?project=demo`, { body: { name, storageClass } });
  expect((await made("nearline", "small-letters")).body.storageClass).toBe("NEARLINE");
  expect((await made("frozen", "no-class")).body.error?.message).toBe("Invalid storage class: frozen.");
});

test("buckets: a patch merges, null removes, and only a change is a new metageneration", async () => {
  const at = `${b}/patched-bucket`;
  await call("POST", `${b}?project=demo`, { body: { name: "patched-bucket", labels: { a: "1", b: "2" }, ...uniform } });
  expect((await call("PATCH", at, { body: {} })).body.metageneration).toBe("1");
  const patched = await call("PATCH", at, {
    body: {
      labels: { a: null, c: "3" },
      versioning: { enabled: true },
      iamConfiguration: { publicAccessPrevention: "enforced" },
    },
  });
  expect(patched.body).toMatchObject({
    metageneration: "2",
    labels: { b: "2", c: "3" },
    iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: "enforced" },
  });
  expect(patched.body.labels).not.toHaveProperty("a");
  const late = await call("PATCH", `${at}?ifMetagenerationMatch=1`, { body: { labels: null } });
  expect([late.status, late.body.error?.errors]).toEqual([
    412,
    [
      {
        message: "At least one of the pre-conditions you specified did not hold.",
        domain: "global",
        reason: "conditionNotMet",
        locationType: "header",
        location: "If-Match",
      },
    ],
  ]);
  expect((await call("GET", `${at}?ifMetagenerationNotMatch=2`)).status).toBe(304);
  expect((await call("GET", `${at}?fields=name,labels/c`)).body).toEqual({
    name: "patched-bucket",
    labels: { c: "3" },
  });
  const replaced = await call("PUT", at, { body: { versioning: { enabled: false } } });
  expect(replaced.body).not.toHaveProperty("labels");
});

test("buckets: policies are changed by etag; lists are refused where access is uniform, and are the policy elsewhere", async () => {
  await call("POST", `${b}?project=demo`, { body: { name: "uniform-bucket", ...uniform } });
  const policy = (await call("GET", `${b}/uniform-bucket/iam`)).body;
  const bindings = [...(policy.bindings ?? []), { role: "roles/storage.objectViewer", members: ["allUsers"] }];
  const set = await call("PUT", `${b}/uniform-bucket/iam`, { body: { bindings, etag: policy.etag } });
  expect([set.status, set.body.etag]).toEqual([200, "CAI="]);
  expect((await call("PUT", `${b}/uniform-bucket/iam`, { body: { bindings, etag: policy.etag } })).status).toBe(412);
  const listed = await call("GET", `${b}/uniform-bucket/acl`);
  expect([listed.status, listed.body.error?.message]).toEqual([
    400,
    "Cannot get legacy ACL for a bucket that has uniform bucket-level access. Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access",
  ]);
  await call("POST", `${b}?project=demo`, { body: { name: "listed-bucket" } });
  const entry = { entity: "allAuthenticatedUsers", role: "READER" };
  expect((await call("POST", `${b}/listed-bucket/acl`, { body: entry })).body).toMatchObject(entry);
  expect((await call("GET", `${b}/listed-bucket/iam`)).body.bindings).toContainEqual({
    role: "roles/storage.legacyBucketReader",
    members: ["allAuthenticatedUsers", "projectViewer:demo"],
  });
  expect((await call("GET", `${b}/listed-bucket?projection=full`)).body.acl).toHaveLength(4);
  expect((await call("DELETE", `${b}/listed-bucket/acl/allAuthenticatedUsers`)).status).toBe(204);
  expect((await call("GET", `${b}/listed-bucket/acl/allAuthenticatedUsers`)).body.error?.message).toBe(
    "The specified key does not exist.",
  );
});

test("buckets: who may not is told in Google's words, nobody is asked to sign in", async () => {
  await call("POST", `${b}?project=demo`, { body: { name: "private-bucket", ...uniform } });
  const stranger = await call("GET", `${b}/private-bucket`, { as: "stranger@example.com" });
  expect([stranger.status, stranger.body.error?.errors?.[0]]).toEqual([
    403,
    {
      message:
        "stranger@example.com does not have storage.buckets.get access to the Google Cloud Storage bucket. Permission 'storage.buckets.get' denied on resource (or it may not exist).",
      domain: "global",
      reason: "forbidden",
    },
  ]);
  const nobody = await call("GET", `${b}/private-bucket/o/x`, { as: "" });
  expect([nobody.status, nobody.body.error?.errors?.[0]?.reason]).toEqual([401, "required"]);
  expect(nobody.body.error?.message).toMatch(/^Anonymous caller does not have storage\.objects\.get access/);
  const overXml = await call("GET", "/storage.googleapis.com/private-bucket/x", { as: "" });
  expect([overXml.status, overXml.text]).toEqual([
    403,
    "<?xml version='1.0' encoding='UTF-8'?><Error><Code>AccessDenied</Code><Message>Access denied.</Message><Details>Anonymous caller does not have storage.objects.get access to the Google Cloud Storage object. Permission &apos;storage.objects.get&apos; denied on resource (or it may not exist).</Details></Error>",
  ]);
  const tested = await call(
    "GET",
    `${b}/private-bucket/iam/testPermissions?permissions=storage.objects.get&permissions=storage.buckets.delete`,
  );
  expect(tested.body.permissions).toEqual(["storage.objects.get", "storage.buckets.delete"]);
});

test("buckets: a lock on retention only grows; what is not here says so by name", async () => {
  const at = `${b}/retained-bucket`;
  await call("POST", `${b}?project=demo`, {
    body: { name: "retained-bucket", retentionPolicy: { retentionPeriod: "60" } },
  });
  expect((await call("POST", `${at}/lockRetentionPolicy`)).body.error?.errors?.[0]?.reason).toBe("required");
  const locked = await call("POST", `${at}/lockRetentionPolicy?ifMetagenerationMatch=1`);
  expect(locked.body.retentionPolicy).toMatchObject({ retentionPeriod: "60", isLocked: true });
  expect((await call("PATCH", at, { body: { retentionPolicy: { retentionPeriod: "30" } } })).status).toBe(403);
  expect((await call("PATCH", at, { body: { retentionPolicy: null } })).status).toBe(403);
  const absent = await call("POST", `${b}/retained-bucket/relocate`);
  expect([absent.status, absent.body.error?.message]).toEqual([
    501,
    "The local cloud does not implement storage.buckets.relocate.",
  ]);
});

test("buckets: notifications are kept as configuration; a batch makes its calls one by one", async () => {
  const at = `${b}/noticed-bucket`;
  await call("POST", `${b}?project=demo`, { body: { name: "noticed-bucket" } });
  const made = await call("POST", `${at}/notificationConfigs`, {
    body: { topic: "projects/demo/topics/t", payload_format: "JSON_API_V1" },
  });
  expect(made.body).toMatchObject({ id: "1", topic: "//pubsub.googleapis.com/projects/demo/topics/t" });
  const part = (id: number, line: string): string =>
    `--x\r\nContent-Type: application/http\r\nContent-ID: <b+${id}>\r\n\r\n${line}\r\n\r\n`;
  const batch = await call("POST", "/batch/storage/v1", {
    body: `${part(1, `DELETE ${at}/notificationConfigs/1 HTTP/1.1`)}${part(2, `GET ${b}/no-such-bucket HTTP/1.1`)}--x--`,
    headers: { "content-type": 'multipart/mixed; boundary="x"' },
  });
  expect(batch.text).toMatch(/<response-b\+1>\r\n\r\nHTTP\/1\.1 204[\s\S]*<response-b\+2>\r\n\r\nHTTP\/1\.1 404/);
  expect((await call("GET", `${at}/notificationConfigs`)).body).not.toHaveProperty("items");
});

test("buckets: what was done is in the audit log by the bucket's global name, also of one that is gone", async () => {
  await call("POST", `${b}?project=demo`, { body: { name: "logged-bucket" } });
  await call("DELETE", `${b}/logged-bucket`);
  const listed = await call("POST", "/logging.googleapis.com/v2/entries:list", {
    body: {
      resourceNames: ["projects/demo"],
      filter:
        'protoPayload.resourceName="projects/_/buckets/logged-bucket" AND protoPayload.methodName="storage.buckets.delete"',
    },
  });
  expect(listed.body.entries).toMatchObject([
    { resource: { type: "gcs_bucket", labels: { bucket_name: "logged-bucket", project_id: "demo" } } },
  ]);
});

test("buckets: folders are there by themselves, under their parents; an object moves by name alone", async () => {
  const at = `${b}/tree-bucket`;
  await call("POST", `${b}?project=demo`, {
    body: { name: "tree-bucket", hierarchicalNamespace: { enabled: true }, ...uniform },
  });
  expect((await call("GET", `${at}/storageLayout`)).body.hierarchicalNamespace).toEqual({ enabled: true });
  expect((await call("POST", `${at}/folders`, { body: { name: "a/b" } })).status).toBe(404);
  expect((await call("POST", `${at}/folders?recursive=true`, { body: { name: "a/b" } })).body.name).toBe("a/b/");
  expect((await call("DELETE", `${at}/folders/a`)).status).toBe(409);
  expect((await call("POST", `${at}/managedFolders`, { body: { name: "m" } })).body).toMatchObject({ name: "m/" });
  expect([...((await call("GET", `${at}/folders`)).body.items ?? [])].map(({ name }) => name)).toEqual(["a/", "a/b/"]);
  await call("POST", "/upload/storage/v1/b/tree-bucket/o?uploadType=media&name=from", { body: "moved" });
  expect((await call("POST", `${at}/o/from/moveTo/o/a%2Fto`)).status).toBe(403);
  const { bindings = [] } = (await call("GET", `${at}/iam`)).body;
  const mover = { role: "roles/storage.objectUser", members: ["user:you@local.aloft"] };
  await call("PUT", `${at}/iam`, { body: { bindings: [...bindings, mover] } });
  expect((await call("POST", `${at}/o/from/moveTo/o/a%2Fto`)).body).toMatchObject({ name: "a/to", size: "5" });
  expect((await call("GET", `${at}/o/from`)).status).toBe(404);
  expect((await call("GET", `${at}/o/a%2Fto?alt=media`)).text).toBe("moved");
});
