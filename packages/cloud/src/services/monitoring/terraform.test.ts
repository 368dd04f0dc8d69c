import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const v3 = "monitoring.googleapis.com/v3";

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "monitoring.googleapis.com", true);
});
afterAll(() => cloud.close());

test("monitoring as Terraform calls it: an alert policy's conditions have names, a mask changes what it lists", async () => {
  const filter = 'metric.type="run.googleapis.com/request_count" AND resource.type="cloud_run_revision"';
  const conditionThreshold = {
    aggregations: [{ alignmentPeriod: "60s", perSeriesAligner: "ALIGN_RATE", crossSeriesReducer: "REDUCE_NONE" }],
    comparison: "COMPARISON_GT",
    duration: "60s",
    filter,
    thresholdValue: 5,
    trigger: { count: 1 },
  };
  const body = {
    combiner: "OR",
    conditions: [{ displayName: "many", conditionThreshold }],
    displayName: "Errors",
    enabled: true,
    userLabels: { team: "shop" },
  };
  const { body: made } = await rest("POST", `${v3}/projects/demo/alertPolicies`, { body });
  const [condition] = made.conditions ?? [];
  expect(condition?.name).toMatch(new RegExp(`^${made.name}/conditions/\\d+$`));
  expect(made.creationRecord).toMatchObject({ mutatedBy: "you@local.aloft" });
  // REDUCE_NONE is the default, and is left out.
  const { crossSeriesReducer: _, ...aggregation } = { ...conditionThreshold.aggregations[0] };
  expect(condition?.conditionThreshold).toEqual({ ...conditionThreshold, aggregations: [aggregation] });
  const changed = { ...body, displayName: "not in the mask", enabled: false, conditions: [{ ...body.conditions[0] }] };
  const mask = "enabled,conditions,documentation,userLabels";
  const answer = await rest("PATCH", `${v3}/${made.name}?updateMask=${mask}`, { body: changed });
  expect(answer.body).toMatchObject({ displayName: "Errors", enabled: false, userLabels: { team: "shop" } });
  expect(answer.body.conditions?.[0]?.name).toMatch(new RegExp(`^${made.name}/conditions/\\d+$`));
});

test("monitoring as Terraform calls it: an objective's mask reaches into what it is measured by", async () => {
  const services = `${v3}/projects/demo/services`;
  await rest("POST", `${services}?serviceId=shop`, { body: { custom: {}, displayName: "Shop" } });
  const service = await rest("PATCH", `${services}/shop?updateMask=displayName,userLabels,telemetry`, {
    body: { displayName: "The shop", userLabels: { team: "shop" }, telemetry: { resourceName: "//x/y" } },
  });
  expect(service.body).toMatchObject({ name: "projects/123456789012/services/shop", custom: {} });
  expect(service.body).toMatchObject({ displayName: "The shop", telemetry: { resourceName: "//x/y" } });

  const good = (response: string): string => `metric.type="x" metric.label.response_code="${response}"`;
  const ratio = { goodServiceFilter: good("200"), totalServiceFilter: 'metric.type="x"' };
  const slos = `${services}/shop/serviceLevelObjectives`;
  const made = await rest("POST", `${slos}?serviceLevelObjectiveId=good`, {
    body: {
      goal: 0.9,
      rollingPeriod: "2419200s",
      serviceLevelIndicator: { requestBased: { goodTotalRatio: ratio } },
    },
  });
  expect(made.body).toMatchObject({
    name: "projects/123456789012/services/shop/serviceLevelObjectives/good",
    rollingPeriod: "2419200s",
  });
  const requestBased = ["badServiceFilter", "goodServiceFilter", "totalServiceFilter"]
    .map((name) => `goodTotalRatio.${name}`)
    .concat("distributionCut.range", "distributionCut.distributionFilter")
    .map((name) => `serviceLevelIndicator.requestBased.${name}`);
  const change = (indicator: object) =>
    rest("PATCH", `${slos}/good?updateMask=${requestBased.join()}`, { body: { serviceLevelIndicator: indicator } });
  const bad = { badServiceFilter: good("500"), totalServiceFilter: ratio.totalServiceFilter };
  const ratioed = await change({ requestBased: { goodTotalRatio: bad } });
  expect(ratioed.body.serviceLevelIndicator).toEqual({ requestBased: { goodTotalRatio: bad } });
  const cut = { distributionFilter: 'metric.type="y"', range: { max: 500 } };
  const distributed = await change({ requestBased: { distributionCut: cut } });
  expect(distributed.body).toMatchObject({
    goal: 0.9,
    serviceLevelIndicator: { requestBased: { distributionCut: cut } },
  });
  expect((await rest("DELETE", `${slos}/good`)).body).toEqual({});
});

test("monitoring as Terraform calls it: an alert may be on how fast an objective's budget burns", async () => {
  const create = (filter: string) =>
    rest("POST", `${v3}/projects/demo/alertPolicies`, {
      body: {
        displayName: "Burns",
        combiner: "OR",
        conditions: [
          { displayName: "fast", conditionThreshold: { filter, comparison: "COMPARISON_GT", duration: "0s" } },
        ],
      },
    });
  const objective = "projects/123456789012/services/shop/serviceLevelObjectives/good";
  for (const filter of [`select_slo_burn_rate("${objective}", "3600s")`, `select_slo_budget_fraction(${objective})`]) {
    const { status, body } = await create(filter);
    expect([status, body.conditions?.[0]?.conditionThreshold?.filter]).toEqual([200, filter]);
  }
  expect((await create('select_slo_burn_rate("shop", "1h")')).status).toBe(400);
  expect((await create(`select_slo_speed("${objective}")`)).status).toBe(400);
});
