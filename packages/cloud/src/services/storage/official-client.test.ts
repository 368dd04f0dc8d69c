import { type Bucket, Storage } from "@google-cloud/storage";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../../cloud.ts";

/** With a custom endpoint the client's resumable uploads come without credentials: what emulators take, and IAM "off" does. */
let cloud: Cloud;
let bucket: Bucket;

beforeAll(async () => {
  cloud = await startCloud({ iam: "off", projects: { demo: 123456789012 }, log: () => undefined });
  const storage = new Storage({ apiEndpoint: cloud.url, projectId: "demo", retryOptions: { autoRetry: false } });
  [bucket] = await storage.createBucket("official-bucket", { location: "EU", versioning: { enabled: true } });
});
afterAll(() => cloud.close());

test("official client: uploads of every kind come back as they were", async () => {
  const large = Buffer.alloc(700_000, "abc");
  await bucket.file("small").save("hello", { resumable: false, metadata: { metadata: { a: "b" } } });
  await bucket.file("whole").save(large, { resumable: true });
  await bucket.file("chunks").save(large, { resumable: true, chunkSize: 256 * 1024 });
  await bucket.file("zipped").save("x".repeat(5000), { resumable: false, gzip: true });
  expect((await bucket.file("small").download({ start: 1, end: 3 }))[0].toString()).toBe("ell");
  expect((await bucket.file("whole").download())[0].equals(large)).toBe(true);
  expect((await bucket.file("chunks").download())[0].equals(large)).toBe(true);
  expect((await bucket.file("zipped").download())[0].toString()).toBe("x".repeat(5000));
});

test("official client: copies, moves, combinations, metadata, versions, errors", async () => {
  await bucket.file("one").save("1", { resumable: false });
  await bucket.file("one").copy(bucket.file("two"));
  await bucket.file("two").move("three");
  await bucket.combine(["one", "three"], "both");
  expect((await bucket.file("both").download())[0].toString()).toBe("11");
  const [changed] = await bucket.file("one").setMetadata({ contentType: "text/x", metadata: { k: "v" } });
  expect(changed).toMatchObject({ contentType: "text/x", metadata: { k: "v" }, metageneration: "2" });
  await expect(
    bucket.file("one").save("2", { resumable: false, preconditionOpts: { ifGenerationMatch: 0 } }),
  ).rejects.toMatchObject({ code: 412, errors: [{ reason: "conditionNotMet" }] });
  const [versions] = await bucket.getFiles({ prefix: "two", versions: true });
  expect(versions.map(({ metadata }) => typeof metadata.timeDeleted)).toEqual(["string"]);
  await bucket.deleteFiles({ versions: true });
  await bucket.delete();
  expect(await bucket.exists()).toEqual([false]);
});
