import { MetricServiceClient } from "@google-cloud/monitoring";
import { credentials } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";
import { metricsOf } from "./metrics.ts";

process.env.METADATA_SERVER_DETECTION = "none";

let cloud: Cloud;
let client: MetricServiceClient;
let options: { otherArgs: { headers: { authorization: string } } };
const rest = restOf(() => cloud);
const name = "projects/demo";
const v3 = `monitoring.googleapis.com/v3/${name}`;
const global = { type: "global", labels: { project_id: "demo" } };

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "monitoring.googleapis.com", true);
  client = new MetricServiceClient({
    servicePath: "127.0.0.1",
    port: cloud.port,
    projectId: "demo",
    sslCreds: credentials.combineChannelCredentials(credentials.createInsecure()),
  });
  options = { otherArgs: { headers: { authorization: `Bearer ${cloud.token()}` } } };
});
afterAll(async () => {
  await client.close();
  await cloud.close();
});

const nowS = () => Math.floor(cloud.clock.now() / 1000);
const last = (seconds: number) => ({ startTime: { seconds: nowS() - seconds }, endTime: { seconds: nowS() } });
const gauge = (type: string, value: number, labels: Record<string, string> = {}, atS = nowS()) => ({
  metric: { type, labels },
  resource: global,
  points: [{ interval: { endTime: { seconds: atS } }, value: { int64Value: value } }],
});
const write = (...timeSeries: object[]) => client.createTimeSeries({ name, timeSeries }, options);
const list = async (filter: string, more: object = {}) => {
  const [series] = await client.listTimeSeries({ name, filter, interval: last(3600), ...more }, options);
  return series;
};
const points = (series: Awaited<ReturnType<typeof list>>[number] | undefined) =>
  series?.points?.map(({ value }) => Number(value?.int64Value ?? value?.doubleValue));

test("monitoring: what the official client writes is read back, the newest first, and defines its metric", async () => {
  const type = "custom.googleapis.com/shop/orders";
  for (const value of [1, 2, 3]) {
    await write(gauge(type, value, { kind: "book" }), gauge(type, value * 10, { kind: "toy" }));
    cloud.clock.advance(60_000);
  }
  const all = await list(`metric.type = "${type}"`);
  expect(all.map((each) => [each.metric?.labels, points(each)])).toEqual([
    [{ kind: "book" }, [3, 2, 1]],
    [{ kind: "toy" }, [30, 20, 10]],
  ]);
  expect((await list(`metric.type="${type}" AND metric.labels.kind = starts_with("t")`)).map(points)).toEqual([
    [30, 20, 10],
  ]);
  const headers = await list(`metric.type="${type}"`, { view: "HEADERS" });
  expect(headers.map((each) => each.points)).toEqual([[], []]);
  const [descriptor] = await client.getMetricDescriptor({ name: `${name}/metricDescriptors/${type}` }, options);
  expect(descriptor).toMatchObject({ type, metricKind: "GAUGE", valueType: "INT64", labels: [{ key: "kind" }] });

  const aggregation = { alignmentPeriod: { seconds: 3600 }, perSeriesAligner: "ALIGN_MEAN" };
  expect((await list(`metric.type="${type}"`, { aggregation })).map(points)).toEqual([[2], [20]]);
  const grouped = { ...aggregation, crossSeriesReducer: "REDUCE_SUM" };
  const sum = await list(`metric.type="${type}"`, { aggregation: grouped });
  expect(sum.map((each) => [each.metric?.labels, each.resource?.labels, points(each)])).toEqual([
    [{}, { project_id: "demo" }, [22]],
  ]);
  const byKind = await list(`metric.type="${type}"`, {
    aggregation: { ...grouped, groupByFields: ["metric.label.kind"] },
  });
  expect(byKind.map((each) => [each.metric?.labels, points(each)])).toEqual([
    [{ kind: "book" }, [2]],
    [{ kind: "toy" }, [20]],
  ]);
});

test("monitoring: pages hold so many points, and together all of them", async () => {
  const type = "custom.googleapis.com/shop/orders";
  const query = `filter=${encodeURIComponent(`metric.type="${type}"`)}&interval.startTime=${new Date((nowS() - 3600) * 1000).toISOString()}&interval.endTime=${new Date(nowS() * 1000).toISOString()}`;
  const first = await rest("GET", `${v3}/timeSeries?${query}&pageSize=4`);
  const second = await rest("GET", `${v3}/timeSeries?${query}&pageSize=4&pageToken=${first.body.nextPageToken}`);
  const values = [...(first.body.timeSeries ?? []), ...(second.body.timeSeries ?? [])].flatMap((each) =>
    each.points?.map(({ value }) => Number(value?.int64Value)),
  );
  expect(values).toEqual([3, 2, 1, 30, 20, 10]);
  expect(second.body.nextPageToken).toBeUndefined();
});

test("monitoring: points out of order, too many or of another type are told in Google's words; the rest is kept", async () => {
  const type = "custom.googleapis.com/strict";
  await write(gauge(type, 1));
  const refused = (...series: object[]) =>
    write(...series).then(
      () => "",
      (thrown: Error) => thrown.message,
    );
  expect(await refused(gauge(type, 2, {}, nowS() - 10))).toContain(
    "One or more TimeSeries could not be written: Points must be written in order. One or more of the points specified had an older end time than the most recent point.: global{} timeSeries[0]: custom.googleapis.com/strict{}",
  );
  expect(await refused(gauge(type, 2, {}, nowS() + 2))).toContain("more frequently than the maximum sampling period");
  expect(await refused(gauge(type, 2, {}, nowS() + 3600))).toContain("in the future");
  cloud.clock.advance(10_000);
  const twice = await refused(gauge(type, 3), gauge(type, 4));
  expect(twice).toContain(
    "Field timeSeries[1] had an invalid value: Duplicate TimeSeries encountered. Only one point can be written per TimeSeries per request.: timeSeries[1]",
  );
  expect(points((await list(`metric.type="${type}"`))[0])).toEqual([3, 1]);
  cloud.clock.advance(10_000);
  const text = { ...gauge(type, 0), points: [{ ...gauge(type, 0).points[0], value: { stringValue: "x" } }] };
  expect(await refused(text)).toContain(`Value type for metric ${type} must be INT64, but is STRING.`);
  const elsewhere = { ...gauge(type, 5), resource: { type: "cloud_run_revision", labels: {} } };
  expect(await refused(elsewhere)).toContain(
    'Field timeSeries[0].resource.type had an invalid value of "cloud_run_revision"',
  );
  expect(await refused(gauge("run.googleapis.com/request_count", 5))).toContain("timeSeries[0].metric.type");
  const answer = await rest("POST", `${v3}/timeSeries`, {
    body: { timeSeries: [{ metric: { type }, resource: global, points: [] }] },
  });
  expect(answer.body.error?.details?.[0]).toMatchObject({ totalPointCount: 1, errors: [{ pointCount: 1 }] });
});

test("monitoring: a cumulative metric has rates and growth, also over its restart", async () => {
  const type = "custom.googleapis.com/served";
  const begun = nowS();
  const total = (value: number, since: number) => ({
    metric: { type },
    resource: global,
    metricKind: "CUMULATIVE",
    points: [
      { interval: { startTime: { seconds: since }, endTime: { seconds: nowS() } }, value: { int64Value: value } },
    ],
  });
  cloud.clock.advance(60_000);
  await write(total(60, begun));
  cloud.clock.advance(60_000);
  await write(total(180, begun));
  const again = nowS() + 1;
  cloud.clock.advance(60_000);
  await write(total(30, again));
  const aggregated = async (perSeriesAligner: string) =>
    points(
      (await list(`metric.type="${type}"`, { aggregation: { alignmentPeriod: { seconds: 60 }, perSeriesAligner } }))[0],
    );
  expect(await aggregated("ALIGN_DELTA")).toEqual([30, 120, 60]);
  expect(await aggregated("ALIGN_RATE")).toEqual([0.5, 2, 1]);
  await expect(aggregated("ALIGN_MEAN")).rejects.toThrow("cannot be applied to metrics with kind CUMULATIVE");
});

test("monitoring: the machines' figures are counted by the minute and have percentiles", async () => {
  const metrics = metricsOf(cloud.host);
  const resource = { type: "cloud_run_revision", labels: { project_id: "demo", service_name: "api" } };
  const record = (metric: string, value: number, labels: Record<string, string>) =>
    metrics.record({ project: "demo", metric: `run.googleapis.com/${metric}`, resource, labels, value });
  for (let ms = 1; ms <= 100; ms++) {
    record("request_count", 1, {
      response_code: ms > 95 ? "500" : "200",
      response_code_class: ms > 95 ? "5xx" : "2xx",
    });
    record("request_latencies", ms, { response_code: "200", response_code_class: "2xx" });
  }
  // They are seen at once, in a minute that is not over.
  cloud.clock.advance(1000);
  const counts = await list('metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision"');
  expect(counts.map((each) => [each.metric?.labels?.response_code, points(each)])).toEqual([
    ["200", [95]],
    ["500", [5]],
  ]);
  const bad = await list(
    'metric.type="run.googleapis.com/request_count" AND metric.labels.response_code_class = one_of("4xx", "5xx")',
  );
  expect(bad.map(points)).toEqual([[5]]);
  const aggregation = (perSeriesAligner: string) => ({
    aggregation: { alignmentPeriod: { seconds: 3600 }, perSeriesAligner },
  });
  const latency = 'metric.type="run.googleapis.com/request_latencies"';
  const [p50] = points((await list(latency, aggregation("ALIGN_PERCENTILE_50")))[0]) ?? [];
  const [p99] = points((await list(latency, aggregation("ALIGN_PERCENTILE_99")))[0]) ?? [];
  expect(p50).toBeGreaterThan(40);
  expect(p50).toBeLessThan(62);
  expect(p99).toBeGreaterThan(90);
  expect(p99).toBeLessThan(120);
  const [whole] = await list(latency);
  const held = whole?.points?.[0]?.value?.distributionValue;
  expect([
    Number(held?.count),
    held?.mean,
    held?.bucketCounts?.reduce((sum: number, each) => sum + Number(each), 0),
  ]).toEqual([100, 50.5, 100]);
});

test("monitoring: entries of logs are counted by log-based metrics, a value of theirs into a distribution", async () => {
  const logging = "logging.googleapis.com/v2";
  await rest("POST", `${logging}/${name}/metrics`, {
    body: {
      name: "errors",
      filter: "severity>=ERROR",
      metricDescriptor: { labels: [{ key: "path" }] },
      labelExtractors: { path: 'REGEXP_EXTRACT(jsonPayload.url, "^/(\\\\w+)")' },
    },
  });
  await rest("POST", `${logging}/${name}/metrics`, {
    body: {
      name: "took",
      filter: "jsonPayload.took:*",
      valueExtractor: "EXTRACT(jsonPayload.took)",
      metricDescriptor: { metricKind: "DELTA", valueType: "DISTRIBUTION", unit: "ms" },
    },
  });
  const entries = [
    { severity: "ERROR", jsonPayload: { url: "/cart/1", took: 10 } },
    { severity: "ERROR", jsonPayload: { url: "/cart/2", took: 30 } },
    { severity: "INFO", jsonPayload: { url: "/home", took: 20 } },
  ];
  const body = { logName: `${name}/logs/app`, resource: { type: "global" }, entries };
  expect((await rest("POST", `${logging}/entries:write`, { body })).status).toBe(200);
  cloud.clock.advance(1000);
  const errors = await list('metric.type="logging.googleapis.com/user/errors"');
  expect(errors.map((each) => [each.metric?.labels, points(each)])).toEqual([[{ path: "cart" }, [2]]]);
  const [took] = await list('metric.type="logging.googleapis.com/user/took"');
  expect(took?.points?.[0]?.value?.distributionValue).toMatchObject({ count: "3", mean: 20 });
  const filter = encodeURIComponent('metric.type = starts_with("logging.googleapis.com/user/")');
  const listed = await rest("GET", `${v3}/metricDescriptors?filter=${filter}`);
  expect(listed.body.metricDescriptors?.map(({ type }) => type)).toEqual([
    "logging.googleapis.com/user/errors",
    "logging.googleapis.com/user/took",
  ]);
  await rest("DELETE", `${logging}/${name}/metrics/errors`);
  expect(await list('metric.type="logging.googleapis.com/user/errors"')).toEqual([]);
});

test("monitoring: who may not write or read is told so, and what is not here is refused by name", async () => {
  const denied = await rest("GET", `${v3}/metricDescriptors`, { as: "eve@example.com" });
  expect([denied.status, denied.body.error?.message]).toEqual([
    403,
    expect.stringContaining("monitoring.metricDescriptors.list"),
  ]);
  const query = await rest("POST", `${v3}/timeSeries:query`, { body: { query: "fetch x" } });
  expect([query.status, query.body.error?.message]).toEqual([501, expect.stringContaining("QueryTimeSeries")]);
  for (const filter of ['resource.type="global"', "metric.type=", 'metric.type="a" AND nonsense="b"']) {
    await expect(list(filter)).rejects.toMatchObject({ code: 3 });
  }
});

test("monitoring: points go after six weeks", async () => {
  const type = "custom.googleapis.com/old";
  await write(gauge(type, 1));
  const left: number[] = [];
  for (const days of [40, 3]) {
    cloud.clock.advance(days * 86_400_000);
    options = { otherArgs: { headers: { authorization: `Bearer ${cloud.token()}` } } };
    left.push((await list(`metric.type="${type}"`, { interval: last(50 * 86_400) })).length);
  }
  expect(left).toEqual([1, 0]);
});
