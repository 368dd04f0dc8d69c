import type { run_v1 } from "@googleapis/run";
import {
  Condition_CommonReason,
  Condition_ExecutionReason,
  Condition_RevisionReason,
} from "../../../../gen/run-v2.enums.ts";
import type { Condition } from "../../../../gen/types/google/cloud/run/v2/condition_pb.js";
import { stateOf } from "../conditions.ts";
import { timeOf } from "./metadata.ts";

const statuses = { succeeded: "True", failed: "False", pending: "Unknown", reconciling: "Unknown" } as const;
const severities: Readonly<Record<number, string>> = { 1: "Error", 2: "Warning", 3: "Info" };

/** A condition as Knative writes it. One that has no type yet gets `type`. */
export function conditionOut(condition: Condition, type = condition.type): run_v1.Schema$GoogleCloudRunV1Condition {
  const reason = reasonOf(condition.reasons);
  const severity = severities[condition.severity];
  return {
    type,
    status: statuses[stateOf(condition) ?? "pending"],
    ...(reason === undefined ? {} : { reason }),
    ...(condition.message === "" ? {} : { message: condition.message }),
    ...(severity === undefined ? {} : { severity }),
    ...(condition.lastTransitionTime === undefined ? {} : { lastTransitionTime: timeOf(condition.lastTransitionTime) }),
  };
}

/** The one that tells the whole first, then the others, none twice. */
export function conditionsOut(
  terminal: Condition | undefined,
  others: readonly Condition[],
  type: string,
): run_v1.Schema$GoogleCloudRunV1Condition[] {
  const rest = others.filter((each) => terminal === undefined || each.type !== type);
  return [...(terminal === undefined ? [] : [conditionOut(terminal, type)]), ...rest.map((each) => conditionOut(each))];
}

function reasonOf(reasons: Condition["reasons"]): string | undefined {
  switch (reasons.case) {
    case "reason":
      return camel(Condition_CommonReason, reasons.value);
    case "revisionReason":
      return camel(Condition_RevisionReason, reasons.value);
    case "executionReason":
      return camel(Condition_ExecutionReason, reasons.value);
    default:
      return undefined;
  }
}

/** `HEALTH_CHECK_CONTAINER_ERROR` is `HealthCheckContainerError`. */
function camel(of: Readonly<Record<string, number>>, value: number): string | undefined {
  const name = Object.entries(of).find(([, each]) => each === value)?.[0];
  return name
    ?.split("_")
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join("");
}
