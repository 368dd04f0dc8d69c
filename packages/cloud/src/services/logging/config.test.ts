import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const v2 = "logging.googleapis.com/v2";
const project = "projects/demo";
const buckets = `${v2}/${project}/locations/global/buckets`;
const day = 86_400_000;

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
});
afterAll(() => cloud.close());

const write = (log: string, entry: object) =>
  rest("POST", `${v2}/entries:write`, {
    body: { logName: `${project}/logs/${log}`, resource: { type: "global" }, entries: [entry] },
  });
const texts = async (resourceName: string, filter = "", as?: string) => {
  const { body, status } = await rest("POST", `${v2}/entries:list`, {
    body: { resourceNames: [resourceName], filter: `textPayload:* ${filter}` },
    ...(as === undefined ? {} : { as }),
  });
  return status === 200 ? (body.entries ?? []).map(({ textPayload }) => textPayload) : status;
};

test("logging: a sink to a bucket keeps what it takes there, an exclusion keeps it out of _Default", async () => {
  await rest("POST", `${buckets}?bucketId=errors`, { body: { retentionDays: 3 } });
  const sink = await rest("POST", `${v2}/${project}/sinks`, {
    body: {
      name: "errors",
      destination: `logging.googleapis.com/projects/123456789012/locations/global/buckets/errors`,
      filter: "severity>=ERROR",
      exclusions: [{ name: "noise", filter: "textPayload:noise" }],
    },
  });
  expect([sink.status, sink.body.writerIdentity]).toEqual([200, undefined]);
  await rest("POST", `${v2}/${project}/exclusions`, { body: { name: "out", filter: 'log_id("noisy")' } });

  await write("app", { textPayload: "fine", severity: "INFO" });
  await write("app", { textPayload: "broken", severity: "ERROR" });
  await write("noisy", { textPayload: "dropped", severity: "INFO" });
  await write("noisy", { textPayload: "kept apart", severity: "ERROR" });
  await write("noisy", { textPayload: "noise", severity: "ERROR" });
  const where = `${project}/locations/global/buckets`;
  expect(await texts(`${where}/errors/views/_AllLogs`)).toEqual(["broken", "kept apart"]);
  expect(await texts(`${where}/_Default/views/_AllLogs`)).toEqual(["fine", "broken"]);
  expect(await texts(project)).toEqual(["fine", "broken", "kept apart"]);
  expect(
    (await rest("GET", `${v2}/${project}/logs?resourceNames=${where}/errors/views/_AllLogs`)).body.logNames,
  ).toEqual([`${project}/logs/app`, `${project}/logs/noisy`]);

  await rest("PATCH", `${v2}/${project}/exclusions/out?updateMask=disabled`, { body: { disabled: true } });
  await write("noisy", { textPayload: "let in", severity: "INFO" });
  expect(await texts(`${where}/_Default`)).toEqual(["fine", "broken", "let in"]);

  // Three days in the one bucket, thirty in the other.
  cloud.clock.advance(4 * day);
  expect(await texts(`${where}/errors`)).toEqual([]);
  expect(await texts(project)).toEqual(["fine", "broken", "let in"]);
  await rest("PATCH", `${buckets}/_Default?updateMask=retentionDays`, { body: { retentionDays: 60 } });
  cloud.clock.advance(40 * day);
  expect(await texts(project)).toEqual(["fine", "broken", "let in"]);
  cloud.clock.advance(20 * day);
  expect(await texts(project)).toEqual([]);
});

test("logging: a view shows what its filter lets through, to who may access it", async () => {
  await write("seen", { textPayload: "shown" });
  await write("unseen", { textPayload: "hidden" });
  const view = `${project}/locations/global/buckets/_Default/views/some`;
  const made = await rest("POST", `${buckets}/_Default/views?viewId=some`, { body: { filter: 'LOG_ID("seen")' } });
  expect(made.status).toBe(200);
  expect(await texts(view)).toEqual(["shown"]);
  const member = "reader@example.com";
  expect(await texts(view, "", member)).toBe(403);
  const policy = cloud.host.iam.policy(project);
  cloud.host.iam.setPolicy(project, {
    ...policy,
    bindings: [...policy.bindings, { role: "roles/logging.viewAccessor", members: [`user:${member}`] }],
  });
  expect(await texts(view, "", member)).toEqual(["shown"]);
  expect(await texts(project, "", member)).toBe(403);
  expect((await rest("POST", `${buckets}/_Default/views?viewId=bad`, { body: { filter: "((" } })).status).toBe(400);
  expect((await rest("DELETE", `${buckets}/_Default/views/_AllLogs`)).status).toBe(400);
});

test("logging: every project has two buckets and two sinks, the audit ones for good", async () => {
  const listed = await rest("GET", `${v2}/${project}/locations/-/buckets`);
  expect(listed.body.buckets?.map(({ name }) => String(name).split("/").at(-1)).slice(0, 2)).toEqual([
    "_Default",
    "_Required",
  ]);
  const sinks = await rest("GET", `${v2}/${project}/sinks`);
  expect(sinks.body.sinks?.map(({ name }) => name)).toEqual(["_Default", "_Required", "errors"]);
  expect((await rest("DELETE", `${buckets}/_Required`)).body.error?.status).toBe("FAILED_PRECONDITION");
  const more = { body: { retentionDays: 10 } };
  expect((await rest("PATCH", `${buckets}/_Required?updateMask=retentionDays`, more)).status).toBe(400);
  expect((await rest("DELETE", `${v2}/${project}/sinks/_Default`)).status).toBe(400);
  const audit = `${project}/locations/global/buckets/_Required/views/_AllLogs`;
  const entries = await rest("POST", `${v2}/entries:list`, { body: { resourceNames: [audit], pageSize: 1000 } });
  const logs = new Set(entries.body.entries?.map(({ logName }) => logName));
  expect([...logs]).toEqual([`${project}/logs/cloudaudit.googleapis.com%2Factivity`]);
});

test("logging: a bucket made as an operation, deleted and brought back", async () => {
  const started = await rest("POST", `${buckets}:createAsync?bucketId=later`, { body: { description: "later" } });
  expect(started.body).toMatchObject({ done: true, response: { description: "later", lifecycleState: "ACTIVE" } });
  const again = await rest("GET", `${v2}/${started.body.name}`);
  expect(again.body.metadata?.state).toBe("OPERATION_STATE_SUCCEEDED");
  expect((await rest("POST", `${buckets}?bucketId=later`, { body: {} })).status).toBe(409);
  await rest("DELETE", `${buckets}/later`);
  expect((await rest("GET", `${buckets}/later`)).body.lifecycleState).toBe("DELETE_REQUESTED");
  expect((await rest("POST", `${buckets}/later:undelete`, { body: {} })).status).toBe(200);
  expect((await rest("GET", `${buckets}/later`)).body.lifecycleState).toBe("ACTIVE");
  await rest("DELETE", `${buckets}/later`);
  cloud.clock.advance(8 * day);
  expect((await rest("GET", `${buckets}/later`)).status).toBe(404);
});

test("logging: a bucket with analytics is linked once; its operations tell of it under the project's number", async () => {
  await rest("POST", `${buckets}?bucketId=plain`, { body: {} });
  expect((await rest("POST", `${buckets}/plain/links?linkId=l`, { body: {} })).status).toBe(400);
  await rest("POST", `${buckets}?bucketId=linked`, { body: { analyticsEnabled: true } });
  const links = `${buckets}/linked/links`;
  expect((await rest("GET", `${links}/mine`)).body.error?.message).toMatch(/links\/mine does not exist$/);
  expect((await rest("POST", `${links}?linkId=not-one`, { body: {} })).body.error?.status).toBe("INVALID_ARGUMENT");
  const begun = await rest("POST", `${links}?linkId=mine`, { body: { description: "to ask" } });
  expect(begun.body.name).toMatch(/^projects\/123456789012\/locations\/global\/operations\//);
  expect([begun.body.done, begun.body.metadata?.state]).toEqual([undefined, "OPERATION_STATE_SCHEDULED"]);
  const { body: ended } = await rest("GET", `${v2}/${begun.body.name}`);
  expect(ended).toMatchObject({ name: begun.body.name, done: true, metadata: { state: "OPERATION_STATE_SUCCEEDED" } });
  const { body: link } = await rest("GET", `${links}/mine`);
  expect(link).toMatchObject({
    description: "to ask",
    lifecycleState: "ACTIVE",
    bigqueryDataset: { datasetId: "bigquery.googleapis.com/projects/demo/datasets/mine" },
  });
  expect(ended.response).toMatchObject(JSON.parse(JSON.stringify(link)));
  expect((await rest("POST", `${links}?linkId=mine`, { body: {} })).status).toBe(409);
  expect((await rest("POST", `${links}?linkId=second`, { body: {} })).body.error?.status).toBe("FAILED_PRECONDITION");
  expect((await rest("GET", links)).body.links).toEqual([link]);
  expect((await rest("DELETE", `${links}/mine`)).status).toBe(200);
  expect((await rest("GET", `${links}/mine`)).status).toBe(404);
});

test("logging: a project shows the Log Router's settings, which its organisation alone sets", async () => {
  const { body } = await rest("GET", `${v2}/${project}/settings`);
  expect(body.kmsServiceAccountId).toBe("cmek-p123456789012@gcp-sa-logging.iam.gserviceaccount.com");
  expect(body.loggingServiceAccountId).toBe("service-123456789012@gcp-sa-logging.iam.gserviceaccount.com");
  const changed = await rest("PATCH", `${v2}/${project}/settings`, { body: { disableDefaultSink: true } });
  expect(changed.body.error?.status).toBe("INVALID_ARGUMENT");
});

test("logging: who may read a view is said by its own policy", async () => {
  await rest("POST", `${buckets}?bucketId=shared`, { body: {} });
  await rest("POST", `${buckets}/shared/views?viewId=part`, { body: {} });
  const view = `${project}/locations/global/buckets/shared/views/part`;
  expect(await texts(view, "", "eve@example.com")).toBe(403);
  const empty = await rest("POST", `${v2}/${view}:getIamPolicy`, { body: { options: { requestedPolicyVersion: 3 } } });
  expect(empty.body).toEqual({ etag: empty.body.etag });
  const bindings = [{ role: "roles/logging.viewAccessor", members: ["user:eve@example.com"] }];
  const set = await rest("POST", `${v2}/${view}:setIamPolicy`, {
    body: { policy: { bindings, etag: empty.body.etag } },
  });
  expect(set.body).toMatchObject({ bindings });
  expect(await texts(view, "", "eve@example.com")).toEqual([]);
  const test = { body: { permissions: ["logging.views.access", "logging.views.delete"] }, as: "eve@example.com" };
  expect((await rest("POST", `${v2}/${view}:testIamPermissions`, test)).body.permissions).toEqual([
    "logging.views.access",
  ]);
  expect((await rest("POST", `${v2}/${view}2:getIamPolicy`, { body: {} })).status).toBe(404);
});

test("logging: log scopes name what is searched together; every project has one", async () => {
  const scopes = `${v2}/${project}/locations/global/logScopes`;
  expect((await rest("GET", `${scopes}/_Default`)).body.resourceNames).toEqual([project]);
  const body = { resourceNames: [project, `${project}/locations/global/buckets/_Default/views/_AllLogs`] };
  const made = await rest("POST", `${scopes}?logScopeId=mine`, { body });
  expect(made.body).toMatchObject({ name: `${project}/locations/global/logScopes/mine`, ...body });
  expect((await rest("POST", `${scopes}?logScopeId=mine`, { body })).status).toBe(409);
  const changed = await rest("PATCH", `${scopes}/mine?updateMask=description`, { body: { description: "Mine" } });
  expect(changed.body).toMatchObject({ description: "Mine", ...body });
  const first = await rest("GET", `${scopes}?pageSize=1`);
  const second = await rest("GET", `${scopes}?pageToken=${first.body.nextPageToken}`);
  const names = [first, second].flatMap(({ body }) => body.logScopes?.map(({ name }) => name?.split("/").at(-1)) ?? []);
  expect(names).toEqual(["_Default", "mine"]);
  for (const wrong of [{ resourceNames: [] }, { resourceNames: ["folders/x"] }, { ...body, colour: 1 }]) {
    expect((await rest("POST", `${scopes}?logScopeId=wrong`, { body: wrong })).status).toBeGreaterThanOrEqual(400);
  }
  expect((await rest("DELETE", `${scopes}/mine`)).body).toEqual({});
  expect((await rest("GET", `${scopes}/mine`)).status).toBe(404);
  expect((await rest("DELETE", `${scopes}/_Default`)).status).toBe(400);
});

test("logging: what is not here is refused by name", async () => {
  const org = await rest("GET", `${v2}/billingAccounts/1/sinks`);
  expect([org.status, org.body.error?.status]).toEqual([501, "UNIMPLEMENTED"]);
  const note = await rest("POST", `${v2}/${project}/sinks`, {
    body: { name: "away", destination: "storage.googleapis.com/archive" },
  });
  expect(note.body.writerIdentity).toBe("serviceAccount:cloud-logs@system.gserviceaccount.com");
  // As gcloud writes it.
  const unique = await rest("PUT", `${v2}/${project}/sinks/away?uniqueWriterIdentity=True`, {
    body: { destination: "storage.googleapis.com/archive" },
  });
  expect(unique.body.writerIdentity).toBe("serviceAccount:service-123456789012@gcp-sa-logging.iam.gserviceaccount.com");
  const wrong = { body: { name: "wrong", destination: "example.com/there" } };
  expect((await rest("POST", `${v2}/${project}/sinks`, wrong)).status).toBe(400);
});

test("logging: sinks work after a restart before anybody calls the API", async () => {
  const dir = mkdtempSync(join(tmpdir(), "aloft-logging-"));
  const options = { dir, projects: { demo: 123456789012 }, log: () => undefined };
  const outer = cloud;
  try {
    cloud = await startCloud(options);
    await rest("POST", `${v2}/${project}/exclusions`, { body: { name: "out", filter: 'log_id("noisy")' } });
    await cloud.close();
    cloud = await startCloud(options);
    const resource = { type: "global", labels: {} };
    for (const log of ["noisy", "app"]) {
      cloud.host.logs.write({ logName: `${project}/logs/${log}`, resource, textPayload: log });
    }
    expect(await texts(project)).toEqual(["app"]);
    await cloud.close();
  } finally {
    cloud = outer;
    rmSync(dir, { recursive: true, force: true });
  }
});

test("logging: a folder's sink that takes in children gets what is written below it, and only that", async () => {
  const folder = "folders/515151";
  const made = { projectId: "in-folder", parent: { type: "folder", id: "515151" } };
  await rest("POST", "cloudresourcemanager.googleapis.com/v1/projects", { body: made });
  const destination = "logging.googleapis.com/projects/demo/locations/global/buckets/below";
  await rest("POST", `${buckets}?bucketId=below`, { body: { retentionDays: 3 } });
  const sink = { name: "below", destination, filter: "severity>=ERROR", includeChildren: true };
  const created = await rest("POST", `${v2}/${folder}/sinks`, { body: sink });
  expect(created.body.writerIdentity).toBe(
    "serviceAccount:service-folder-515151@gcp-sa-logging.iam.gserviceaccount.com",
  );
  for (const id of ["in-folder", "demo"]) {
    const entries = [{ textPayload: `of ${id}`, severity: "ERROR" }];
    const logName = `projects/${id}/logs/app`;
    await rest("POST", `${v2}/entries:write`, { body: { logName, resource: { type: "global" }, entries } });
  }
  expect(await texts(`${project}/locations/global/buckets/below/views/_AllLogs`)).toEqual(["of in-folder"]);
  expect((await rest("GET", `${v2}/${folder}/sinks`)).body.sinks).toHaveLength(3);
  expect((await rest("GET", `${v2}/${folder}/locations/global/buckets/_Default`)).body.retentionDays).toBe(30);
  expect((await rest("GET", `${v2}/${folder}/sinks`, { as: "eve@example.com" })).status).toBe(403);
  const other = `${v2}/organizations/616161/exclusions`;
  expect((await rest("GET", other, { as: "eve@example.com" })).status).toBe(403);
  expect((await rest("GET", `${other}/none`)).body.error?.message).toBe(
    "Exclusion organizations/616161/exclusions/none does not exist",
  );
});
