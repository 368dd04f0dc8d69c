import { create } from "@bufbuild/protobuf";
import { TrafficTargetAllocationType } from "../../../gen/run-v2.enums.ts";
import type { Revision } from "../../../gen/types/google/cloud/run/v2/revision_pb.js";
import type { TrafficTarget, TrafficTargetStatus } from "../../../gen/types/google/cloud/run/v2/traffic_target_pb.js";
import { codeOf, type Fault, reason } from "./conditions.ts";
import type { Messages } from "./messages.ts";
import { idOf } from "./names.ts";
import { type Addressed, tagUrl } from "./places.ts";
import { faultOf, phaseOf } from "./revision.ts";

/** Where requests go: a revision that is ready. */
export interface Route {
  readonly revision: Revision;
  readonly percent: number;
  /** `""` for none. */
  readonly tag: string;
}

export type Resolved =
  | { readonly kind: "ready"; readonly routes: readonly Route[] }
  | { readonly kind: "pending" }
  | { readonly kind: "failed"; readonly fault: Fault };

type Target = Pick<TrafficTarget, "type" | "revision" | "percent" | "tag">;

/**
 * Finds the revisions that targets mean. `revisions` are all of the service, the newest first. Latest is the newest
 * that is ready.
 */
export function resolveTraffic(targets: readonly Target[], revisions: readonly Revision[]): Resolved {
  const routes: Route[] = [];
  let pending = false;
  for (const target of targets) {
    const latest = target.type === TrafficTargetAllocationType.LATEST;
    const revision = latest
      ? (revisions.find((each) => phaseOf(each) === "ready") ?? revisions[0])
      : revisions.find((each) => idOf(each.name) === target.revision);
    if (revision === undefined) return { kind: "failed", fault: missing(target.revision) };
    const phase = phaseOf(revision);
    if (phase === "failed") return { kind: "failed", fault: faultOf(revision) };
    if (phase === "pending") pending = true;
    else routes.push({ revision, percent: target.percent, tag: target.tag });
  }
  return pending ? { kind: "pending" } : { kind: "ready", routes };
}

/** What of targets that once were served still can be. */
export function stillServed(targets: readonly Target[], revisions: readonly Revision[]): Route[] {
  return targets.flatMap((target) => {
    const resolved = resolveTraffic([target], revisions);
    return resolved.kind === "ready" ? resolved.routes : [];
  });
}

export function statusesOf(m: Messages, targets: readonly TrafficTarget[], at: Addressed): TrafficTargetStatus[] {
  return targets.map(({ type, revision, percent, tag }) =>
    create(m.trafficStatus, { type, revision, percent, tag, uri: tag === "" ? "" : tagUrl(tag, at) }),
  );
}

function missing(revision: string): Fault {
  const reasons = reason.common("REVISION_FAILED");
  return {
    message: `Revision '${revision}' does not exist or is deleted. Update all traffic to route to currently available revisions.`,
    reasons,
    code: codeOf(reasons),
  };
}
