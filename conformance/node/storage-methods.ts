import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Storage } from "@google-cloud/storage";
import { GoogleAuth } from "google-auth-library";
import { type Answer, equal, parent, refused, type Steps, truthy } from "./step.ts";

/** The methods of Cloud Storage's client that `storage.ts` has no part for. */
export async function storageMethods({ tag, step }: Steps): Promise<void> {
  const client = new Storage({ projectId: "demo" });
  const bucket = client.bucket(`node-m-${tag}`);
  const file = bucket.file("dir/one.txt");
  const folder = mkdtempSync(join(tmpdir(), "aloft-node-"));
  const metadata = async (): Promise<Answer> => (await bucket.getMetadata())[0];

  await step("bucket.create and exists", async () => {
    equal((await bucket.exists())[0], false);
    await bucket.create({ location: "us-central1" });
    equal((await bucket.exists())[0], true);
    equal((await bucket.get())[0].name, bucket.name);
  });
  await step("upload and download to files", async () => {
    writeFileSync(join(folder, "one.txt"), "from a file");
    await bucket.upload(join(folder, "one.txt"), { destination: file });
    equal((await file.get())[0].metadata.contentType, "text/plain");
    await file.download({ destination: join(folder, "back.txt") });
    equal(await text(file.createReadStream({ start: 5 })), "a file");
  });
  await step("createWriteStream and createResumableUpload", async () => {
    const stream = bucket.file("stream").createWriteStream({ resumable: false });
    await new Promise((resolve, reject) => {
      stream.on("finish", resolve).on("error", reject).end("streamed");
    });
    equal((await bucket.file("stream").download())[0].toString(), "streamed");
    truthy((await bucket.file("later").createResumableUpload())[0].includes("upload_id="), "the session's address");
  });
  await step("getBucketsStream and getFilesStream", async () => {
    const names: string[] = [];
    for await (const each of bucket.getFilesStream()) names.push((each as Answer).name);
    equal(names, ["dir/one.txt", "stream"]);
    let found = false;
    for await (const each of client.getBucketsStream()) found ||= (each as Answer).name === bucket.name;
    truthy(found, "ours is listed");
  });
  await step("getFiles with a delimiter", async () => {
    const [, , answer] = (await bucket.getFiles({ delimiter: "/", autoPaginate: false })) as Answer;
    equal(answer.prefixes, ["dir/"]);
  });
  await step("setLabels, getLabels and deleteLabels", async () => {
    await bucket.setLabels({ a: "b", c: "d" });
    equal((await bucket.getLabels())[0], { a: "b", c: "d" });
    await bucket.deleteLabels("a");
    equal((await bucket.getLabels())[0], { c: "d" });
  });
  await step("addLifecycleRule", async () => {
    await bucket.addLifecycleRule({ action: { type: "Delete" }, condition: { age: 30 } });
    equal((await metadata()).lifecycle.rule, [{ action: { type: "Delete" }, condition: { age: 30 } }]);
  });
  await step("setCorsConfiguration", async () => {
    const cors = [{ maxAgeSeconds: 3600, method: ["GET"], origin: ["http://x.example"], responseHeader: ["A"] }];
    await bucket.setCorsConfiguration(cors);
    equal((await metadata()).cors, cors);
  });
  await step("enableLogging, enableRequesterPays and disableRequesterPays", async () => {
    await bucket.enableLogging({ prefix: "log" });
    equal((await metadata()).logging, { logBucket: bucket.name, logObjectPrefix: "log" });
    await bucket.enableRequesterPays();
    equal((await metadata()).billing, { requesterPays: true });
    await bucket.disableRequesterPays();
    equal((await metadata()).billing.requesterPays, false);
  });
  await step("setStorageClass of a bucket and of a file", async () => {
    await bucket.setStorageClass("nearline");
    equal((await metadata()).storageClass, "NEARLINE");
    await file.setStorageClass("coldline");
    equal((await file.getMetadata())[0].storageClass, "COLDLINE");
  });
  await step("acl of a bucket, its default, and of a file", async () => {
    const entry = { entity: "user-a@example.com", role: "READER" };
    for (const acl of [bucket.acl, bucket.acl.default, file.acl]) {
      equal((await acl.add(entry))[0].role, "READER");
      equal(((await acl.get({ entity: entry.entity }))[0] as Answer).entity, entry.entity);
      equal((await acl.update({ ...entry, role: "OWNER" }))[0].role, "OWNER");
      await acl.delete({ entity: entry.entity });
    }
  });
  await step("makePublic, isPublic and makePrivate", async () => {
    await file.makePublic();
    equal((await file.isPublic())[0], true);
    await file.makePrivate();
    equal((await file.isPublic())[0], false);
    await bucket.makePublic({ includeFiles: true });
    equal((await file.isPublic())[0], true);
    await bucket.makePrivate({ includeFiles: true });
  });
  await step("rename, moveFileAtomic and setMetadata", async () => {
    // An owner of the project may not move objects: no basic role holds that permission.
    const [policy] = await bucket.iam.getPolicy();
    policy.bindings.push({ role: "roles/storage.objectAdmin", members: ["user:you@local.aloft"] });
    await bucket.iam.setPolicy(policy);
    await file.rename("dir/two.txt");
    await bucket.file("dir/two.txt").moveFileAtomic("dir/three.txt");
    await bucket.file("dir/three.txt").setMetadata({ cacheControl: "no-cache", metadata: { by: "node" } });
    const [found] = await bucket.file("dir/three.txt").getMetadata();
    equal([found.cacheControl, found.metadata?.by], ["no-cache", "node"]);
  });
  await step("restore of a deleted file", async () => {
    const three = bucket.file("dir/three.txt");
    const generation = Number((await three.getMetadata())[0].generation);
    await three.delete();
    equal((await bucket.getFiles({ softDeleted: true }))[0].length > 0, true);
    await three.restore({ generation });
    equal((await three.exists())[0], true);
  });
  await step("createNotification, getNotifications and delete", async () => {
    const [made] = await bucket.createNotification("projects/demo/topics/t", { eventTypes: ["OBJECT_FINALIZE"] });
    equal((await bucket.getNotifications())[0].length, 1);
    equal(((await made.getMetadata())[0] as Answer).event_types, ["OBJECT_FINALIZE"]);
    await made.delete();
    equal((await bucket.getNotifications())[0].length, 0);
  });
  await step("setRetentionPeriod, getExpirationDate, removeRetentionPeriod and lock", async () => {
    await bucket.setRetentionPeriod(60);
    const held = bucket.file("held");
    await held.save("x", { resumable: false });
    truthy((await held.getExpirationDate())[0].getTime() > Date.now(), "it expires later");
    await refused(held.delete(), 403);
    await bucket.removeRetentionPeriod();
    await held.delete();
    await bucket.setRetentionPeriod(1);
    await bucket.lock((await metadata()).metageneration);
    equal((await metadata()).retentionPolicy.isLocked, true);
  });
  await step("getServiceAccount", async () => {
    equal(
      (await client.getServiceAccount())[0].emailAddress,
      "service-123456789012@gs-project-accounts.iam.gserviceaccount.com",
    );
  });
  await step("createHmacKey, getHmacKeys, setMetadata and delete", async () => {
    const auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/cloud-platform" });
    const accounts = `https://iam.googleapis.com/v1/${parent}/serviceAccounts`;
    const account = await auth.request<Answer>({ method: "POST", url: accounts, data: { accountId: `h-${tag}` } });
    const [key, secret] = await client.createHmacKey(account.data.email);
    equal(secret.length, 40);
    equal((await client.getHmacKeys({ serviceAccountEmail: account.data.email }))[0].length, 1);
    await key.setMetadata({ state: "INACTIVE" });
    await key.delete();
    equal((await client.getHmacKeys({ serviceAccountEmail: account.data.email }))[0].length, 0);
  });
  await step("getSignedUrl with a key of an account", async () => {
    const auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/cloud-platform" });
    const accounts = `https://iam.googleapis.com/v1/${parent}/serviceAccounts`;
    const { data: account } = await auth.request<Answer>({
      ...{ method: "POST", url: accounts, data: { accountId: `s-${tag}` } },
    });
    const { data: key } = await auth.request<Answer>({ method: "POST", url: `${accounts}/${account.email}/keys` });
    const credentials = JSON.parse(Buffer.from(key.privateKeyData, "base64").toString());
    await bucket.file("dir/three.txt").acl.add({ entity: `user-${account.email}`, role: "READER" });
    const signing = new Storage({ projectId: "demo", credentials }).bucket(bucket.name);
    const ends = { action: "read", expires: Date.now() + 60_000 } as const;
    for (const version of ["v4", "v2"] as const) {
      const [url] = await signing.file("dir/three.txt").getSignedUrl({ ...ends, version });
      const answer = await fetch(url);
      equal([answer.status, await answer.text()], [200, "from a file"]);
    }
    equal((await signing.file("dir/three.txt").download())[0].toString(), "from a file");
    const [list] = await signing.getSignedUrl({ action: "list", version: "v4", expires: Date.now() + 60_000 });
    equal((await fetch(list)).status, 403);
  });
  await step("errors carry code and reason", async () => {
    const error = await refused(client.bucket(`none-${tag}`).getMetadata(), 404);
    equal(
      [error.errors?.[0]?.reason, error.errors?.[0]?.message],
      ["notFound", "The specified bucket does not exist."],
    );
  });
  rmSync(folder, { recursive: true, force: true });
}
