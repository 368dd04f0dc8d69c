import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const scopes = "monitoring.googleapis.com/v1/locations/global/metricsScopes";

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012, shop: 210987654321 }, log: () => undefined });
  for (const id of ["demo", "shop"]) cloud.host.projects.setEnabled(id, "monitoring.googleapis.com", true);
});
afterAll(() => cloud.close());

test("monitoring: a project that monitors another sees its time series beside its own", async () => {
  const alone = await rest("GET", `${scopes}/demo`);
  const self = "locations/global/metricsScopes/123456789012";
  expect(alone.body.name).toBe(self);
  expect(alone.body.monitoredProjects?.map(({ name }) => name)).toEqual([`${self}/projects/123456789012`]);

  const type = "custom.googleapis.com/orders";
  const endTime = new Date(cloud.host.clock.now()).toISOString();
  const points = [{ interval: { endTime }, value: { int64Value: "3" } }];
  const series = { metric: { type }, resource: { type: "global", labels: { project_id: "shop" } }, points };
  await rest("POST", "monitoring.googleapis.com/v3/projects/shop/timeSeries", { body: { timeSeries: [series] } });
  const query = `filter=metric.type%3D%22${type}%22&interval.endTime=${endTime}`;
  const seen = async (): Promise<number> => {
    const { body } = await rest("GET", `monitoring.googleapis.com/v3/projects/demo/timeSeries?${query}`);
    return body.timeSeries?.map((each) => each).length ?? 0;
  };
  expect(await seen()).toBe(0);

  const name = "locations/global/metricsScopes/demo/projects/shop";
  const added = await rest("POST", `${scopes}/demo/projects`, { body: { name } });
  expect(added.body).toMatchObject({
    done: true,
    metadata: { state: "DONE" },
    response: { name: `${self}/projects/210987654321` },
  });
  expect((await rest("GET", `monitoring.googleapis.com/v1/${added.body.name}`)).body).toEqual(added.body);
  expect((await rest("POST", `${scopes}/demo/projects`, { body: { name } })).status).toBe(409);
  expect(await seen()).toBe(1);
  const of = await rest(
    "GET",
    `${scopes}:listMetricsScopesByMonitoredProject?monitoredResourceContainer=projects/shop`,
  );
  expect(of.body.metricsScopes?.map((each) => each.name?.split("/").at(-1))).toEqual(["210987654321", "123456789012"]);

  expect((await rest("DELETE", `${scopes}/demo/projects/shop`)).body.done).toBe(true);
  expect((await rest("DELETE", `${scopes}/demo/projects/shop`)).status).toBe(404);
  expect((await rest("DELETE", `${scopes}/demo/projects/demo`)).status).toBe(400);
  expect(await seen()).toBe(0);
});
