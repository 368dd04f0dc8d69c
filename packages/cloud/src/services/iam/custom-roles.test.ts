import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const roles = "iam.googleapis.com/v1/projects/demo/roles";
const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";
const dayMs = 24 * 3_600_000;

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  for (const api of ["iam", "secretmanager"]) cloud.host.projects.setEnabled("demo", `${api}.googleapis.com`, true);
  await rest("POST", `${secrets}?secretId=s`, { body: { replication: { automatic: {} } } });
});
afterAll(() => cloud.close());

const create = (roleId: string, includedPermissions: readonly string[], more: object = {}) =>
  rest("POST", roles, { body: { roleId, role: { title: roleId, includedPermissions, ...more } } });
const words = async (answer: ReturnType<typeof rest>) => {
  const { status, body } = await answer;
  return [status, body.error?.message];
};

test("custom roles: one grants what it holds, as long as it is on", async () => {
  expect((await create("secretLister", ["secretmanager.secrets.list"])).status).toBe(200);
  const role = "projects/demo/roles/secretLister";
  const bindings = [{ role, members: ["user:ann@example.com"] }];
  cloud.host.iam.setPolicy("projects/demo", {
    version: 1,
    bindings: [...cloud.host.iam.policy("projects/demo").bindings, ...bindings],
  });
  const status = async (path: string) => (await rest("GET", path, { as: "ann@example.com" })).status;
  expect([await status(secrets), await status(`${secrets}/s`)]).toEqual([200, 403]);

  const patch = (mask: string, body: object) => rest("PATCH", `${roles}/secretLister?updateMask=${mask}`, { body });
  await patch("includedPermissions", { includedPermissions: ["secretmanager.secrets.get"] });
  expect([await status(secrets), await status(`${secrets}/s`)]).toEqual([403, 200]);
  expect((await patch("stage", { stage: "DISABLED" })).body).toMatchObject({
    stage: "DISABLED",
    title: "secretLister",
  });
  expect(await status(`${secrets}/s`)).toBe(403);
  expect((await patch("title", { title: "x", etag: "BwWKaXIHoic=" })).status).toBe(409);
});

test("custom roles: a deleted one comes back for 7 days, and holds its id for 44", async () => {
  await create("gone", ["secretmanager.secrets.get"]);
  expect((await rest("DELETE", `${roles}/gone`)).body.deleted).toBe(true);
  const names = async (query: string) => ((await rest("GET", `${roles}${query}`)).body.roles ?? []).map((r) => r.name);
  expect(await names("")).not.toContain("projects/demo/roles/gone");
  expect(await names("?showDeleted=true")).toContain("projects/demo/roles/gone");
  const held = [400, "You can't create a role_id (gone) which has been marked for deletion."];
  expect(await words(create("gone", []))).toEqual(held);
  expect((await rest("POST", `${roles}/gone:undelete`, { body: {} })).body.deleted).toBeUndefined();

  await rest("DELETE", `${roles}/gone`);
  cloud.clock.advance(8 * dayMs);
  expect((await rest("POST", `${roles}/gone:undelete`, { body: {} })).status).toBe(404);
  expect(await words(create("gone", []))).toEqual(held);
  cloud.clock.advance(37 * dayMs);
  expect((await create("gone", [])).status).toBe(200);
});

test("custom roles: ids, permissions and bindings that Google refuses are refused", async () => {
  expect((await create("a-b", [])).status).toBe(400);
  expect(await words(create("typo", ["secretmanager.secret.get"]))).toEqual([
    400,
    "Permission secretmanager.secret.get is not valid.",
  ]);
  expect((await create("above", ["resourcemanager.projects.list"])).status).toBe(400);
  expect((await create("elsewhere", ["bigquery.tables.get"])).status).toBe(200);
  expect(await words(create("elsewhere", []))).toEqual([
    409,
    "A role named elsewhere in projects/demo already exists.",
  ]);
  expect((await rest("GET", `${roles}/nothing`)).body.error?.message).toBe(
    "The role named projects/demo/roles/nothing was not found.",
  );
  const bindings = [{ role: "projects/demo/roles/nothing", members: ["user:ann@example.com"] }];
  expect(await words(rest("POST", `${secrets}/s:setIamPolicy`, { body: { policy: { bindings } } }))).toEqual([
    400,
    "Role (projects/demo/roles/nothing) does not exist in the resource's hierarchy.",
  ]);
  expect((await rest("GET", "iam.googleapis.com/v1/organizations/1/roles")).status).toBe(501);
  const body = { fullResourceName: "//cloudresourcemanager.googleapis.com/projects/demo", pageSize: 1000 };
  const testable = await rest("POST", "iam.googleapis.com/v1/permissions:queryTestablePermissions", { body });
  expect(testable.body.permissions?.map(({ name }) => name)).toContain("secretmanager.versions.access");
});
