import type { Message } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const dashboards = "monitoring.googleapis.com/v1/projects/demo/dashboards";
const query = { timeSeriesFilter: { filter: 'metric.type="run.googleapis.com/request_count"' } };
const tiles = [
  { xPos: 0, yPos: 0, width: 6, height: 4, widget: { text: { content: "hello" } } },
  { xPos: 6, width: 6, height: 4, widget: { xyChart: { dataSets: [{ timeSeriesQuery: query }], thresholds: [] } } },
];
const written = { displayName: "Shop", mosaicLayout: { columns: 12, tiles }, labels: { a_b: "" } };

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "monitoring.googleapis.com", true);
});
afterAll(() => cloud.close());

test("monitoring: a dashboard comes back as it was written, zeros and all, with what Google fills in", async () => {
  const { body: made } = await rest("POST", dashboards, { body: written });
  expect(made).toMatchObject(written);
  expect(made.name).toMatch(/^projects\/123456789012\/dashboards\/[0-9a-f-]{36}$/);
  const [first, second] = made.mosaicLayout?.tiles ?? [];
  expect(first?.widget?.text).toEqual({ content: "hello", format: "MARKDOWN", style: {} });
  expect(second?.widget?.xyChart?.dataSets?.[0]).toEqual({ timeSeriesQuery: query, targetAxis: "Y1" });
  const one = `monitoring.googleapis.com/v1/${made.name}`;
  expect((await rest("GET", one)).body).toEqual(made);
  expect((await rest("GET", dashboards)).body.dashboards).toEqual([made]);
  // Asked for numbers, it answers as the message is.
  const numbers = (await rest("GET", `${one}?$alt=json;enum-encoding=int`)).body.mosaicLayout?.tiles?.[0];
  expect(numbers).toEqual({
    width: 6,
    height: 4,
    widget: { text: { content: "hello", format: 1, style: {} } },
  });
  const message = await cloud.host.call<Message & { etag: string; displayName: string }>(
    "google.monitoring.dashboard.v1.DashboardsService/GetDashboard",
    { name: made.name },
    { kind: "user", email: "you@local.aloft" },
  );
  expect([message.displayName, message.etag]).toEqual(["Shop", made.etag]);

  const grid = { displayName: "Shop", gridLayout: { columns: 2, widgets: [{ blank: {} }] } };
  expect((await rest("PATCH", one, { body: grid })).body.error?.message).toMatch("non empty etag");
  expect((await rest("PATCH", one, { body: { ...grid, etag: "old" } })).status).toBe(409);
  const preview = await rest("PATCH", `${one}?validateOnly=True`, { body: { ...grid, etag: made.etag } });
  expect(preview.body).toMatchObject(grid);
  expect((await rest("GET", one)).body).toEqual(made);
  const changed = await rest("PATCH", one, { body: { ...grid, etag: made.etag } });
  expect(changed.body).toEqual({ ...grid, name: made.name, etag: changed.body.etag });
  expect(changed.body.etag).not.toBe(made.etag);
  expect((await rest("DELETE", one)).body).toEqual({});
  expect((await rest("GET", one)).body.error?.message).toBe("Requested entity was not found.");
});

test("monitoring: a dashboard has the id that it is given, once; what no dashboard can be is refused", async () => {
  const name = "projects/demo/dashboards/mine";
  const body = { name, displayName: "Mine" };
  expect((await rest("POST", dashboards, { body })).body.name).toBe("projects/123456789012/dashboards/mine");
  expect((await rest("POST", dashboards, { body })).status).toBe(409);
  const wide = { displayName: "Wide", mosaicLayout: { columns: 12, tiles: [{ xPos: 7, width: 6, height: 1 }] } };
  for (const refused of [{ displayName: "" }, { ...body, name: "projects/other/dashboards/mine" }, wide]) {
    expect((await rest("POST", dashboards, { body: refused })).body.error?.status).toBe("INVALID_ARGUMENT");
  }
  const unknown = await rest("POST", dashboards, { body: { ...body, name: "", colour: "red" } });
  expect(unknown.body.error?.message).toMatch("Unknown name \"colour\" at 'dashboard'");
});
