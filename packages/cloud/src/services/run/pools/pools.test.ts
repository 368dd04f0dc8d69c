import { seededIds } from "@aloft/kit/ids";
import { expect, test } from "vitest";
import { startCloud } from "../../../cloud.ts";
import { runOver } from "../api.ts";
import { type Answer, runClient } from "../testing/client.ts";
import { pushServer } from "../testing/image.ts";
import { paperMachines } from "../testing/machines.ts";

const parent = "projects/demo/locations/us-central1";
const image = "us-docker.pkg.dev/demo/app/good:1";
const pool = `${parent}/workerPools/queue`;
const made = `${parent}/workerPools?workerPoolId=queue`;

async function start() {
  const machines = paperMachines();
  const cloud = await startCloud({
    services: [runOver(() => machines)],
    projects: { demo: 123456789012 },
    ids: seededIds("pools"),
  });
  cloud.host.projects.setEnabled("demo", "run.googleapis.com", true);
  return { machines, ...runClient(cloud.url, cloud.token()), [Symbol.asyncDispose]: () => cloud.close() };
}

test("worker pools: one has no URL, splits for traffic, and exactly so many instances as its scaling says", async () => {
  await using it = await start();
  const template = { containers: [{ image }] };
  const { response } = await it.settle("POST", made, { template, scaling: { manualInstanceCount: 3 } });
  expect(response).toMatchObject({
    "@type": "type.googleapis.com/google.cloud.run.v2.WorkerPool",
    name: pool,
    generation: "1",
    observedGeneration: "1",
    launchStage: "GA",
    terminalCondition: { type: "Ready", state: "CONDITION_SUCCEEDED" },
    latestReadyRevision: expect.stringMatching(`^${pool}/revisions/queue-00001-`),
    instanceSplits: [{ type: "INSTANCE_SPLIT_ALLOCATION_TYPE_LATEST", percent: 100 }],
    instanceSplitStatuses: [{ type: "INSTANCE_SPLIT_ALLOCATION_TYPE_LATEST", percent: 100 }],
    scaling: { manualInstanceCount: 3 },
    template: {
      serviceAccount: "123456789012-compute@developer.gserviceaccount.com",
      containers: [{ image, resources: { limits: { cpu: "1000m", memory: "512Mi" } } }],
    },
  });
  for (const field of ["uri", "urls", "ingress", "traffic"]) expect(response).not.toHaveProperty(field);
  expect(it.machines.served.get(pool)).toMatchObject({ hosts: [], listens: false, manual: true, minInstances: 3 });
  expect(it.machines.up.get(response.latestReadyRevision)).toMatchObject({
    kind: "workerPool",
    containers: [{ cpuIdle: false }],
  });
  expect((await it.call("GET", pool)).body).toEqual(expect.objectContaining({ name: pool, etag: response.etag }));
  expect((await it.call("GET", `${parent}/workerPools`)).body.workerPools).toHaveLength(1);
  expect((await it.call("GET", `${parent}/services`)).body).toEqual({});
  expect((await it.call("POST", made, { template })).status).toBe(409);
});

test("worker pools: an update by mask changes that alone; a new template is a new revision, and splits are by revision", async () => {
  await using it = await start();
  const template = { containers: [{ image }] };
  const first = (await it.settle("POST", made, { template, labels: { a: "b" } })).response.latestReadyRevision;
  const scaled = (await it.settle("PATCH", `${pool}?updateMask=scaling`, { scaling: { manualInstanceCount: 0 } }))
    .response;
  expect([scaled.latestReadyRevision, scaled.labels]).toEqual([first, { a: "b" }]);
  expect(it.machines.served.get(pool)).toMatchObject({ minInstances: 0 });
  const splits = [
    { type: "INSTANCE_SPLIT_ALLOCATION_TYPE_REVISION", revision: first.split("/").at(-1), percent: 50 },
    { type: "INSTANCE_SPLIT_ALLOCATION_TYPE_LATEST", percent: 50 },
  ];
  const env = [{ name: "MODE", value: "second" }];
  const second = { template: { containers: [{ image, env }] }, instanceSplits: splits };
  const { response } = await it.settle("PATCH", pool, second);
  expect(response.latestReadyRevision).toContain("/queue-00002-");
  expect(response.instanceSplitStatuses).toEqual(splits);
  expect(response).not.toHaveProperty("labels");
  const again = await it.settle("PATCH", `${pool}?forceNewRevision=true`, second);
  expect(again.response.latestReadyRevision).toContain("/queue-00003-");

  const { revisions } = (await it.call("GET", `${pool}/revisions`)).body;
  expect(revisions).toHaveLength(3);
  expect(revisions[0].logUri).toContain("cloud_run_worker_pool");
  expect((await it.call("DELETE", first)).body.error.message).toContain("cannot be deleted");
  expect((await it.call("PATCH", pool, { ...second, etag: '"old"' })).status).toBe(409);
  const deleted = await it.settle("DELETE", pool);
  expect(deleted.response.deleteTime).toBeDefined();
  expect((await it.call("GET", pool)).body.error.message).toBe(
    "Resource 'queue' of kind 'WORKER_POOL' in region 'us-central1' in project 'demo' does not exist.",
  );
  expect(it.machines.up.size).toBe(0);
});

test("worker pools: what is wrong is refused by field, and a failed revision says why", async () => {
  await using it = await start();
  const refused = async (body: object): Promise<string> => (await it.call("POST", made, body)).body.error.message;
  const at = "Violation in CreateWorkerPoolRequest.worker_pool";
  expect(await refused({})).toBe(`${at}.template: required field not present.`);
  const ports = [{ name: "http1", containerPort: 8080 }];
  expect(await refused({ template: { containers: [{ image, ports }] } })).toBe(
    `${at}.template.containers[0].ports: ports are not supported in worker pools.`,
  );
  const template = { containers: [{ image }] };
  expect(await refused({ template, instanceSplits: [{ percent: 10 }] })).toBe(
    `${at}.instance_splits: Instance splits sum to 10, want 100.`,
  );
  const bad = await it.call("POST", `${parent}/workerPools?workerPoolId=Queue`, { template });
  expect(bad.body.error.message).toContain("Violation in CreateWorkerPoolRequest.worker_pool_id: Resource name must");
  const failed = await it.settle("POST", made, {
    template: { containers: [{ image: image.replace("good", "broken") }] },
  });
  expect(failed.error.message).toContain("The user-provided container failed to start.");
});

test("worker pools: its instances really run, as many as asked for, and know whose they are", async () => {
  await using cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  for (const name of ["run", "artifactregistry", "logging"]) {
    cloud.host.projects.setEnabled("demo", `${name}.googleapis.com`, true);
  }
  const call = async (verb: string, path: string, body?: object) => {
    const answer = await fetch(`${cloud.url}/${path}`, {
      method: verb,
      headers: { authorization: `Bearer ${cloud.token()}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await answer.json()) as Answer;
  };
  await call("POST", `artifactregistry.googleapis.com/v1/${parent}/repositories?repositoryId=apps`, {
    format: "DOCKER",
  });
  const program = `
    const { CLOUD_RUN_WORKER_POOL: pool, CLOUD_RUN_WORKER_POOL_REVISION: revision, PORT: port, K_SERVICE: service } = process.env;
    console.log(JSON.stringify({ message: "working", pool, revision, port, service }));
    process.on("SIGTERM", () => { console.log("leaving"); process.exit(0); });
    setInterval(() => undefined, 1000);`;
  const pushed = await pushServer(cloud.url, cloud.token(), { program });
  const entries = async (filter: string) => {
    const resourceNames = ["projects/demo"];
    const full = `resource.type="cloud_run_worker_pool" resource.labels.worker_pool_name="queue" ${filter}`;
    return (
      (await call("POST", "logging.googleapis.com/v2/entries:list", { resourceNames, filter: full })).entries ?? []
    );
  };
  const settled = async (verb: string, path: string, body: object) => {
    const { name } = await call(verb, `run.googleapis.com/v2/${path}`, body);
    return call("POST", `run.googleapis.com/v2/${name}:wait`, { timeout: "60s" });
  };
  const template = { containers: [{ image: pushed }] };
  const { response } = await settled("POST", made, { template, scaling: { manualInstanceCount: 2 } });
  expect(response.terminalCondition.state).toBe("CONDITION_SUCCEEDED");
  const working = 'jsonPayload.message="working"';
  await expect.poll(async () => (await entries(working)).length, { timeout: 10_000 }).toBe(2);
  expect((await entries(working))[0].jsonPayload).toEqual({
    message: "working",
    pool: "queue",
    revision: response.latestReadyRevision.split("/").at(-1),
  });
  await settled("PATCH", `${pool}?updateMask=scaling`, { scaling: { manualInstanceCount: 1 } });
  await expect.poll(async () => (await entries('textPayload="leaving"')).length, { timeout: 10_000 }).toBe(1);
  await settled("PATCH", `${pool}?updateMask=scaling`, { scaling: { manualInstanceCount: 0 } });
  await expect.poll(async () => (await entries('textPayload="leaving"')).length, { timeout: 10_000 }).toBe(2);
}, 30_000);
