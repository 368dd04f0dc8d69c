import { v2 } from "@google-cloud/logging";
import { Storage } from "@google-cloud/storage";
import { type Answer, equal, parent, refused, type Steps, truthy } from "./step.ts";

type Config = InstanceType<typeof v2.ConfigServiceV2Client>;

const places = `${parent}/locations/global`;
const names = (found: Answer): string[] => found.map((each: Answer) => each.name);

/** Logging v2: where entries go, and who may read them there. */
export async function loggingConfig(steps: Steps): Promise<void> {
  const { door, tag, step, all } = steps;
  const config = new v2.ConfigServiceV2Client({ fallback: door === "rest" });
  await sinks(steps, config);
  await buckets(steps, config);

  const exclusion = `${parent}/exclusions/node-${tag}`;
  await step("createExclusion", async () => {
    const request = { parent, exclusion: { name: `node-${tag}`, filter: "severity<INFO" } };
    equal((await config.createExclusion(request))[0].filter, "severity<INFO");
  });
  await step("getExclusion", async () => {
    equal((await config.getExclusion({ name: exclusion }))[0].filter, "severity<INFO");
  });
  await step("listExclusions", async () => truthy((await config.listExclusions({ parent }))[0].length > 0, "some"));
  await step("updateExclusion", async () => {
    const request = { name: exclusion, exclusion: { disabled: true }, updateMask: { paths: ["disabled"] } };
    const [changed] = await config.updateExclusion(request);
    equal([changed.disabled, changed.filter], [true, "severity<INFO"]);
  });
  await step("deleteExclusion", async () => {
    await config.deleteExclusion({ name: exclusion });
    await refused(config.getExclusion({ name: exclusion }), 5);
  });
  await step("getSettings", async () => {
    truthy((await config.getSettings({ name: parent }))[0].kmsServiceAccountId, "an account");
  });
  await step("getCmekSettings", async () => {
    truthy((await config.getCmekSettings({ name: parent }))[0].serviceAccountId, "an account");
  });
  await step("updateSettings of a project", async () => {
    const request = { name: parent, settings: { disableDefaultSink: true } };
    await refused(config.updateSettings(request), 3);
  });
  await step("updateCmekSettings of a project", async () => {
    const request = { name: parent, cmekSettings: { kmsKeyName: "" } };
    await refused(config.updateCmekSettings(request), 3);
  });
  await step("copyLogEntries", async () => {
    const [bucket] = await new Storage({ projectId: "demo" }).createBucket(`copied-${tag}`);
    const [policy]: Answer = await bucket.iam.getPolicy();
    const members = ["serviceAccount:service-123456789012@gcp-sa-logging.iam.gserviceaccount.com"];
    policy.bindings.push({ role: "roles/storage.objectCreator", members });
    await bucket.iam.setPolicy(policy);
    const destination = `storage.googleapis.com/${bucket.name}`;
    const [operation] = await config.copyLogEntries({ name: `${places}/buckets/_Required`, destination });
    const [{ logEntriesCopiedCount }]: Answer = await operation.promise();
    const [files] = await bucket.getFiles();
    truthy(Number(logEntriesCopiedCount) > 0 && files.length > 0, "the project's audit log is there");
  });
  all(v2.ConfigServiceV2Client);
  await config.close();
}

async function sinks({ tag, step }: Steps, config: Config): Promise<void> {
  const sinkName = `${parent}/sinks/node-${tag}`;
  await step("createSink", async () => {
    const sink = { name: `node-${tag}`, destination: "storage.googleapis.com/node-logs", filter: "severity>=ERROR" };
    truthy((await config.createSink({ parent, sink, uniqueWriterIdentity: true }))[0].writerIdentity, "a writer");
  });
  await step("getSink", async () => equal((await config.getSink({ sinkName }))[0].filter, "severity>=ERROR"));
  await step("listSinks", async () => {
    const found = names((await config.listSinks({ parent }))[0]);
    truthy(found.includes("_Default") && found.includes(`node-${tag}`), found.join());
  });
  await step("updateSink", async () => {
    const request = { sinkName, sink: { filter: "severity>=ALERT" }, updateMask: { paths: ["filter"] } };
    const [changed] = await config.updateSink(request);
    equal([changed.filter, changed.destination], ["severity>=ALERT", "storage.googleapis.com/node-logs"]);
  });
  await step("deleteSink", async () => {
    await config.deleteSink({ sinkName });
    await refused(config.getSink({ sinkName }), 5);
  });
}

async function buckets({ tag, step }: Steps, config: Config): Promise<void> {
  const name = `${places}/buckets/node-${tag}`;
  await step("createBucket", async () => {
    const bucket = { retentionDays: 7, analyticsEnabled: true };
    equal((await config.createBucket({ parent: places, bucketId: `node-${tag}`, bucket }))[0].retentionDays, 7);
  });
  await step("getBucket", async () => equal((await config.getBucket({ name }))[0].lifecycleState, "ACTIVE"));
  await step("listBuckets", async () => {
    const found = names((await config.listBuckets({ parent: places }))[0]);
    truthy(found.includes(`${places}/buckets/_Default`) && found.includes(name), found.join());
  });
  await step("updateBucket", async () => {
    const request = { name, bucket: { retentionDays: 8 }, updateMask: { paths: ["retention_days"] } };
    equal((await config.updateBucket(request))[0].retentionDays, 8);
  });
  await step("createBucketAsync", async () => {
    const request = { parent: places, bucketId: `node-${tag}-later`, bucket: { retentionDays: 5 } };
    const [operation] = await config.createBucketAsync(request);
    equal((await operation.promise())[0].retentionDays, 5);
  });
  await step("updateBucketAsync", async () => {
    const request = { name, bucket: { description: "by node" }, updateMask: { paths: ["description"] } };
    const [operation] = await config.updateBucketAsync(request);
    equal((await operation.promise())[0].description, "by node");
  });
  const link = `${name}/links/node_link`;
  await step("createLink", async () => {
    const [operation] = await config.createLink({ parent: name, linkId: "node_link", link: {} });
    equal((await operation.promise())[0].name, link);
  });
  await step("getLink", async () => {
    truthy((await config.getLink({ name: link }))[0].bigqueryDataset?.datasetId, "a dataset");
  });
  await step("listLinks", async () => equal(names((await config.listLinks({ parent: name }))[0]), [link]));
  await step("deleteLink", async () => {
    const [operation] = await config.deleteLink({ name: link });
    await operation.promise();
    await refused(config.getLink({ name: link }), 5);
  });
  const view = `${name}/views/errors`;
  await step("createView", async () => {
    const filter = 'SOURCE("projects/demo")';
    equal((await config.createView({ parent: name, viewId: "errors", view: { filter } }))[0].filter, filter);
  });
  await step("getView", async () => equal((await config.getView({ name: view }))[0].name, view));
  await step("listViews", async () => {
    truthy(names((await config.listViews({ parent: name }))[0]).includes(view), "ours is listed");
  });
  await step("updateView", async () => {
    const request = { name: view, view: { description: "Errors" }, updateMask: { paths: ["description"] } };
    equal((await config.updateView(request))[0].description, "Errors");
  });
  await step("deleteView", async () => {
    await config.deleteView({ name: view });
    await refused(config.getView({ name: view }), 5);
  });
  await step("deleteBucket", async () => {
    await config.deleteBucket({ name });
    equal((await config.getBucket({ name }))[0].lifecycleState, "DELETE_REQUESTED");
  });
  await step("undeleteBucket", async () => {
    await config.undeleteBucket({ name });
    equal((await config.getBucket({ name }))[0].lifecycleState, "ACTIVE");
  });
}
