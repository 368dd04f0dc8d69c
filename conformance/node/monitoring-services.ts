import { ServiceMonitoringServiceClient } from "@google-cloud/monitoring";
import { type Answer, equal, parent, refused, type Steps, truthy } from "./step.ts";

/** Monitoring v3: services and their objectives. */
export async function monitoringServices({ door, tag, step, all }: Steps): Promise<void> {
  const client = new ServiceMonitoringServiceClient({ fallback: door === "rest" });
  const name = `projects/123456789012/services/${tag}`;
  const objective = `${name}/serviceLevelObjectives/good`;
  const listed = (found: Answer, wanted: string): void =>
    truthy(
      found.some((each: Answer) => each.name === wanted),
      "ours is listed",
    );
  await step("createService", async () => {
    const [made] = await client.createService({ parent, serviceId: tag, service: { custom: {}, displayName: "Shop" } });
    equal(made.name, name);
  });
  await step("getService", async () => equal((await client.getService({ name }))[0].displayName, "Shop"));
  await step("listServices", async () => listed((await client.listServices({ parent }))[0], name));
  await step("updateService", async () => {
    const service = { name, displayName: "Store" };
    const updateMask = { paths: ["display_name"] };
    equal((await client.updateService({ service, updateMask }))[0].displayName, "Store");
  });
  await step("createServiceLevelObjective", async () => {
    const goodTotalRatio = { goodServiceFilter: 'metric.type="a"', totalServiceFilter: 'metric.type="b"' };
    const serviceLevelObjective = {
      goal: 0.9,
      rollingPeriod: { seconds: 86_400 },
      serviceLevelIndicator: { requestBased: { goodTotalRatio } },
    };
    const request = { parent: name, serviceLevelObjectiveId: "good", serviceLevelObjective };
    equal((await client.createServiceLevelObjective(request))[0].name, objective);
  });
  await step("getServiceLevelObjective", async () => {
    equal((await client.getServiceLevelObjective({ name: objective }))[0].goal, 0.9);
  });
  await step("listServiceLevelObjectives", async () => {
    listed((await client.listServiceLevelObjectives({ parent: name }))[0], objective);
  });
  await step("updateServiceLevelObjective", async () => {
    const path = "service_level_indicator.request_based.good_total_ratio.bad_service_filter";
    const goodTotalRatio = { badServiceFilter: 'metric.type="c"' };
    const serviceLevelObjective = { name: objective, serviceLevelIndicator: { requestBased: { goodTotalRatio } } };
    const request = { serviceLevelObjective, updateMask: { paths: [path] } };
    const [changed] = await client.updateServiceLevelObjective(request);
    const ratio = changed.serviceLevelIndicator?.requestBased?.goodTotalRatio;
    equal([ratio?.badServiceFilter, ratio?.goodServiceFilter], ['metric.type="c"', 'metric.type="a"']);
  });
  await step("deleteServiceLevelObjective", async () => {
    await client.deleteServiceLevelObjective({ name: objective });
    await refused(client.getServiceLevelObjective({ name: objective }), 5);
  });
  await step("deleteService", async () => {
    await client.deleteService({ name });
    await refused(client.getService({ name }), 5);
  });
  all(ServiceMonitoringServiceClient);
  await client.close();
}
