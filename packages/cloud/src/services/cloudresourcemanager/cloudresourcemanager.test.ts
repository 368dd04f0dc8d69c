import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const v1 = "cloudresourcemanager.googleapis.com/v1/projects";
const v3 = "cloudresourcemanager.googleapis.com/v3/projects";

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
});
afterAll(() => cloud.close());

test("cloudresourcemanager: a project is shown alike by id and number, in both versions", async () => {
  const shown = { projectId: "demo", projectNumber: "123456789012", lifecycleState: "ACTIVE" };
  expect((await rest("GET", `${v1}/demo`)).body).toEqual({ ...shown, createTime: expect.any(String) });
  expect((await rest("GET", `${v1}/123456789012`)).body).toMatchObject(shown);
  expect((await rest("GET", `${v3}/demo`)).body).toMatchObject({ name: "projects/123456789012", state: "ACTIVE" });
  expect((await rest("POST", `${v1}/demo:getAncestry`, { body: {} })).body).toEqual({
    ancestor: [{ resourceId: { type: "project", id: "demo" } }],
  });
});

test("cloudresourcemanager: the owner makes a project by naming it, nobody else learns of one", async () => {
  expect((await rest("GET", `${v1}/brand-new`)).body).toMatchObject({ projectId: "brand-new" });
  for (const name of ["demo", "not-there"]) {
    const { status, body } = await rest("GET", `${v1}/${name}`, { as: "eve@example.com" });
    expect([status, body.error?.message]).toEqual([403, "The caller does not have permission"]);
  }
  expect((await rest("GET", v1, { as: "eve@example.com" })).body).toEqual({});
  expect((await rest("GET", `${v3}:search?query=id:brand*`)).body.projects).toHaveLength(1);
  expect((await rest("GET", `${v1}/99999`)).status).toBe(403);
});

test("cloudresourcemanager: a policy is read, changed and written with its etag, as gcloud and Terraform do it", async () => {
  const options = { body: { options: { requestedPolicyVersion: 3 } } };
  const policy = (await rest("POST", `${v1}/demo:getIamPolicy`, options)).body;
  expect(policy.bindings).toContainEqual({ role: "roles/owner", members: ["user:you@local.aloft"] });
  const bindings = [...(policy.bindings ?? []), { role: "roles/viewer", members: ["user:eve@example.com"] }];
  const wanted = { etag: policy.etag, bindings, version: 3 };
  const auditConfigs = [{ service: "allServices", auditLogConfigs: [{ logType: "DATA_READ" }] }];

  const written = await rest("POST", `${v1}/demo:setIamPolicy`, { body: { policy: { ...wanted, auditConfigs } } });
  expect(written.body).toMatchObject({ version: 1, bindings: expect.arrayContaining([bindings.at(-1)]) });
  // The default mask leaves audit configs alone.
  expect(written.body.auditConfigs).toBeUndefined();
  expect((await rest("GET", `${v1}/demo`, { as: "eve@example.com" })).status).toBe(200);

  const late = await rest("POST", `${v1}/demo:setIamPolicy`, { body: { policy: wanted } });
  expect([late.status, late.body.error?.status]).toEqual([409, "ABORTED"]);

  const updateMask = "bindings,etag,auditConfigs";
  const body = { policy: { ...wanted, etag: written.body.etag, auditConfigs }, updateMask };
  expect((await rest("POST", `${v1}/demo:setIamPolicy`, { body })).body.auditConfigs).toEqual(auditConfigs);
});

test("cloudresourcemanager: permissions are tested truthfully, and a field that is none is refused", async () => {
  const permissions = ["resourcemanager.projects.get", "resourcemanager.projects.setIamPolicy"];
  const asked = (as: string) => rest("POST", `${v1}/demo:testIamPermissions`, { body: { permissions }, as });
  expect((await asked("you@local.aloft")).body).toEqual({ permissions });
  expect((await asked("eve@example.com")).body).toEqual({ permissions: permissions.slice(0, 1) });
  expect((await asked("other@example.com")).body).toEqual({});
  const slip = await rest("POST", `${v1}/demo:setIamPolicy`, { body: { polcy: {} } });
  expect(slip.body.error?.message).toContain('Unknown name "polcy"');
});

test("cloudresourcemanager: what is not here says so by name", async () => {
  const { status, body } = await rest("POST", `${v1}/demo:setOrgPolicy`, { body: {} });
  expect([status, body.error?.status, body.error?.message]).toEqual([
    501,
    "UNIMPLEMENTED",
    "The local cloud does not implement cloudresourcemanager.projects.setOrgPolicy.",
  ]);
});

test("cloudresourcemanager: the project that pays must have the API on, and its use must be the caller's to give", async () => {
  const path = `${v1}/demo`;
  const off = await rest("GET", path, { payer: "demo" });
  expect(off.body.error?.details).toMatchObject([{ reason: "SERVICE_DISABLED" }, {}, {}]);
  cloud.host.projects.setEnabled("demo", "cloudresourcemanager.googleapis.com", true);
  expect((await rest("GET", path, { payer: "demo" })).status).toBe(200);
  const stranger = await rest("GET", path, { payer: "demo", as: "other@example.com" });
  expect(stranger.body.error?.message).toContain("does not have required permission to use project demo.");
  expect(stranger.body.error?.details).toMatchObject([{ reason: "USER_PROJECT_DENIED" }, {}]);
});
