import { v2 } from "@google-cloud/logging";
import { credentials } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { startCloud } from "../../cloud.ts";

process.env.METADATA_SERVER_DETECTION = "none";

test("logging: the official clients over gRPC write and list entries, and configure", async () => {
  await using cloud = await startCloud({ log: () => undefined, projects: { demo: 123456789012 } });
  const channel = {
    servicePath: "127.0.0.1",
    port: cloud.port,
    projectId: "demo",
    sslCreds: credentials.combineChannelCredentials(credentials.createInsecure()),
  };
  const options = { otherArgs: { headers: { authorization: `Bearer ${cloud.token()}` } } };
  const clients = [
    new v2.LoggingServiceV2Client(channel),
    new v2.ConfigServiceV2Client(channel),
    new v2.MetricsServiceV2Client(channel),
  ] as const;
  const [entries, config, metrics] = clients;
  const parent = "projects/demo";
  const resource = { type: "global" };
  const logName = `${parent}/logs/app`;

  const [bucket] = await config.createBucket(
    { parent: `${parent}/locations/global`, bucketId: "warnings", bucket: { retentionDays: 7 } },
    options,
  );
  await config.createSink(
    {
      parent,
      sink: { name: "warnings", destination: `logging.googleapis.com/${bucket.name}`, filter: "severity>=WARNING" },
    },
    options,
  );
  await metrics.createLogMetric({ parent, metric: { name: "warnings", filter: "severity>=WARNING" } }, options);
  for (const severity of ["INFO", "WARNING"] as const) {
    await entries.writeLogEntries({ entries: [{ logName, resource, severity, textPayload: severity }] }, options);
  }
  const read = async (resourceName: string) => {
    const [found] = await entries.listLogEntries({ resourceNames: [resourceName], filter: 'log_id("app")' }, options);
    return found.map(({ textPayload }: { textPayload?: string | null }) => textPayload);
  };
  expect(await read(parent)).toEqual(["INFO", "WARNING"]);
  expect(await read(`${bucket.name}/views/_AllLogs`)).toEqual(["WARNING"]);
  const [sinks] = await config.listSinks({ parent }, options);
  expect(sinks.map(({ name }: { name?: string | null }) => name)).toEqual(["_Default", "_Required", "warnings"]);
  const [types] = await entries.listMonitoredResourceDescriptors({}, options);
  expect(types.map(({ type }: { type?: string | null }) => type)).toContain("cloud_run_revision");
  await expect(config.getSink({ sinkName: `${parent}/sinks/none` }, options)).rejects.toMatchObject({
    code: 5,
    details: "Sink none does not exist",
  });
  await expect(config.getLink({ name: `${bucket.name}/links/l` }, options)).rejects.toMatchObject({ code: 5 });
  const [operation] = await config.createBucketAsync(
    { parent: `${parent}/locations/global`, bucketId: "later", bucket: {} },
    options,
  );
  expect([operation.done, operation.result?.name]).toEqual([true, `${parent}/locations/global/buckets/later`]);
  await Promise.all(clients.map((client) => client.close()));
});
