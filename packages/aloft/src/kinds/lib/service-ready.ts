import type { Change } from "../kind.ts";
import { lastPart } from "./answers.ts";
import { latestTraffic, type RunCondition, type RunService } from "./run-service.ts";

/** Google's message in one line, without what says nothing: what a plan has room for. */
export function inOneLine(message: string): string {
  const line = message
    .replace(/^Revision '[^']*' is not ready and cannot serve traffic\.\s*/, "")
    .replace(/Logs for this revision might contain more information\.\s*/, "")
    .replace(/This can happen when the container port is misconfigured or if the timeout is too short\.\s*/, "")
    .replace(/The health check timeout can be extended\.\s*/, "")
    .replace(/\s+/g, " ")
    .trim();
  return line.length > 240 ? `${line.slice(0, 237)}…` : line;
}

const failed = (condition: RunCondition | undefined): boolean => condition?.state === "CONDITION_FAILED";

/** The condition that says what is wrong, its own words first. */
export function failedCondition(service: RunService): RunCondition | undefined {
  const all = [service.terminalCondition, ...(service.conditions ?? [])];
  return all.find((c) => failed(c) && c?.message) ?? all.find(failed);
}

/** The condition that is still being worked on, as a line: `RoutesReady: waiting for the revision`. One that failed is of before. */
export function progressOf(service: RunService): string | undefined {
  const open = ["CONDITION_PENDING", "CONDITION_RECONCILING"];
  const pending = [...(service.conditions ?? []), service.terminalCondition].find(
    (c) => c?.type !== undefined && open.includes(c.state ?? ""),
  );
  if (pending === undefined) return service.reconciling === true ? "deploying" : undefined;
  return `${pending.type}: ${pending.message ? inOneLine(pending.message) : stateWord(pending.state)}`;
}

const stateWord = (state: string | undefined): string => (state ?? "pending").replace("CONDITION_", "").toLowerCase();

/** The revisions that serve, with their share: from what the service says of its traffic. */
function serving(service: RunService): { readonly latestPercent: number; readonly names: readonly string[] } {
  const targets = (service.trafficStatuses ?? []).filter(({ percent }) => (percent ?? 0) > 0);
  const latest = lastPart(service.latestReadyRevision ?? "");
  const isLatest = (t: (typeof targets)[number]): boolean =>
    t.type === latestTraffic || lastPart(t.revision ?? "") === latest;
  return {
    latestPercent: targets.filter(isLatest).reduce((sum, t) => sum + (t.percent ?? 0), 0),
    names: targets.map((t) => (t.type === latestTraffic ? latest : lastPart(t.revision ?? ""))),
  };
}

/** The revision that answers, for people. */
export const servingRevision = (service: RunService): string | undefined =>
  serving(service).names.find((name) => name !== "") ?? (lastPart(service.latestReadyRevision ?? "") || undefined);

/** Why a service that equals the file is still not in sync: not ready, or an older revision serves. */
export function readyChanges(service: RunService): readonly Change[] {
  const created = lastPart(service.latestCreatedRevision ?? "");
  const ready = lastPart(service.latestReadyRevision ?? "");
  const older = ready !== "" && ready !== created ? `; serving ${servingRevision(service)}` : "";
  const wrong = failedCondition(service);
  if (wrong !== undefined) {
    return [
      {
        op: "repair",
        field: "template",
        why: `revision ${created} FAILED: ${inOneLine(wrong.message ?? wrong.type ?? "no reason given")}${older}`,
      },
    ];
  }
  if (service.reconciling === true) return [{ op: "repair", why: progressOf(service) ?? "still deploying" }];
  if (service.terminalCondition?.state !== "CONDITION_SUCCEEDED") {
    return [{ op: "repair", why: `is ${stateWord(service.terminalCondition?.state)}` }];
  }
  if (created !== "" && ready !== created)
    return [{ op: "repair", field: "template", why: `revision ${created} is not ready${older}` }];
  return trafficChanges(service);
}

/** An old rollback that pinned the traffic, or a split: the newest revision must have all of it. */
export function trafficChanges(service: RunService): readonly Change[] {
  const pinned = (service.traffic ?? []).filter((t) => (t.percent ?? 0) > 0 && t.type !== latestTraffic);
  const { latestPercent, names } = serving(service);
  if (pinned.length === 0 && (latestPercent === 100 || (service.trafficStatuses ?? []).length === 0)) return [];
  const to = pinned.map((t) => `${lastPart(t.revision ?? "")} ${t.percent}%`).join(", ") || names.join(", ");
  return [{ op: "repair", field: "traffic", why: `traffic ${to || "0%"} → latest 100%` }];
}
