import { afterAll, beforeAll, expect, test } from "vitest";
import { localIam } from "../../../chain/iam.ts";
import { type Cloud, startCloud } from "../../../cloud.ts";
import { type Answer, type RunClient, runClient } from "../testing/client.ts";
import { pushServer } from "../testing/image.ts";

const parent = "projects/demo/locations/us-central1";
const account = "nightly@demo.iam.gserviceaccount.com";
let cloud: Cloud;
let run: RunClient;
let image: string;

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  for (const name of ["run", "artifactregistry", "secretmanager", "logging"]) {
    cloud.host.projects.setEnabled("demo", `${name}.googleapis.com`, true);
  }
  localIam(cloud.host.iam).accounts.create({ email: account, projectId: "demo" });
  run = runClient(cloud.url, cloud.token());
  await google("artifactregistry", `v1/${parent}/repositories?repositoryId=apps`, { format: "DOCKER" });
  await google("secretmanager", "v1/projects/demo/secrets?secretId=token", { replication: { automatic: {} } });
  const data = Buffer.from("a secret value").toString("base64");
  await google("secretmanager", "v1/projects/demo/secrets/token:addVersion", { payload: { data } });
  image = await pushServer(cloud.url, cloud.token());
});
afterAll(() => cloud.close());

async function google(name: string, path: string, body: object): Promise<Answer> {
  const answer = await fetch(`${cloud.url}/${name}.googleapis.com/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${cloud.token()}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Makes a job of a program of Node's, and answers the operation that did. */
function make(id: string, program: string, more: { readonly env?: object[]; readonly task?: object } = {}) {
  const { env = [], task = {} } = more;
  const container = { image, command: ["node"], args: ["-e", program], env };
  const template = { template: { containers: [container], serviceAccount: account, ...task } };
  return run.settle("POST", `${parent}/jobs?jobId=${id}`, { template });
}

const lines = async (job: string, log: string): Promise<Answer[]> => {
  const filter = `resource.type="cloud_run_job" resource.labels.job_name="${job}" logName:"${log}"`;
  return (await google("logging", "v2/entries:list", { resourceNames: ["projects/demo"], filter })).entries ?? [];
};

test("jobs: a task is a process with its place in the execution, its secrets, its identity and its logs", async () => {
  const env = [{ name: "TOKEN", valueSource: { secretKeyRef: { secret: "token", version: "1" } } }];
  const denied = await make("report", "0", { env });
  expect(denied.error.message).toMatch(/^Permission denied on secret: projects\/123456789012\/secrets\/token/);
  const policy = { bindings: [{ role: "roles/secretmanager.secretAccessor", members: [`serviceAccount:${account}`] }] };
  await google("secretmanager", "v1/projects/demo/secrets/token:setIamPolicy", { policy });

  const names = ["JOB", "EXECUTION", "TASK_INDEX", "TASK_ATTEMPT", "TASK_COUNT"].map((name) => `CLOUD_RUN_${name}`);
  const told = [...names, "PORT", "K_SERVICE"].map((name) => `process.env.${name}`);
  await make("told", `console.log([${told}, process.env.TOKEN.length].join(" "))`, { env });
  const done = await run.settle("POST", `${parent}/jobs/told:run`, {});
  expect(done.response).toMatchObject({ succeededCount: 1 });
  const id = done.response.name.split("/").at(-1);
  const [line] = await lines("told", "stdout");
  expect(line.textPayload).toBe(`told ${id} 0 0 1   14`);
  expect(line.labels).toMatchObject({
    "run.googleapis.com/execution_name": id,
    "run.googleapis.com/task_index": "0",
    "run.googleapis.com/task_attempt": "0",
  });
  expect((await lines("told", "varlog"))[0].textPayload).toBe("Container called exit(0).");
  expect((await lines("told", "activity")).map((each) => each.protoPayload.methodName)).toEqual([
    "google.cloud.run.v2.Jobs.RunJob",
  ]);
});

test("jobs: the code that a program ends with is told, and so is a program that there is not", async () => {
  await make("failing", "process.exit(3)", { task: { maxRetries: 0 } });
  const failed = await run.settle("POST", `${parent}/jobs/failing:run`, {});
  expect(failed.error.message).toMatch(/task0 failed with message: The container exited with an error\.$/);
  const [task] = (await run.call("GET", `${failed.metadata.name}/tasks`)).body.tasks;
  expect(task.lastAttemptResult).toMatchObject({ exitCode: 3 });

  const template = { containers: [{ image, command: ["nowhere"] }], serviceAccount: account, maxRetries: 0 };
  await run.settle("POST", `${parent}/jobs?jobId=absent`, { template: { template } });
  const absent = await run.settle("POST", `${parent}/jobs/absent:run`, {});
  expect(absent.error.message).toContain('error finding executable "nowhere"');
});

test("jobs: a task that takes too long is told to end, on the cloud's clock", async () => {
  const program = `process.on("SIGTERM", () => { console.log("bye"); process.exit(0); });
    console.log("up"); setTimeout(() => 0, 60_000)`;
  await make("slow", program, { task: { maxRetries: 0, timeout: "60s" } });
  const started = (await run.call("POST", `${parent}/jobs/slow:run`, {})).body;
  await expect.poll(async () => (await lines("slow", "stdout")).length, { timeout: 10_000 }).toBe(1);
  cloud.clock.advance(61_000);
  const { error } = (await run.call("POST", `${started.name}:wait`, { timeout: "20s" })).body;
  expect(error.message).toMatch(/failed with message: The configured timeout was reached\.$/);
  expect((await lines("slow", "stdout")).map((each) => each.textPayload)).toEqual(["up", "bye"]);
  expect((await lines("slow", "varlog"))[0].textPayload).toContain("maximum timeout of 60 seconds");
});
