import { MetricServiceClient } from "@google-cloud/monitoring";
import { type Answer, equal, parent, refused, type Steps, truthy } from "./step.ts";

/** Monitoring v3: metrics and their points. */
export async function monitoring({ door, tag, step, all }: Steps): Promise<void> {
  const client = new MetricServiceClient({ fallback: door === "rest" });
  const type = `custom.googleapis.com/node/${tag}`;
  const name = `${parent}/metricDescriptors/${type}`;
  await step("createMetricDescriptor", async () => {
    const metricDescriptor = { type, metricKind: "GAUGE", valueType: "INT64", description: "by node" } as const;
    equal((await client.createMetricDescriptor({ name: parent, metricDescriptor }))[0].type, type);
  });
  await step("getMetricDescriptor", async () => {
    equal((await client.getMetricDescriptor({ name }))[0].metricKind, "GAUGE");
  });
  await step("listMetricDescriptors", async () => {
    const [found] = await client.listMetricDescriptors({ name: parent, filter: `metric.type="${type}"` });
    equal(
      found.map((each) => each.type),
      [type],
    );
  });
  const seconds = Math.floor(Date.now() / 1000);
  await step("createTimeSeries", async () => {
    const points = [{ interval: { endTime: { seconds } }, value: { int64Value: 42 } }];
    const series = { metric: { type }, resource: { type: "global", labels: { project_id: "demo" } }, points };
    await client.createTimeSeries({ name: parent, timeSeries: [series] });
  });
  await step("listTimeSeries", async () => {
    const interval = { startTime: { seconds: seconds - 60 }, endTime: { seconds: seconds + 60 } };
    const [found]: Answer = await client.listTimeSeries({ name: parent, filter: `metric.type="${type}"`, interval });
    equal(
      found.map((each: Answer) => String(each.points[0].value.int64Value)),
      ["42"],
    );
  });
  await step("listMonitoredResourceDescriptors", async () => {
    const [found] = await client.listMonitoredResourceDescriptors({ name: parent });
    truthy(
      found.some((each) => each.type === "cloud_run_revision"),
      "Cloud Run's is listed",
    );
  });
  await step("getMonitoredResourceDescriptor", async () => {
    const request = { name: `${parent}/monitoredResourceDescriptors/cloud_run_revision` };
    equal((await client.getMonitoredResourceDescriptor(request))[0].type, "cloud_run_revision");
  });
  await step("deleteMetricDescriptor", async () => {
    await client.deleteMetricDescriptor({ name });
    await refused(client.getMetricDescriptor({ name }), 5);
  });
  all(MetricServiceClient, ["createServiceTimeSeries"]);
  await client.close();
}
