import { v2 } from "@google-cloud/logging";
import { type Answer, equal, parent, refused, type Steps, truthy } from "./step.ts";

/** Logging v2: entries, and what is counted of them. */
export async function logging({ door, tag, step, all }: Steps): Promise<void> {
  const options = { fallback: door === "rest" };
  const client = new v2.LoggingServiceV2Client(options);
  const metrics = new v2.MetricsServiceV2Client(options);
  const logName = `${parent}/logs/node-${tag}`;
  const filter = `logName="${logName}"`;
  await step("writeLogEntries", async () => {
    const entries = [
      { severity: "INFO", textPayload: "first" },
      { severity: "ERROR", jsonPayload: { fields: { n: { numberValue: 2 } } } },
    ] as Answer;
    await client.writeLogEntries({ logName, resource: { type: "global" }, labels: { by: "node" }, entries });
  });
  await step("listLogEntries", async () => {
    const [found]: Answer = await client.listLogEntries({ resourceNames: [parent], filter, orderBy: "timestamp asc" });
    equal(
      found.map((each: Answer) => each.severity),
      ["INFO", "ERROR"],
    );
    equal([found[0].textPayload, found[0].labels.by, found[0].resource.type], ["first", "node", "global"]);
    const request = { resourceNames: [parent], filter: `${filter} severity>=ERROR jsonPayload.n=2` };
    equal((await client.listLogEntries(request))[0].length, 1);
  });
  await step("listLogEntries with a filter that is none", async () => {
    await refused(client.listLogEntries({ resourceNames: [parent], filter: "severity>=>" }), 3);
  });
  await step("listLogs", async () => {
    truthy((await client.listLogs({ parent }))[0].includes(logName), "ours is listed");
  });
  await step("listMonitoredResourceDescriptors", async () => {
    const [found] = await client.listMonitoredResourceDescriptors({});
    truthy(
      found.some((each: Answer) => each.type === "cloud_run_revision"),
      "Cloud Run's is listed",
    );
  });
  if (door === "grpc") {
    await step("tailLogEntries", async () => {
      const stream = client.tailLogEntries();
      const seen = new Promise<Answer>((resolve, reject) => stream.on("data", resolve).on("error", reject));
      stream.write({ resourceNames: [parent], filter });
      const again = setInterval(() => {
        const entries = [{ textPayload: "tailed" }];
        client.writeLogEntries({ logName, resource: { type: "global" }, entries }).catch(() => undefined);
      }, 500);
      const { entries } = await seen.finally(() => clearInterval(again));
      equal(entries[0].logName, logName);
      stream.end();
    });
  }
  await step("deleteLog", async () => {
    await client.deleteLog({ logName });
    equal((await client.listLogEntries({ resourceNames: [parent], filter }))[0].length, 0);
  });
  all(v2.LoggingServiceV2Client, door === "rest" ? ["tailLogEntries"] : []);

  const metricName = `${parent}/metrics/node-${tag}`;
  await step("createLogMetric", async () => {
    const [made] = await metrics.createLogMetric({
      parent,
      metric: { name: `node-${tag}`, filter: "severity>=ERROR" },
    });
    equal(made.filter, "severity>=ERROR");
  });
  await step("getLogMetric", async () => equal((await metrics.getLogMetric({ metricName }))[0].name, `node-${tag}`));
  await step("listLogMetrics", async () => {
    truthy(
      (await metrics.listLogMetrics({ parent }))[0].some((each: Answer) => each.name === `node-${tag}`),
      "ours is listed",
    );
  });
  await step("updateLogMetric", async () => {
    const metric = { name: `node-${tag}`, filter: "severity>=CRITICAL" };
    equal((await metrics.updateLogMetric({ metricName, metric }))[0].filter, "severity>=CRITICAL");
  });
  await step("deleteLogMetric", async () => {
    await metrics.deleteLogMetric({ metricName });
    await refused(metrics.getLogMetric({ metricName }), 5);
  });

  all(v2.MetricsServiceV2Client);
  for (const each of [client, metrics]) await each.close();
}
