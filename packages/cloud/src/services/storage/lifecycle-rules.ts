import { invalid } from "./errors.ts";
import type { Lifecycle, LifecycleRule } from "./messages.ts";
import type { StoredObject } from "./store.ts";

const dayMs = 24 * 60 * 60 * 1000;
const actions = new Set(["Delete", "SetStorageClass", "AbortIncompleteMultipartUpload"]);
const order = ["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"];
const known = new Set([
  "age",
  "createdBefore",
  "customTimeBefore",
  "daysSinceCustomTime",
  "daysSinceNoncurrentTime",
  "isLive",
  "matchesPrefix",
  "matchesStorageClass",
  "matchesSuffix",
  "noncurrentTimeBefore",
  "numNewerVersions",
]);

/** Throws 400 for a rule that Google refuses. */
export function checkLifecycle(lifecycle: Lifecycle): void {
  const rules = lifecycle.rule ?? [];
  if (rules.length > 100) throw invalid("A lifecycle management configuration can have at most 100 rules.");
  for (const { action, condition } of rules) {
    if (action?.type === undefined || !actions.has(action.type)) throw invalid("Invalid lifecycle action type.");
    if (action.type === "SetStorageClass" && !order.includes(action.storageClass ?? "")) {
      throw invalid(`Invalid storage class in a lifecycle action: ${action.storageClass ?? ""}.`);
    }
    const conditions = Object.keys(condition ?? {});
    const foreign = conditions.find((name) => !known.has(name));
    if (foreign !== undefined) throw invalid(`Unsupported lifecycle condition: ${foreign}.`);
    if (conditions.length === 0) throw invalid("A lifecycle rule must have at least one condition.");
  }
}

export type LifecycleAction = { readonly type: "Delete" } | { readonly type: "SetStorageClass"; readonly to: string };

/** What the rules do to one version of an object now: deletion wins, then the coldest class. `newer` counts versions after it. */
export function actionFor(
  lifecycle: Lifecycle,
  object: StoredObject,
  newer: number,
  nowMs: number,
): LifecycleAction | undefined {
  let coldest = order.indexOf(object.resource.storageClass ?? "STANDARD");
  let to: string | undefined;
  for (const rule of lifecycle.rule ?? []) {
    if (!fits(rule, object, newer, nowMs)) continue;
    if (rule.action?.type === "Delete") return { type: "Delete" };
    const rank = order.indexOf(rule.action?.storageClass ?? "");
    if (rule.action?.type === "SetStorageClass" && rank > coldest) {
      coldest = rank;
      to = rule.action.storageClass;
    }
  }
  return to === undefined ? undefined : { type: "SetStorageClass", to };
}

function fits({ condition = {} }: LifecycleRule, object: StoredObject, newer: number, nowMs: number): boolean {
  const { resource } = object;
  const isLive = object.state === "live";
  const since = (time: string | null | undefined, days: number): boolean =>
    time != null && nowMs - Date.parse(time) >= days * dayMs;
  const before = (time: string | null | undefined, date: string): boolean =>
    time != null && Date.parse(time) < Date.parse(date);
  const tests: readonly boolean[] = [
    condition.age === undefined || since(resource.timeCreated, condition.age),
    condition.createdBefore === undefined || before(resource.timeCreated, condition.createdBefore),
    condition.customTimeBefore === undefined || before(resource.customTime, condition.customTimeBefore),
    condition.daysSinceCustomTime === undefined || since(resource.customTime, condition.daysSinceCustomTime),
    condition.daysSinceNoncurrentTime === undefined ||
      (!isLive && since(resource.timeDeleted, condition.daysSinceNoncurrentTime)),
    condition.noncurrentTimeBefore === undefined ||
      (!isLive && before(resource.timeDeleted, condition.noncurrentTimeBefore)),
    condition.isLive === undefined || condition.isLive === isLive,
    condition.numNewerVersions === undefined || newer >= condition.numNewerVersions,
    condition.matchesPrefix === undefined || condition.matchesPrefix.some((each) => object.name.startsWith(each)),
    condition.matchesSuffix === undefined || condition.matchesSuffix.some((each) => object.name.endsWith(each)),
    condition.matchesStorageClass === undefined ||
      condition.matchesStorageClass.includes(resource.storageClass ?? "STANDARD"),
  ];
  return tests.every(Boolean);
}
