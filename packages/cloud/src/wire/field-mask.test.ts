import { expect, test } from "vitest";
import type { ServiceLevelObjectiveSchema } from "../../gen/types/google/monitoring/v3/service_pb.js";
import { applyFieldMask } from "./field-mask.ts";
import { createSchemas } from "./schemas.ts";

test("field mask: sets what it names, into messages and the same choice of a oneof, and nothing else", () => {
  const schemas = createSchemas();
  schemas.load("monitoring-v3");
  const schema = schemas.message<typeof ServiceLevelObjectiveSchema>("google.monitoring.v3.ServiceLevelObjective");
  const objective = (filter: string, max: number) =>
    schemas.create(schema, {
      displayName: filter,
      goal: max / 100,
      serviceLevelIndicator: {
        type: {
          case: "requestBased",
          value: { method: { case: "distributionCut", value: { distributionFilter: filter, range: { max } } } },
        },
      },
    });
  const changeable = ["display_name", "goal", "service_level_indicator"];
  const changed = (...paths: string[]) => {
    const before = objective("before", 50);
    const to = schemas.clone(schema, before);
    applyFieldMask(schema, to, objective("after", 80), { paths, changeable });
    // What was stored stays as it was, also below.
    expect(before).toEqual(objective("before", 50));
    return to;
  };
  const deep = changed("serviceLevelIndicator.requestBased.distributionCut.range.max");
  expect(deep).toEqual({ ...objective("before", 80), goal: 0.5 });
  expect(changed("goal")).toEqual({ ...objective("before", 50), goal: 0.8 });
  expect(changed("*")).toEqual(objective("after", 80));
  expect(() => changed("user_labels")).toThrow("cannot be updated");
  expect(() => changed("service_level_indicator.nothing")).toThrow("there is no field");
});

test("field mask: below a map it sets one entry, or takes it away", () => {
  const schemas = createSchemas();
  schemas.load("monitoring-v3");
  const schema = schemas.message<typeof ServiceLevelObjectiveSchema>("google.monitoring.v3.ServiceLevelObjective");
  const to = schemas.create(schema, { userLabels: { kept: "1", team_name: "old", gone: "1" } });
  const from = schemas.create(schema, { userLabels: { kept: "2", team_name: "new" } });
  applyFieldMask(schema, to, from, {
    paths: ["userLabels.team_name", "user_labels.gone"],
    changeable: ["user_labels"],
  });
  expect(to.userLabels).toEqual({ kept: "1", team_name: "new" });
});
