import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededIds } from "@aloft/kit/ids";
import { expect, test } from "vitest";
import { startCloud } from "../../cloud.ts";
import { runOver } from "./api.ts";
import { runningServices } from "./running.ts";
import { type Answer, runClient } from "./testing/client.ts";
import { paperMachines } from "./testing/machines.ts";

const parent = "projects/demo/locations/us-central1";
const api = `${parent}/services/api`;
const image = (kind: string): string => `us-docker.pkg.dev/demo/app/${kind}:1`;
const template = (kind: string, more: object = {}): object => ({ containers: [{ image: image(kind) }], ...more });

async function start(options: { readonly dir?: string; readonly iam?: "enforce" | "off" } = {}) {
  const machines = paperMachines();
  const cloud = await startCloud({
    services: [runOver(() => machines)],
    projects: { demo: 123456789012 },
    ids: seededIds("run"),
    ...options,
  });
  cloud.host.projects.setEnabled("demo", "run.googleapis.com", true);
  return { cloud, machines, ...runClient(cloud.url, cloud.token()), [Symbol.asyncDispose]: () => cloud.close() };
}

const revisionIds = (of: { readonly traffic: readonly { readonly revision: string }[] } | undefined): string[] =>
  (of?.traffic ?? []).map(({ revision }) => revision.split("/").at(-1) ?? "");
const condition = (of: Answer, type: string): Answer => of.conditions.find((each: Answer) => each.type === type);

test("run: a service is pending until its revision's probe has passed, then ready with its addresses", async () => {
  await using it = await start();
  const created = await it.call("POST", `${parent}/services?serviceId=api`, { template: template("held") });
  expect(created.body).toMatchObject({ metadata: { generation: "1", reconciling: true } });
  expect(created.body.done).toBeUndefined();
  expect(created.body.metadata.terminalCondition).toEqual({ state: "CONDITION_PENDING" });
  const pending = (await it.call("GET", api)).body;
  for (const field of ["uri", "urls", "latestReadyRevision", "trafficStatuses", "observedGeneration", "ingress"]) {
    expect(pending, field).not.toHaveProperty(field);
  }
  const seen = (await it.call("GET", created.body.name)).body.metadata;
  expect(seen.terminalCondition).toMatchObject({ type: "Ready", state: "CONDITION_RECONCILING" });
  expect(condition(seen, "ConfigurationsReady").message).toMatch(/Waiting on revision api-00001-[a-z0-9]{3}\.$/);
  expect(runningServices(it.cloud.host)).toMatchObject([{ service: api, ready: false, revisions: [] }]);

  it.machines.release();
  const operation = (await it.call("POST", `${created.body.name}:wait`, {})).body;
  expect(operation).toMatchObject({ done: true, response: { terminalCondition: { state: "CONDITION_SUCCEEDED" } } });
  const ready = (await it.call("GET", api)).body;
  expect(ready.latestReadyRevision).toMatch(/\/revisions\/api-00001-[a-z0-9]{3}$/);
  expect(ready.urls).toEqual(["https://api-123456789012.us-central1.run.app", ready.uri]);
  expect(ready).toMatchObject({ observedGeneration: "1", creator: "you@local.aloft" });
  const revision = (await it.call("GET", ready.latestReadyRevision)).body;
  expect(revision).toMatchObject({ service: "api", maxInstanceRequestConcurrency: 80, generation: "1" });
  expect(revision.conditions.map((each: Answer) => [each.type, each.state])).toEqual(
    ["Ready", "Active", "ContainerHealthy", "ContainerReady", "ResourcesAvailable"].map((type) => [
      type,
      "CONDITION_SUCCEEDED",
    ]),
  );
  expect(runningServices(it.cloud.host)).toMatchObject([
    { url: ready.uri, localUrl: "http://127.0.0.1:1", ready: true, instances: 1, revisions: [{ percent: 100 }] },
  ]);
});

test("run: a revision that fails leaves the one before serving, and the operation says why", async () => {
  await using it = await start();
  const first = (await it.settle("POST", `${parent}/services?serviceId=api`, { template: template("good") })).response;
  for (const [kind, code, words] of [
    ["broken", 9, "Container called exit(1)."],
    ["missing", 5, "Image 'us-docker.pkg.dev/demo/app/missing:1' not found."],
    ["secretless", 13, "Permission denied on secret: projects/demo/secrets/s/versions/1."],
  ] as const) {
    const failed = await it.settle("PATCH", api, { template: template(kind) });
    const service = (await it.call("GET", api)).body;
    const id = service.latestCreatedRevision.split("/").at(-1);
    const message = expect.stringMatching(new RegExp(`^Revision '${id}' is not ready and cannot serve traffic\\. `));
    expect(failed.error).toMatchObject({ code, message });
    expect(failed.error.message.endsWith(words)).toBe(true);
    expect(service.terminalCondition).toMatchObject({ type: "Ready", state: "CONDITION_FAILED", message });
    expect(service.latestReadyRevision).toBe(first.latestReadyRevision);
    expect(service).not.toHaveProperty("reconciling");
    expect(service.observedGeneration).toBe("1");
    expect(condition(service, "RoutesReady").state).toBe("CONDITION_SUCCEEDED");
    const revision = (await it.call("GET", service.latestCreatedRevision)).body;
    expect(condition(revision, "Ready")).toMatchObject({ state: "CONDITION_FAILED" });
    expect(revisionIds(it.machines.served.get(api))).toEqual([first.latestReadyRevision.split("/").at(-1)]);
  }
  const mended = (await it.settle("PATCH", api, { template: template("good", { timeout: "20s" }) })).response;
  expect(mended.latestReadyRevision).toMatch(/api-00005-/);
  expect([...it.machines.up.keys()]).toEqual([mended.latestReadyRevision]);
});

test("run: only a change of the template makes a revision; a name that is taken is refused", async () => {
  await using it = await start();
  const named = template("good", { revision: "api-v1" });
  await it.settle("POST", `${parent}/services?serviceId=api`, { template: named });
  const labelled = (await it.settle("PATCH", `${api}?updateMask=labels`, { labels: { team: "a" } })).response;
  expect(labelled).toMatchObject({ generation: "2", observedGeneration: "2", labels: { team: "a" } });
  expect(labelled.latestCreatedRevision).toBe(`${api}/revisions/api-v1`);
  expect((await it.settle("PATCH", api, { template: template("good") })).response.labels).toBeUndefined();
  expect((await it.call("GET", `${api}/revisions`)).body.revisions).toHaveLength(1);

  const conflict = await it.call("PATCH", api, { template: template("good", { revision: "api-v1", timeout: "5s" }) });
  expect(conflict.status).toBe(409);
  expect(conflict.body.error.message).toBe("Revision named 'api-v1' with different configuration already exists.");
  const stale = await it.call("PATCH", api, { etag: labelled.etag, template: template("good") });
  expect(stale.body.error).toMatchObject({
    status: "ABORTED",
    message: expect.stringMatching(
      /^Conflict for resource 'api': version '\d{16}' was specified but current version is '\d{16}'\.$/,
    ),
  });
});

test("run: traffic goes by percent and tag, back to a retired revision, and nowhere that does not exist", async () => {
  await using it = await start();
  const one = (await it.settle("POST", `${parent}/services?serviceId=api`, { template: template("good") })).response;
  const first = one.latestReadyRevision.split("/").at(-1);
  const pinned = [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: first, percent: 100 }];
  const two = await it.settle("PATCH", api, {
    template: template("good", { timeout: "9s" }),
    traffic: [...pinned, { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", tag: "next" }],
  });
  const second = two.response.latestReadyRevision.split("/").at(-1);
  expect(two.response.trafficStatuses).toEqual([
    { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: first, percent: 100 },
    {
      type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST",
      tag: "next",
      uri: expect.stringMatching(/^https:\/\/next---api-.*-uc\.a\.run\.app$/),
    },
  ]);
  expect(it.machines.served.get(api)?.traffic).toEqual([
    { revision: `${api}/revisions/${first}`, percent: 100 },
    { revision: `${api}/revisions/${second}`, percent: 0, tag: "next" },
  ]);

  const latest = { traffic: [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100 }] };
  await it.settle("PATCH", `${api}?updateMask=traffic`, latest);
  expect([...it.machines.up.keys()]).toEqual([`${api}/revisions/${second}`]);
  const retired = (await it.call("GET", `${api}/revisions/${first}`)).body;
  expect(condition(retired, "Ready").state).toBe("CONDITION_SUCCEEDED");
  expect(condition(retired, "Active")).toMatchObject({ state: "CONDITION_FAILED", revisionReason: "RETIRED" });

  await it.settle("PATCH", `${api}?updateMask=traffic`, { traffic: pinned });
  expect(revisionIds(it.machines.served.get(api))).toEqual([first]);
  expect(it.machines.starts.get(`${api}/revisions/${first}`)).toBe(2);

  const nowhere = [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: "api-none", percent: 100 }];
  const lost = await it.settle("PATCH", `${api}?updateMask=traffic`, { traffic: nowhere });
  expect(lost.error).toMatchObject({
    code: 13,
    message: expect.stringMatching(/^Revision 'api-none' does not exist or is deleted/),
  });
  expect(revisionIds(it.machines.served.get(api))).toEqual([first]);
});

test("run: a revision with instances that always run goes when nothing in the traffic names it", async () => {
  await using it = await start();
  const scaling = { minInstanceCount: 1 };
  await it.settle("POST", `${parent}/services?serviceId=api`, { template: template("good", { scaling }) });
  const second = await it.settle("PATCH", api, { template: template("good", { scaling, timeout: "9s" }) });
  expect([...it.machines.up.keys()]).toEqual([second.response.latestReadyRevision]);
});

test("run: egress goes to the network that is named, and a connector that does not exist fails", async () => {
  await using it = await start();
  const networkInterfaces = [{ network: "projects/demo/global/networks/main", subnetwork: "private" }];
  const made = await it.settle("POST", `${parent}/services?serviceId=api`, {
    template: template("good", { vpcAccess: { networkInterfaces } }),
  });
  expect(made.response.template.vpcAccess.egress).toBe("PRIVATE_RANGES_ONLY");
  expect([...it.machines.up.values()][0]?.vpcNetwork).toBe("projects/demo/global/networks/main");
  const connector = `${parent}/connectors/none`;
  const failed = await it.settle("PATCH", api, { template: template("good", { vpcAccess: { connector } }) });
  expect(failed.error.message).toMatch(/VPC connector \S+ does not exist, or Cloud Run does not have permission/);
});

test("run: traffic is moved off a failed revision by name, though the service is not ready for its sake", async () => {
  await using it = await start();
  const one = (await it.settle("POST", `${parent}/services?serviceId=api`, { template: template("good") })).response;
  await it.settle("PATCH", api, { template: template("broken") });
  const revision = one.latestReadyRevision.split("/").at(-1);
  const traffic = [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision, percent: 100 }];
  const back = await it.settle("PATCH", `${api}?updateMask=traffic`, { traffic });
  expect(back.error).toBeUndefined();
  expect(back.response.terminalCondition.state).toBe("CONDITION_FAILED");
});

test("run: an update does not wait for a revision that takes its time", async () => {
  await using it = await start();
  const created = await it.call("POST", `${parent}/services?serviceId=api`, { template: template("held") });
  const second = (await it.settle("PATCH", api, { template: template("good") })).response;
  expect(second.latestReadyRevision).toMatch(/api-00002-/);
  it.machines.release();
  const first = (await it.call("POST", `${created.body.name}:wait`, {})).body;
  expect(first).toMatchObject({ done: true, response: { latestReadyRevision: second.latestReadyRevision } });
  expect([...it.machines.up.keys()]).toEqual([second.latestReadyRevision]);
});

test("run: validate_only changes nothing, bad input is told at once, and revisions in use stay", async () => {
  await using it = await start();
  const checked = await it.call("POST", `${parent}/services?serviceId=api&validateOnly=true`, {
    template: template("good"),
  });
  expect(checked.body).toMatchObject({ done: true, response: { template: { timeout: "300s" } } });
  expect((await it.call("GET", api)).body.error).toMatchObject({
    code: 404,
    message: "Resource 'api' of kind 'SERVICE' in region 'us-central1' in project 'demo' does not exist.",
  });
  const containers = [{ image: image("good"), env: [{ name: "PORT", value: "1" }] }];
  const refused = await it.call("POST", `${parent}/services?serviceId=Api`, {
    template: { containers, timeout: "2h" },
  });
  expect(refused.status).toBe(400);
  expect(
    (await it.call("POST", `${parent}/services?serviceId=Api`, { template: { containers, timeout: "7200s" } })).body
      .error.details[0].fieldViolations,
  ).toHaveLength(3);
  const created = (await it.settle("PATCH", `${api}?allowMissing=true`, { template: template("good") })).response;
  const latest = await it.call("DELETE", created.latestReadyRevision);
  expect(latest.body.error).toMatchObject({ status: "FAILED_PRECONDITION" });
  await it.settle("PATCH", api, { template: template("good", { timeout: "9s" }) });
  expect((await it.settle("DELETE", created.latestReadyRevision)).response.deleteTime).toBeDefined();
  const pools = await it.call("POST", `${parent}/builds:submit`, {});
  expect(pools).toMatchObject({
    status: 501,
    body: { error: { message: expect.stringContaining("google.cloud.run.v2.Builds.SubmitBuild") } },
  });
});

test("run: a deleted service stops answering, goes with its revisions and policy, and its name is free", async () => {
  await using it = await start();
  await it.settle("POST", `${parent}/services?serviceId=api`, { template: template("good") });
  const policy = { bindings: [{ role: "roles/run.invoker", members: ["allUsers"] }] };
  expect((await it.call("POST", `${api}:setIamPolicy`, { policy })).status).toBe(200);
  const gone = await it.settle("DELETE", api);
  expect(gone.response).toMatchObject({ generation: "2", terminalCondition: { state: "CONDITION_SUCCEEDED" } });
  expect(it.machines.served.size + it.machines.up.size).toBe(0);
  expect((await it.call("GET", `${api}/revisions`)).body).toEqual({});
  await it.settle("POST", `${parent}/services?serviceId=api`, { template: template("good") });
  expect((await it.call("GET", `${api}:getIamPolicy`)).body.bindings).toBeUndefined();
});

test("run: who may not act as the account may not deploy with it, and neither as one that does not exist", async () => {
  await using it = await start();
  const { host } = it.cloud;
  const deployer = "deployer@demo.iam.gserviceaccount.com";
  const member = `serviceAccount:${deployer}`;
  const { localIam } = await import("../../chain/iam.ts");
  localIam(host.iam).accounts.create({ email: deployer, projectId: "demo" });
  const { bindings } = host.iam.policy("projects/demo");
  host.iam.setPolicy("projects/demo", {
    version: 1,
    bindings: [...bindings, { role: "roles/run.admin", members: [member] }],
  });
  const theirs = runClient(it.cloud.url, it.cloud.token(deployer));
  const refused = await theirs.call("POST", `${parent}/services?serviceId=api`, { template: template("good") });
  const runtime = "123456789012-compute@developer.gserviceaccount.com";
  expect(refused).toMatchObject({
    status: 403,
    body: {
      error: {
        message: `Permission 'iam.serviceaccounts.actAs' denied on service account ${runtime} (or it may not exist).`,
      },
    },
  });
  const unknown = template("good", { serviceAccount: "nobody@demo.iam.gserviceaccount.com" });
  expect((await it.call("POST", `${parent}/services?serviceId=api`, { template: unknown })).status).toBe(403);
  const resource = `iam.googleapis.com/projects/demo/serviceAccounts/${runtime}`;
  host.iam.setPolicy(resource, { version: 1, bindings: [{ role: "roles/iam.serviceAccountUser", members: [member] }] });
  const unread = await theirs.call("POST", `${parent}/services?serviceId=api`, { template: template("good") });
  expect([unread.status, unread.body.error?.message]).toEqual([
    403,
    'Permission "artifactregistry.repositories.downloadArtifacts" denied on resource "projects/demo/locations/us/repositories/app" (or it may not exist)',
  ]);
  const repository = "artifactregistry.googleapis.com/projects/demo/locations/us/repositories/app";
  const reader = [{ role: "roles/artifactregistry.reader", members: [member] }];
  host.iam.setPolicy(repository, { version: 1, bindings: reader });
  expect((await theirs.call("POST", `${parent}/services?serviceId=api`, { template: template("good") })).status).toBe(
    200,
  );
});

test("run: after a crash what served is served again, and what was under way is finished", async () => {
  const dir = mkdtempSync(join(tmpdir(), "aloft-run-"));
  try {
    const before = await start({ dir });
    const first = (await before.settle("POST", `${parent}/services?serviceId=api`, { template: template("good") }))
      .response;
    const open = (await before.call("PATCH", api, { template: template("held") })).body;
    await before.cloud.close();

    await using after = await start({ dir });
    await expect.poll(() => after.machines.up.size, { interval: 5 }).toBe(1);
    expect(revisionIds(after.machines.served.get(api))).toEqual([first.latestReadyRevision.split("/").at(-1)]);
    after.machines.release();
    const done = (await after.call("POST", `${open.name}:wait`, { timeout: "5s" })).body;
    expect(done.response.latestReadyRevision).toMatch(/api-00002-/);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
