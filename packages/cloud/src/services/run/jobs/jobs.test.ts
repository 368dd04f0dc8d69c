import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededIds } from "@aloft/kit/ids";
import { expect, test } from "vitest";
import { startCloud } from "../../../cloud.ts";
import { runOver } from "../api.ts";
import { type Answer, runClient } from "../testing/client.ts";
import { paperMachines } from "../testing/machines.ts";

const parent = "projects/demo/locations/us-central1";
const image = (kind: string): string => `us-docker.pkg.dev/demo/app/${kind}:1`;
const template = (kind: string, more: object = {}, task: object = {}): object => ({
  ...more,
  template: { containers: [{ image: image(kind) }], ...task },
});

async function start(options: { readonly dir?: string } = {}) {
  const machines = paperMachines();
  const cloud = await startCloud({
    services: [runOver(() => machines)],
    projects: { demo: 123456789012 },
    ids: seededIds("jobs"),
    ...options,
  });
  cloud.host.projects.setEnabled("demo", "run.googleapis.com", true);
  return { cloud, machines, ...runClient(cloud.url, cloud.token()), [Symbol.asyncDispose]: () => cloud.close() };
}

const conditions = (of: Answer): Answer =>
  Object.fromEntries(of.conditions.map((each: Answer) => [each.type, [each.state, each.message]]));

test("jobs: a job is made with Cloud Run's defaults, replaced, listed and deleted", async () => {
  await using it = await start();
  const made = (await it.settle("POST", `${parent}/jobs?jobId=nightly`, { template: template("good") })).response;
  expect(made).toMatchObject({
    name: `${parent}/jobs/nightly`,
    generation: "1",
    observedGeneration: "1",
    creator: "you@local.aloft",
    launchStage: "GA",
    terminalCondition: { type: "Ready", state: "CONDITION_SUCCEEDED" },
    template: {
      taskCount: 1,
      template: {
        maxRetries: 3,
        timeout: "600s",
        serviceAccount: "123456789012-compute@developer.gserviceaccount.com",
        executionEnvironment: "EXECUTION_ENVIRONMENT_GEN2",
        containers: [{ image: image("good"), resources: { limits: { cpu: "1000m", memory: "512Mi" } } }],
      },
    },
  });
  expect((await it.call("POST", `${parent}/jobs?jobId=nightly`, { template: template("good") })).status).toBe(409);
  const update = { template: template("good", { taskCount: 2 }, { maxRetries: 0 }) };
  expect((await it.settle("PATCH", `${parent}/jobs/nightly`, update)).response).toMatchObject({
    generation: "2",
    template: { taskCount: 2, template: { maxRetries: expect.toBeOneOf([0, undefined]) } },
  });
  expect((await it.call("PATCH", `${parent}/jobs/nightly`, { ...update, etag: made.etag })).status).toBe(409);
  expect((await it.call("GET", `${parent}/jobs`)).body.jobs).toHaveLength(1);
  await it.settle("DELETE", `${parent}/jobs/nightly`);
  expect((await it.call("GET", `${parent}/jobs/nightly`)).body.error.message).toBe(
    "Resource 'nightly' of kind 'JOB' in region 'us-central1' in project 'demo' does not exist.",
  );
});

test("jobs: what Cloud Run refuses is refused by field, and what is not built here by name", async () => {
  await using it = await start();
  const make = async (job: object, id = "nightly"): Promise<string> =>
    (await it.call("POST", `${parent}/jobs?jobId=${id}`, job)).body.error.message;
  expect(await make({ template: template("good") }, "Nightly")).toContain("job_id");
  expect(await make({ template: template("good", { taskCount: 10_001 }) })).toContain("task_count");
  expect(await make({ template: template("good", {}, { maxRetries: 11 }) })).toContain("max_retries");
  const env = [{ name: "CLOUD_RUN_TASK_INDEX", value: "1" }];
  expect(await make({ template: { template: { containers: [{ image: image("good"), env }] } } })).toContain(
    "reserved env names were provided: CLOUD_RUN_TASK_INDEX",
  );
  const ports = [{ containerPort: 8080 }];
  expect(await make({ template: { template: { containers: [{ image: image("good"), ports }] } } })).toContain("ports");
  const volumes = [{ name: "v", nfs: { server: "10.0.0.2", path: "/" } }];
  expect(await make({ template: template("good", {}, { volumes }) })).toContain("volumes[0].nfs");
});

test("jobs: an image or a secret that is not to be had keeps a job from being ready, and its operation says so", async () => {
  await using it = await start();
  const failed = await it.settle("POST", `${parent}/jobs?jobId=nightly`, { template: template("missing") });
  expect(failed.error).toMatchObject({ code: 5, message: "Image 'us-docker.pkg.dev/demo/app/missing:1' not found." });
  expect((await it.call("GET", `${parent}/jobs/nightly`)).body.terminalCondition).toMatchObject({
    state: "CONDITION_FAILED",
    reason: "CONTAINER_MISSING",
  });
});

test("jobs: an execution runs its tasks, so many at once as it may, and tells what came of it", async () => {
  await using it = await start();
  const job = { template: template("held", { taskCount: 3, parallelism: 2 }) };
  await it.settle("POST", `${parent}/jobs?jobId=nightly`, job);
  const started = (await it.call("POST", `${parent}/jobs/nightly:run`, {})).body;
  const name = started.metadata.name;
  expect(name).toMatch(/\/jobs\/nightly\/executions\/nightly-[a-z0-9]{5}$/);
  expect(conditions(started.metadata).Completed[0]).toBe("CONDITION_PENDING");
  await expect.poll(async () => (await it.call("GET", name)).body.runningCount).toBe(2);
  expect(it.machines.tasks.map(({ index, attempt, count }) => [index, attempt, count])).toEqual([
    [0, 0, 3],
    [1, 0, 3],
  ]);
  const wait = it.call("POST", `${started.name}:wait`, { timeout: "20s" });
  it.machines.release();
  await expect.poll(() => it.machines.tasks.length).toBe(3);
  it.machines.release();
  const execution = (await wait).body.response;
  expect(execution).toMatchObject({ succeededCount: 3, parallelism: 2, taskCount: 3, observedGeneration: "1" });
  expect(conditions(execution)).toEqual({
    Completed: ["CONDITION_SUCCEEDED", expect.stringMatching(/^Execution completed successfully in \d.*s\.$/)],
    ResourcesAvailable: ["CONDITION_SUCCEEDED", "Provisioned imported containers."],
    Started: ["CONDITION_SUCCEEDED", expect.stringMatching(/^Started deployed execution in \d.*s\.$/)],
    ContainerReady: ["CONDITION_SUCCEEDED", expect.stringMatching(/^Imported container image in \d.*s\.$/)],
  });
  expect((await it.call("GET", `${parent}/jobs/nightly`)).body).toMatchObject({
    executionCount: 1,
    latestCreatedExecution: { name: name.split("/").at(-1), completionStatus: "EXECUTION_SUCCEEDED" },
  });
  const tasks = (await it.call("GET", `${name}/tasks`)).body.tasks;
  expect(tasks.map((task: Answer) => task.name.split("/").at(-1))).toEqual(
    [0, 1, 2].map((index) => `${name.split("/").at(-1)}-task${index}`),
  );
});

test("jobs: a task is tried again as often as it may fail, then the execution has failed for it", async () => {
  await using it = await start();
  await it.settle("POST", `${parent}/jobs?jobId=flaky`, { template: template("flaky") });
  expect((await it.settle("POST", `${parent}/jobs/flaky:run`, {})).response).toMatchObject({ retriedCount: 1 });
  expect(it.machines.tasks.map(({ attempt }) => attempt)).toEqual([0, 1]);

  const twice = { template: template("broken", {}, { maxRetries: 1 }) };
  await it.settle("POST", `${parent}/jobs?jobId=broken`, twice);
  const failed = await it.settle("POST", `${parent}/jobs/broken:run`, {});
  const id = failed.metadata.name.split("/").at(-1);
  expect(failed.error.message).toBe(`Task ${id}-task0 failed with message: The container exited with an error.`);
  const [task] = (await it.call("GET", `${failed.metadata.name}/tasks`)).body.tasks;
  expect(task).toMatchObject({ retried: 1, lastAttemptResult: { exitCode: 3 } });
  expect(failed.metadata).toMatchObject({ failedCount: 1, retriedCount: 1 });
});

test("jobs: overrides are of one run, and ask for more than the right to run", async () => {
  await using it = await start();
  await it.settle("POST", `${parent}/jobs?jobId=nightly`, { template: template("good") });
  const env = [{ name: "DAY", value: "monday" }];
  const overrides = { taskCount: 2, timeout: "30s", containerOverrides: [{ args: ["--all"], env }] };
  await it.settle("POST", `${parent}/jobs/nightly:run`, { overrides });
  expect(it.machines.tasks).toMatchObject(
    [0, 1].map((index) => ({ index, timeoutS: 30, containers: [{ args: ["--all"], env }] })),
  );
  expect((await it.call("GET", `${parent}/jobs/nightly`)).body.template.taskCount).toBe(1);
  const wrong = { overrides: { containerOverrides: [{ name: "other" }] } };
  expect((await it.call("POST", `${parent}/jobs/nightly:run`, wrong)).body.error.message).toContain("'other'");

  const policy = { bindings: [{ role: "roles/run.invoker", members: ["user:ann@example.com"] }] };
  await it.call("POST", `${parent}/jobs/nightly:setIamPolicy`, { policy });
  const ann = runClient(it.cloud.url, it.cloud.token("ann@example.com"));
  expect((await ann.call("POST", `${parent}/jobs/nightly:run`, {})).status).toBe(200);
  expect((await ann.call("POST", `${parent}/jobs/nightly:run`, { overrides })).body.error.message).toContain(
    "run.jobs.runWithOverrides",
  );
});

test("jobs: an execution that is cancelled stops its tasks, and deleting one stops it first", async () => {
  await using it = await start();
  await it.settle("POST", `${parent}/jobs?jobId=nightly`, {
    template: template("held", { taskCount: 2, parallelism: 1 }),
  });
  const run = (await it.call("POST", `${parent}/jobs/nightly:run`, {})).body;
  await expect.poll(() => it.machines.tasks.length).toBe(1);
  const cancelled = (await it.settle("POST", `${run.metadata.name}:cancel`, {})).response;
  expect(cancelled).toMatchObject({ cancelledCount: 2 });
  expect(cancelled.conditions[0]).toMatchObject({ type: "Completed", executionReason: "CANCELLED" });
  expect((await it.call("GET", run.name)).body.error.code).toBe(1);
  expect((await it.call("POST", `${run.metadata.name}:cancel`, {})).status).toBe(400);

  const second = (await it.call("POST", `${parent}/jobs/nightly:run`, {})).body;
  await expect.poll(() => it.machines.tasks.length).toBe(2);
  await it.settle("DELETE", second.metadata.name);
  expect((await it.call("GET", second.metadata.name)).status).toBe(404);
  expect((await it.call("GET", `${second.metadata.name}/tasks`)).body.tasks).toBeUndefined();
});

test("jobs: an execution under way goes on in the next cloud: what was cut short counts as an attempt", async () => {
  const dir = mkdtempSync(join(tmpdir(), "aloft-jobs-"));
  try {
    let names: { readonly operation: string; readonly execution: string };
    {
      await using it = await start({ dir });
      const job = { template: template("held", { taskCount: 2, parallelism: 1 }, { maxRetries: 1 }) };
      await it.settle("POST", `${parent}/jobs?jobId=nightly`, job);
      const run = (await it.call("POST", `${parent}/jobs/nightly:run`, {})).body;
      await expect.poll(() => it.machines.tasks.length).toBe(1);
      names = { operation: run.name, execution: run.metadata.name };
    }
    await using it = await start({ dir });
    await expect.poll(() => it.machines.tasks.length).toBe(1);
    expect(it.machines.tasks[0]).toMatchObject({ index: 0, attempt: 1 });
    const [task] = (await it.call("GET", `${names.execution}/tasks`)).body.tasks;
    expect(task.lastAttemptResult.status.message).toContain("interrupted");
    it.machines.release();
    await expect.poll(() => it.machines.tasks.length).toBe(2);
    it.machines.release();
    const done = (await it.call("POST", `${names.operation}:wait`, { timeout: "20s" })).body;
    expect(done.response).toMatchObject({ succeededCount: 2, retriedCount: 1 });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
