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
  const make = async (displayName: string, parentName?: string) =>
    (await rest("POST", `${v3}/groups`, { body: { displayName, filter: "x=y", ...(parentName && { parentName }) } }))
      .body;
  const outer = await make("outer");
  const inner = await make("inner", String(outer.name));
  const within = await rest("GET", `${v3}/groups?childrenOfGroup=${outer.name}`);
  expect(within.body.group?.map(({ displayName }) => displayName)).toEqual(["inner"]);
  const api = "monitoring.googleapis.com/v3";
  expect((await rest("DELETE", `${api}/${outer.name}`)).body.error?.status).toBe("FAILED_PRECONDITION");
  expect((await rest("DELETE", `${api}/${outer.name}?recursive=true`)).status).toBe(200);
  expect((await rest("GET", `${api}/${inner.name}`)).status).toBe(404);
  expect(
    (await rest("POST", `${v3}/groups`, { body: { displayName: "lost", filter: "x=y", parentName: outer.name } }))
      .status,
  ).toBe(404);
  expect((await rest("GET", `${api}/${inner.name}/members`)).status).toBe(501);
});
