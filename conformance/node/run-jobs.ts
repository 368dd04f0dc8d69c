import { ExecutionsClient, JobsClient, TasksClient } from "@google-cloud/run";
import { type Answer, equal, parent, refused, region, type Steps, truthy } from "./step.ts";

/** The image that the suite pushed: a server, which a job ends by its own arguments. */
const image = "us-central1-docker.pkg.dev/demo/apps/app:v1";

/** Cloud Run v2: jobs, their executions and tasks. */
export async function runJobs({ door, tag, step, all }: Steps): Promise<void> {
  const fallback = door === "rest";
  const jobs = new JobsClient({ fallback });
  const executions = new ExecutionsClient({ fallback });
  const tasks = new TasksClient({ fallback });
  const jobId = `job-${tag}`;
  const name = `${region}/jobs/${jobId}`;
  const program = (text: string) => ({ containers: [{ image, command: ["node"], args: ["-e", text] }], maxRetries: 0 });
  const template = { taskCount: 2, template: program("console.log(process.env.CLOUD_RUN_TASK_INDEX)") };
  let execution = "";
  await step("createJob", async () => {
    const [operation] = await jobs.createJob({ parent: region, jobId, job: { template } });
    const [made]: Answer = await operation.promise();
    equal([made.name, made.template.taskCount], [name, 2]);
  });
  await step("createJob again", async () => {
    await refused(jobs.createJob({ parent: region, jobId, job: { template } }), 6);
  });
  await step("getJob", async () => {
    const [found] = await jobs.getJob({ name });
    equal(found.template?.template?.timeout?.seconds?.toString(), "600", "the default timeout");
  });
  await step("listJobs", async () => {
    truthy(
      (await jobs.listJobs({ parent: region }))[0].some((each) => each.name === name),
      "ours is listed",
    );
  });
  await step("runJob", async () => {
    const [operation] = await jobs.runJob({ name });
    const [ended]: Answer = await operation.promise();
    equal([ended.succeededCount, ended.taskCount], [2, 2]);
    execution = ended.name;
  });
  await step("getExecution", async () => {
    equal((await executions.getExecution({ name: execution }))[0].job, jobId);
  });
  await step("listExecutions", async () => {
    equal(
      (await executions.listExecutions({ parent: name }))[0].map((each) => each.name),
      [execution],
    );
  });
  await step("listTasks", async () => {
    const [found] = await tasks.listTasks({ parent: execution });
    equal(found.map((each) => each.index).toSorted(), [0, 1]);
  });
  await step("getTask", async () => {
    const [[first]] = await tasks.listTasks({ parent: execution });
    const [found] = await tasks.getTask({ name: first?.name ?? "" });
    equal([found.execution, found.lastAttemptResult?.exitCode ?? 0], [execution.split("/").at(-1), 0]);
  });
  await step("updateJob", async () => {
    const job = { name, template: { taskCount: 1, template: program("setTimeout(() => undefined, 60_000)") } };
    const [operation] = await jobs.updateJob({ job });
    const [changed]: Answer = await operation.promise();
    equal(changed.template.taskCount, 1);
  });
  await step("cancelExecution", async () => {
    const [operation] = await jobs.runJob({ name });
    const running = (operation.metadata as Answer)?.name;
    const [cancelling] = await executions.cancelExecution({ name: running });
    await cancelling.promise();
    equal((await executions.getExecution({ name: running }))[0].cancelledCount, 1);
  });
  await step("runJob with overrides", async () => {
    const overrides = { containerOverrides: [{ args: ["-e", "process.exit(3)"] }] };
    const [operation] = await jobs.runJob({ name, overrides });
    await operation.promise().then(
      () => truthy(false, "a task that ends with 3 fails its execution"),
      () => undefined,
    );
  });
  await step("deleteExecution", async () => {
    const [operation] = await executions.deleteExecution({ name: execution });
    await operation.promise();
    await refused(executions.getExecution({ name: execution }), 5);
  });
  const bindings = [{ role: "roles/run.invoker", members: ["allUsers"] }];
  await step("setIamPolicy", async () => {
    equal((await jobs.setIamPolicy({ resource: name, policy: { bindings } }))[0].bindings?.length, 1);
  });
  await step("getIamPolicy", async () => {
    equal((await jobs.getIamPolicy({ resource: name }))[0].bindings?.[0]?.members, ["allUsers"]);
  });
  await step("testIamPermissions", async () => {
    const permissions = ["run.jobs.run"];
    equal((await jobs.testIamPermissions({ resource: name, permissions }))[0].permissions, permissions);
  });
  await step("getJob where the API is off: reason and metadata", async () => {
    const error = await refused(jobs.getJob({ name: name.replace(parent, "projects/api-off") }), 7);
    equal([error.reason, error.errorInfoMetadata?.service], ["SERVICE_DISABLED", "run.googleapis.com"]);
  });
  await step("deleteJob", async () => {
    const [operation] = await jobs.deleteJob({ name });
    await operation.promise();
    await refused(jobs.getJob({ name }), 5);
  });
  for (const client of [JobsClient, ExecutionsClient, TasksClient]) all(client);
  await Promise.all([jobs.close(), executions.close(), tasks.close()]);
}
