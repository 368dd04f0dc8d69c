import { RevisionsClient, WorkerPoolsClient } from "@google-cloud/run";
import { type Answer, equal, parent, refused, region, type Steps, truthy } from "./step.ts";

/** The image that the suite pushed: a server, which waits for nobody in a worker pool. */
const image = "us-central1-docker.pkg.dev/demo/apps/app:v1";

/** Cloud Run v2: worker pools. */
export async function runPools({ door, tag, step, all }: Steps): Promise<void> {
  const fallback = door === "rest";
  const pools = new WorkerPoolsClient({ fallback });
  const revisions = new RevisionsClient({ fallback });
  const workerPoolId = `pool-${tag}`;
  const name = `${region}/workerPools/${workerPoolId}`;
  const template = { containers: [{ image, command: ["node"], args: ["-e", "setInterval(() => undefined, 1000)"] }] };
  await step("createWorkerPool", async () => {
    const workerPool = { template, scaling: { manualInstanceCount: 1 } };
    const [operation] = await pools.createWorkerPool({ parent: region, workerPoolId, workerPool });
    const [made]: Answer = await operation.promise();
    equal([made.name, made.scaling.manualInstanceCount], [name, 1]);
    truthy(["CONDITION_SUCCEEDED", 4].includes(made.terminalCondition.state), made.terminalCondition.state);
  });
  await step("createWorkerPool again", async () => {
    await refused(pools.createWorkerPool({ parent: region, workerPoolId, workerPool: { template } }), 6);
  });
  await step("getWorkerPool", async () => {
    equal((await pools.getWorkerPool({ name }))[0].instanceSplitStatuses?.[0]?.percent, 100);
  });
  await step("listWorkerPools", async () => {
    truthy(
      (await pools.listWorkerPools({ parent: region }))[0].some((each) => each.name === name),
      "ours is listed",
    );
  });
  await step("updateWorkerPool", async () => {
    const workerPool = { name, scaling: { manualInstanceCount: 0 } };
    const [operation] = await pools.updateWorkerPool({ workerPool, updateMask: { paths: ["scaling"] } });
    const [changed]: Answer = await operation.promise();
    equal(changed.scaling.manualInstanceCount, 0);
  });
  await step("listRevisions of a worker pool", async () => {
    equal((await revisions.listRevisions({ parent: name }))[0].length, 1);
  });
  const bindings = [{ role: "roles/run.viewer", members: ["user:you@local.aloft"] }];
  await step("setIamPolicy", async () => {
    equal((await pools.setIamPolicy({ resource: name, policy: { bindings } }))[0].bindings?.length, 1);
  });
  await step("getIamPolicy", async () => {
    equal((await pools.getIamPolicy({ resource: name }))[0].bindings?.[0]?.role, "roles/run.viewer");
  });
  await step("testIamPermissions", async () => {
    const permissions = ["run.workerpools.get"];
    equal((await pools.testIamPermissions({ resource: name, permissions }))[0].permissions, permissions);
  });
  await step("getWorkerPool where the API is off: reason and metadata", async () => {
    const error = await refused(pools.getWorkerPool({ name: name.replace(parent, "projects/api-off") }), 7);
    equal([error.reason, error.errorInfoMetadata?.service], ["SERVICE_DISABLED", "run.googleapis.com"]);
  });
  await step("deleteWorkerPool", async () => {
    const [operation] = await pools.deleteWorkerPool({ name });
    await operation.promise();
    await refused(pools.getWorkerPool({ name }), 5);
  });
  all(WorkerPoolsClient);
  await Promise.all([pools.close(), revisions.close()]);
}
