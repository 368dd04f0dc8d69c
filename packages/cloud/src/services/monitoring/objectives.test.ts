import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const v3 = "monitoring.googleapis.com/v3/projects/demo";

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "monitoring.googleapis.com", true);
});
afterAll(() => cloud.close());

test("monitoring: a service's objectives are kept under it, and go with it", async () => {
  const made = await rest("POST", `${v3}/services?serviceId=shop`, { body: { custom: {}, displayName: "Shop" } });
  expect(made.body).toMatchObject({ name: "projects/123456789012/services/shop", displayName: "Shop" });
  const goal = { goal: 0.99, rollingPeriod: "86400s" };
  const slos = `${v3}/services/shop/serviceLevelObjectives`;
  expect((await rest("POST", `${slos}?serviceLevelObjectiveId=fast`, { body: goal })).status).toBe(200);
  expect((await rest("POST", `${slos}?serviceLevelObjectiveId=fast`, { body: goal })).status).toBe(409);
  expect((await rest("POST", slos, { body: { goal: 1 } })).body.error?.status).toBe("INVALID_ARGUMENT");
  const changed = await rest("PATCH", `${slos}/fast?updateMask=goal`, { body: { goal: 0.5, displayName: "no" } });
  expect([changed.body.goal, changed.body.displayName, changed.body.rollingPeriod]).toEqual([0.5, undefined, "86400s"]);
  expect((await rest("GET", slos)).body.serviceLevelObjectives).toHaveLength(1);
  expect((await rest("DELETE", `${v3}/services/shop`)).body).toEqual({});
  expect((await rest("GET", `${slos}/fast`)).status).toBe(404);
});

test("monitoring: groups are in groups, and are deleted with them only when asked to", async () => {
  const make = async (displayName: string, filter: string, parentName = "") =>
    (await rest("POST", `${v3}/groups`, { body: { displayName, filter, parentName } })).body;
  const named = async (query: string) =>
    (await rest("GET", `${v3}/groups?${query}`)).body.group?.map(({ displayName }) => displayName);
  const outer = await make("outer", 'resource.type="generic_node"');
  const middle = await make("middle", 'resource.labels.location="here"', String(outer.name));
  const inner = await make("inner", 'resource.labels.node_id=starts_with("a")', String(middle.name));
  expect(await named(`childrenOfGroup=${outer.name}`)).toEqual(["middle"]);
  expect(new Set(await named(`descendantsOfGroup=${outer.name}`))).toEqual(new Set(["middle", "inner"]));
  expect(await named(`ancestorsOfGroup=${inner.name}`)).toEqual(["middle", "outer"]);
  const api = "monitoring.googleapis.com/v3";
  const ring = { displayName: "outer", filter: outer.filter, parentName: inner.name };
  expect((await rest("PUT", `${api}/${outer.name}`, { body: ring })).body.error?.status).toBe("INVALID_ARGUMENT");

  const write = async (resource: object) => {
    const endTime = new Date(cloud.host.clock.now()).toISOString();
    const points = [{ interval: { endTime }, value: { int64Value: "1" } }];
    const series = { metric: { type: "custom.googleapis.com/up" }, resource, points };
    expect((await rest("POST", `${v3}/timeSeries`, { body: { timeSeries: [series] } })).status).toBe(200);
  };
  for (const [location, node_id] of [
    ["here", "a1"],
    ["here", "b1"],
    ["there", "a2"],
  ]) {
    await write({ type: "generic_node", labels: { project_id: "demo", location, namespace: "", node_id } });
  }
  const members = async (group: string | undefined, query = "") => {
    const { body } = await rest("GET", `${api}/${group}/members${query}`);
    return [body.totalSize, ...(body.members?.map(({ labels }) => labels?.node_id) ?? [])];
  };
  expect(await members(outer.name)).toEqual([3, "a1", "b1", "a2"]);
  expect(await members(middle.name, "?pageSize=1")).toEqual([2, "a1"]);
  expect(await members(inner.name)).toEqual([1, "a1"]);
  cloud.clock.advance(3_600_000);
  expect(await members(outer.name)).toEqual([undefined]);

  expect((await rest("DELETE", `${api}/${outer.name}`)).body.error?.status).toBe("FAILED_PRECONDITION");
  expect((await rest("DELETE", `${api}/${outer.name}?recursive=true`)).status).toBe(200);
  expect((await rest("GET", `${api}/${inner.name}`)).status).toBe(404);
  const lost = { displayName: "lost", filter: 'resource.type="global"', parentName: outer.name };
  expect((await rest("POST", `${v3}/groups`, { body: lost })).status).toBe(404);
  expect((await make("odd", "nonsense=1")).error?.status).toBe("INVALID_ARGUMENT");
});
