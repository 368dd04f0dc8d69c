import { randomBytes } from "node:crypto";
import { Storage } from "@google-cloud/storage";
import { equal, refused, type Steps, truthy } from "./step.ts";

/** Cloud Storage by its own client, which speaks JSON alone. */
export async function storage({ tag, step }: Steps): Promise<void> {
  const client = new Storage({ projectId: "demo" });
  const bucket = client.bucket(`node-${tag}`);
  const file = bucket.file("a/small.txt");
  await step("createBucket", async () => {
    const [made] = await client.createBucket(bucket.name, { location: "us-central1" });
    equal(made.metadata.location, "US-CENTRAL1");
  });
  await step("createBucket again", async () => {
    await refused(client.createBucket(bucket.name), 409);
  });
  await step("getBuckets", async () => {
    truthy(
      (await client.getBuckets())[0].some((each) => each.name === bucket.name),
      "ours is listed",
    );
  });
  await step("save and download", async () => {
    await file.save("hello", { resumable: false, contentType: "text/plain", metadata: { metadata: { by: "node" } } });
    equal((await file.download())[0].toString(), "hello");
    const [found] = await file.getMetadata();
    equal([found.contentType, found.size, found.metadata?.by], ["text/plain", "5", "node"]);
  });
  const large = randomBytes(3 * 1024 * 1024);
  await step("a resumable upload and a range", async () => {
    await bucket.file("large").save(large, { resumable: true });
    const [range] = await bucket.file("large").download({ start: 1000, end: 1999 });
    equal(range.equals(large.subarray(1000, 2000)), true, "the range");
    equal((await bucket.file("large").download())[0].equals(large), true, "all of it");
  });
  await step("a precondition that does not hold", async () => {
    await refused(file.save("other", { resumable: false, preconditionOpts: { ifGenerationMatch: 1 } }), 412);
  });
  await step("getFiles", async () => {
    const [found] = await bucket.getFiles({ prefix: "a/" });
    equal(
      found.map((each) => each.name),
      ["a/small.txt"],
    );
  });
  await step("copy, compose and move", async () => {
    await file.copy(bucket.file("b"));
    await bucket.combine([file, bucket.file("b")], bucket.file("both"));
    equal((await bucket.file("both").download())[0].toString(), "hellohello");
    await bucket.file("both").move("moved");
    equal((await bucket.file("both").exists())[0], false);
  });
  await step("setMetadata and versions", async () => {
    await bucket.setMetadata({ versioning: { enabled: true }, labels: { made: "by-node" } });
    await file.save("again", { resumable: false });
    equal((await bucket.getFiles({ prefix: "a/", versions: true }))[0].length, 2);
  });
  await step("the policy", async () => {
    const [policy] = await bucket.iam.getPolicy({ requestedPolicyVersion: 3 });
    policy.bindings.push({ role: "roles/storage.objectViewer", members: ["user:you@local.aloft"] });
    const [set] = await bucket.iam.setPolicy(policy);
    truthy(
      set.bindings.some((each) => each.role === "roles/storage.objectViewer"),
      "ours is in it",
    );
    equal((await bucket.iam.testPermissions(["storage.objects.get"]))[0], { "storage.objects.get": true });
  });
  await step("delete", async () => {
    await bucket.deleteFiles({ force: true, versions: true });
    await bucket.delete();
    await refused(bucket.getMetadata(), 404);
  });
}
