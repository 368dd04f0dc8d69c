import { create } from "@bufbuild/protobuf";
import {
  Condition_CommonReason,
  Condition_ExecutionReason,
  Condition_RevisionReason,
  Condition_Severity,
  Condition_State,
} from "../../../gen/run-v2.enums.ts";
import type { Condition } from "../../../gen/types/google/cloud/run/v2/condition_pb.js";
import type { CodeName } from "../../wire/rpc-error.ts";
import type { Messages } from "./messages.ts";
import { timestamp } from "./stamps.ts";

export type State = keyof typeof states;
export type Reasons = Condition["reasons"];

const states = {
  pending: Condition_State.CONDITION_PENDING,
  reconciling: Condition_State.CONDITION_RECONCILING,
  failed: Condition_State.CONDITION_FAILED,
  succeeded: Condition_State.CONDITION_SUCCEEDED,
} as const;

const stateNames = new Map<number, State>(Object.entries(states).map(([name, value]) => [value, name as State]));

/** Why something is not ready: the message, the reason, and the code that the operation fails with. */
export interface Fault {
  readonly message: string;
  readonly reasons: Reasons;
  readonly code: CodeName;
}

export interface ConditionChange {
  readonly type: string;
  readonly state: State;
  readonly message?: string | undefined;
  readonly reasons?: Reasons | undefined;
  readonly severity?: keyof typeof Condition_Severity | undefined;
}

/** What a condition says; undefined for none. */
export function stateOf(condition: Condition | undefined): State | undefined {
  return condition === undefined ? undefined : stateNames.get(condition.state);
}

/** The condition after a change. Its transition time moves only when its state does. */
export function changed(
  m: Messages,
  before: Condition | undefined,
  change: ConditionChange,
  nowMicros: number,
): Condition {
  const state = states[change.state];
  const kept = before?.type === change.type && before.state === state ? before.lastTransitionTime : undefined;
  return create(m.condition, {
    type: change.type,
    state,
    message: change.message ?? "",
    lastTransitionTime: kept ?? timestamp(nowMicros),
    severity: change.severity === undefined ? 0 : Condition_Severity[change.severity],
    reasons: change.reasons ?? { case: undefined },
  });
}

/** All of `changes`, each after the condition of its type among `before`. */
export function changedAll(
  m: Messages,
  before: readonly Condition[],
  changes: readonly ConditionChange[],
  nowMicros: number,
): Condition[] {
  return changes.map((change) => changed(m, find(before, change.type), change, nowMicros));
}

export function find(conditions: readonly Condition[], type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

export const reason = {
  common: (name: keyof typeof Condition_CommonReason): Reasons => ({
    case: "reason",
    value: Condition_CommonReason[name],
  }),
  execution: (name: keyof typeof Condition_ExecutionReason): Reasons => ({
    case: "executionReason",
    value: Condition_ExecutionReason[name],
  }),
  revision: (name: keyof typeof Condition_RevisionReason): Reasons => ({
    case: "revisionReason",
    value: Condition_RevisionReason[name],
  }),
} as const;

/** The code that an operation fails with for such a reason, as its users report them. */
export function codeOf(reasons: Reasons): CodeName {
  if (reasons.case === "revisionReason") return "FAILED_PRECONDITION";
  if (reasons.case !== "reason") return "INTERNAL";
  switch (reasons.value) {
    case Condition_CommonReason.CONTAINER_MISSING:
      return "NOT_FOUND";
    case Condition_CommonReason.UNKNOWN:
      return "INVALID_ARGUMENT";
    default:
      return "INTERNAL";
  }
}
