import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const crm = "cloudresourcemanager.googleapis.com";
const v1 = `${crm}/v1/projects`;
const v3 = `${crm}/v3`;

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  for (const api of ["iam", "secretmanager"]) cloud.host.projects.setEnabled("demo", `${api}.googleapis.com`, true);
});
afterAll(() => cloud.close());

test("projects: one is created, changed, deleted and brought back, and both versions tell the same", async () => {
  const labels = { team: "a" };
  const made = await rest("POST", v1, { body: { projectId: "new-project", name: "New Project", labels } });
  expect(made.body).toEqual({ name: expect.stringMatching(/^operations\/cp\.\d{19}$/) });
  const shown = { projectId: "new-project", name: "New Project", labels, lifecycleState: "ACTIVE" };
  expect((await rest("GET", `${crm}/v1/${made.body.name}`)).body).toMatchObject({
    done: true,
    metadata: { "@type": expect.stringContaining("v1.ProjectCreationStatus"), gettable: true, ready: true },
    response: { "@type": expect.stringContaining("v1.Project"), ...shown },
  });
  expect((await rest("GET", `${v3}/${made.body.name}`)).body).toMatchObject({
    metadata: { "@type": expect.stringContaining("v3.CreateProjectMetadata") },
    response: { projectId: "new-project", displayName: "New Project", state: "ACTIVE" },
  });
  const again = await rest("POST", v1, { body: { projectId: "new-project" } });
  expect([again.status, again.body.error?.message]).toEqual([409, "Requested entity already exists"]);

  const patch = await rest("PATCH", `${v3}/projects/new-project?updateMask=labels`, {
    body: { labels: { team: "b" } },
  });
  expect((await rest("GET", `${v3}/${patch.body.name}`)).body.response).toMatchObject({ displayName: "New Project" });
  const renamed = await rest("PUT", `${v1}/new-project`, { body: { name: "Renamed", labels: { team: "b" } } });
  expect(renamed.body).toMatchObject({ name: "Renamed", labels: { team: "b" } });
  expect((await rest("GET", `${v1}?filter=labels.team:b`)).body.projects).toHaveLength(1);
  expect((await rest("GET", `${v1}?filter=name:Ren* AND NOT id:demo`)).body.projects).toHaveLength(1);
  expect((await rest("GET", `${v1}?filter=-labels.team:*`)).body.projects?.map(({ projectId }) => projectId)).toEqual([
    "demo",
  ]);

  expect((await rest("DELETE", `${v1}/new-project`)).body).toEqual({});
  expect((await rest("GET", `${v1}/new-project`)).body.lifecycleState).toBe("DELETE_REQUESTED");
  const secrets = await rest("GET", "secretmanager.googleapis.com/v1/projects/new-project/secrets");
  expect([secrets.status, secrets.body.error?.message]).toEqual([
    403,
    expect.stringMatching(/^Project #\d+ has been deleted\.$/),
  ]);
  const twice = await rest("DELETE", `${v1}/new-project`);
  expect([twice.status, twice.body.error?.message]).toEqual([400, "Cannot delete an inactive project."]);
  expect((await rest("POST", `${v1}/new-project:undelete`)).body).toEqual({});
  expect((await rest("GET", `${v3}/projects/new-project`)).body).toMatchObject({ state: "ACTIVE" });
});

test("projects: ids, names and parents that are none are refused by field", async () => {
  const refusals = await Promise.all(
    [
      { projectId: "x" },
      { projectId: "good-id", name: "x".repeat(31) },
      { projectId: "good-id", parent: { type: "user", id: "1" } },
    ].map(async (body) => (await rest("POST", v1, { body })).body.error),
  );
  expect(refusals.map((error) => error?.message)).toEqual([
    "field [project_id] has issue [project_id must be at least 6 characters long]",
    "field [display_name] has issue [project display name must be at most 30 characters]",
    "field [parent] has issue [must be an organization or a folder]",
  ]);
  const robot = "robot-one@demo.iam.gserviceaccount.com";
  await rest("POST", "iam.googleapis.com/v1/projects/demo/serviceAccounts", { body: { accountId: "robot-one" } });
  const lone = await rest("POST", v1, { body: { projectId: "by-robot" }, as: robot });
  expect(lone.body.error?.message).toBe("Service accounts cannot create projects without a parent.");
  expect((await rest("POST", v1, { body: { projct: "x" } })).body.error?.message).toContain('Unknown name "projct"');
});

test("projects: one that a call merely named is its creator's; one that is in use is taken", async () => {
  expect((await rest("GET", `${v1}/named-first`)).status).toBe(200);
  expect((await rest("POST", v1, { body: { projectId: "named-first", name: "Named First" } })).status).toBe(200);
  expect((await rest("GET", `${v1}/named-first`)).body.name).toBe("Named First");
  await rest("GET", "serviceusage.googleapis.com/v1/projects/used-first/services");
  expect((await rest("POST", v1, { body: { projectId: "used-first" } })).status).toBe(409);
});

test("folders: the folder that the owner names as a parent is there, and its grants count below", async () => {
  const parent = { type: "folder", id: "111111111111" };
  await rest("POST", v1, { body: { projectId: "in-folder", parent } });
  expect((await rest("GET", `${v1}/in-folder`)).body.parent).toEqual(parent);
  const ancestry = (await rest("POST", `${v1}/in-folder:getAncestry`)).body.ancestor;
  expect(ancestry?.map(({ resourceId }) => resourceId?.type)).toEqual(["project", "folder", "organization"]);
  expect((await rest("GET", `${crm}/v3/folders/999999999999`)).status).toBe(403);

  const bindings = [{ role: "roles/browser", members: ["user:eve@example.com"] }];
  expect((await rest("GET", `${v1}/in-folder`, { as: "eve@example.com" })).status).toBe(403);
  await rest("POST", `${v3}/folders/111111111111:setIamPolicy`, { body: { policy: { bindings } } });
  expect((await rest("GET", `${v1}/in-folder`, { as: "eve@example.com" })).status).toBe(200);
});

test("folders: created, found, renamed, moved and deleted", async () => {
  const organization = (await rest("GET", `${v3}/organizations:search`)).body.organizations?.[0]?.name ?? "";
  const made = await rest("POST", `${v3}/folders`, { body: { displayName: "Team A", parent: organization } });
  const folder = (await rest("GET", `${v3}/${made.body.name}`)).body.response?.name ?? "";
  expect((await rest("GET", `${crm}/v1/${made.body.name}`)).body.response?.name).toBe(folder);
  const query = encodeURIComponent(`state=ACTIVE AND parent=${organization} AND displayName="Team A"`);
  expect((await rest("GET", `${v3}/folders:search?query=${query}`)).body.folders).toMatchObject([{ name: folder }]);
  const twin = await rest("POST", `${v3}/folders`, { body: { displayName: "team a", parent: organization } });
  expect(JSON.stringify(twin.body.error)).toContain("FOLDER_NAME_UNIQUENESS_VIOLATION");

  const inner = await rest("POST", `${v3}/folders`, { body: { displayName: "Inner", parent: folder } });
  const innerName = (await rest("GET", `${v3}/${inner.body.name}`)).body.response?.name ?? "";
  const full = await rest("DELETE", `${v3}/${folder}`);
  expect(JSON.stringify(full.body.error)).toContain("FOLDER_TO_DELETE_NON_EMPTY_VIOLATION");
  const cycle = await rest("POST", `${v3}/${folder}:move`, { body: { destinationParent: innerName } });
  expect(JSON.stringify(cycle.body.error)).toContain("CYCLE_INTRODUCED_ERROR");
  await rest("POST", `${v3}/${innerName}:move`, { body: { destinationParent: organization } });
  await rest("PATCH", `${v3}/${folder}?updateMask=displayName`, { body: { displayName: "Team B" } });
  expect((await rest("GET", `${v3}/folders?parent=${organization}`)).body.folders).toHaveLength(3);
  expect((await rest("DELETE", `${v3}/${folder}`)).body).toMatchObject({
    done: true,
    response: { displayName: "Team B", state: "DELETE_REQUESTED" },
  });
  expect((await rest("GET", `${v3}/folders?parent=${organization}`)).body.folders).toHaveLength(2);
});

test("projects: without new ones by name, what is not there is refused, and its folder too", async () => {
  await using strict = await startCloud({ projects: { demo: 1 }, newProjects: false, log: () => undefined });
  const at = restOf(() => strict);
  expect((await at("GET", `${v1}/unknown-one`)).body.error?.message).toBe("The caller does not have permission");
  const parent = { type: "folder", id: "42" };
  expect((await at("POST", v1, { body: { projectId: "unknown-one", parent } })).status).toBe(403);
  expect((await at("POST", v1, { body: { projectId: "unknown-one" } })).status).toBe(200);
  expect((await at("GET", `${v1}/unknown-one`)).body.lifecycleState).toBe("ACTIVE");
});

test("folders: version 2, as gcloud speaks it", async () => {
  const v2 = `${crm}/v2`;
  const made = await rest("POST", `${v2}/folders?parent=folders/777777777777`, { body: { displayName: "By gcloud" } });
  const name = (await rest("GET", `${crm}/v1/${made.body.name}`)).body.response?.name ?? "";
  const shown = { name, parent: "folders/777777777777", displayName: "By gcloud", lifecycleState: "ACTIVE" };
  expect((await rest("GET", `${v2}/${name}`)).body).toEqual({ ...shown, createTime: expect.any(String) });
  expect((await rest("GET", `${v2}/folders?parent=folders/777777777777`)).body.folders).toMatchObject([shown]);
  const query = 'displayName="By gcloud" AND lifecycleState=ACTIVE';
  expect((await rest("POST", `${v2}/folders:search`, { body: { query } })).body.folders).toMatchObject([shown]);
  const body = { displayName: "By another" };
  expect((await rest("PATCH", `${v2}/${name}?updateMask=display_name`, { body })).body).toMatchObject(body);
  expect((await rest("POST", `${v2}/${name}:getIamPolicy`, { body: {} })).body.bindings).toHaveLength(2);
  expect((await rest("DELETE", `${v2}/${name}`)).body.lifecycleState).toBe("DELETE_REQUESTED");
  expect((await rest("POST", `${v2}/${name}:undelete`, { body: {} })).body.lifecycleState).toBe("ACTIVE");
});

test("projects: names, folders, deletions and tags outlive a restart", async () => {
  const dir = mkdtempSync(join(tmpdir(), "aloft-resources-"));
  const parent = { type: "folder", id: "31415926" };
  let name = "";
  {
    await using first = await startCloud({ dir, log: () => undefined });
    const at = restOf(() => first);
    await at("POST", v1, { body: { projectId: "kept-one", name: "Kept One", labels: { a: "b" }, parent } });
    await at("POST", v1, { body: { projectId: "gone-one" } });
    await at("DELETE", `${v1}/gone-one`);
    const key = await at("POST", `${v3}/tagKeys`, { body: { parent: "projects/kept-one", shortName: "env" } });
    name = (await at("GET", `${v3}/${key.body.name}`)).body.response?.name ?? "";
    await at("POST", `${v3}/tagValues`, { body: { parent: name, shortName: "prod" } });
    const project = "//cloudresourcemanager.googleapis.com/projects/kept-one";
    const body = { parent: project, tagValueNamespacedName: "kept-one/env/prod" };
    expect((await at("POST", `${v3}/tagBindings`, { body })).status).toBe(200);
  }
  await using second = await startCloud({ dir, newProjects: false, log: () => undefined });
  const at = restOf(() => second);
  const kept = { name: "Kept One", labels: { a: "b" }, parent, lifecycleState: "ACTIVE" };
  expect((await at("GET", `${v1}/kept-one`)).body).toMatchObject(kept);
  expect((await at("GET", `${v1}/gone-one`)).body.lifecycleState).toBe("DELETE_REQUESTED");
  expect((await at("GET", `${v3}/folders/31415926`)).body.state).toBe("ACTIVE");
  const effective = await at(
    "GET",
    `${v3}/effectiveTags?parent=//cloudresourcemanager.googleapis.com/projects/kept-one`,
  );
  expect(effective.body.effectiveTags).toMatchObject([{ tagKey: name, namespacedTagValue: "kept-one/env/prod" }]);
  second.clock.advance(31 * 24 * 3_600_000);
  expect((await at("GET", `${v1}/gone-one`)).status).toBe(403);
  rmSync(dir, { recursive: true, force: true });
});

test("projects: a lien keeps one from being deleted until it is taken away", async () => {
  await rest("POST", v1, { body: { projectId: "held-fast" } });
  const restrictions = ["resourcemanager.projects.delete"];
  const body = { parent: "projects/held-fast", restrictions, reason: "in use", origin: "ops" };
  const lien = (await rest("POST", `${crm}/v1/liens`, { body })).body;
  expect(lien).toMatchObject({ parent: expect.stringMatching(/^projects\/\d+$/), restrictions, reason: "in use" });
  const refused = await rest("DELETE", `${v1}/held-fast`);
  expect([refused.status, refused.body.error?.message]).toEqual([
    400,
    "A lien to prevent deletion was placed on the project by [ops]. Remove the lien to allow deletion.",
  ]);
  expect((await rest("GET", `${v3}/liens?parent=projects/held-fast`)).body.liens).toEqual([lien]);
  expect((await rest("GET", `${crm}/v1/${lien.name}`, { as: "eve@example.com" })).status).toBe(403);
  expect((await rest("DELETE", `${crm}/v1/${lien.name}`)).body).toEqual({});
  expect((await rest("DELETE", `${v1}/held-fast`)).body).toEqual({});
});
