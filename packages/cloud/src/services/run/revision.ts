import { clone, create, equals } from "@bufbuild/protobuf";
import type { Revision } from "../../../gen/types/google/cloud/run/v2/revision_pb.js";
import type { RevisionTemplate } from "../../../gen/types/google/cloud/run/v2/revision_template_pb.js";
import type { Service } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { RevisionFailure } from "../../machines/machines.ts";
import {
  type ConditionChange,
  changedAll,
  codeOf,
  type Fault,
  find,
  type Reasons,
  reason,
  type State,
  stateOf,
} from "./conditions.ts";
import type { Messages } from "./messages.ts";
import { idOf, parseService, revisionNameOf } from "./names.ts";
import { etagOf, timestamp } from "./stamps.ts";

export type Phase = "pending" | "ready" | "failed";

/** Whether its first start is still to come, went well, or failed for good. */
export function phaseOf(revision: Revision): Phase {
  const state = stateOf(find(revision.conditions, "Ready"));
  return state === "succeeded" ? "ready" : state === "failed" ? "failed" : "pending";
}

/** What a failed revision's service says of it. */
export function faultOf(revision: Revision): Fault {
  const ready = find(revision.conditions, "Ready");
  const prefix = `Revision '${idOf(revision.name)}' is not ready and cannot serve traffic.`;
  const reasons = ready?.reasons ?? { case: undefined };
  return { message: `${prefix} ${ready?.message ?? ""}`.trim(), reasons, code: codeOf(reasons) };
}

/** Whether two templates make the same revision: their names are left aside. */
export function sameTemplate(m: Messages, a: RevisionTemplate | undefined, b: RevisionTemplate | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const [one, other] = [clone(m.template, a), clone(m.template, b)];
  one.revision = "";
  other.revision = "";
  return equals(m.template, one, other);
}

export interface NewRevision {
  readonly id: string;
  readonly uid: string;
  readonly nowMicros: number;
  readonly creator: string;
  /** The image by digest, where the registry knows it; undefined leaves what the template says. */
  readonly pin: (image: string) => string | undefined;
}

/** The revision that a service's template makes, not started yet. */
export function makeRevision(m: Messages, service: Service, init: NewRevision): Revision {
  const template = clone(m.template, service.template ?? create(m.template));
  const { project, service: serviceId } = parseService(service.name);
  const created = timestamp(init.nowMicros);
  const name = revisionNameOf(service.name, init.id);
  for (const container of template.containers) container.image = init.pin(container.image) ?? container.image;
  const { revision: _, healthCheckDisabled: __, $typeName: ___, ...content } = template;
  const revision = create(m.revision, {
    ...content,
    name,
    uid: init.uid,
    generation: 1n,
    createTime: created,
    updateTime: created,
    launchStage: service.launchStage,
    service: serviceId,
    creator: init.creator,
    reconciling: true,
    logUri: logUriOf(project, service.name, init.id),
    etag: etagOf(name, created),
  });
  revision.conditions = changedAll(m, [], conditionsOf("pending"), init.nowMicros);
  return revision;
}

/** The revision (the caller's own copy) once its first start has ended, well or not. */
export function settleRevision(
  m: Messages,
  revision: Revision,
  failure: RevisionFailure | undefined,
  now: number,
): void {
  const changes = failure === undefined ? conditionsOf("ready") : conditionsOf("failed", failure);
  touch(m, revision, changes, now);
  revision.reconciling = false;
  revision.observedGeneration = revision.generation;
}

/** The revision (the caller's own copy) once it runs for traffic, or no longer. Answers whether that is news. */
export function setActive(m: Messages, revision: Revision, active: boolean, now: number): boolean {
  const before = stateOf(find(revision.conditions, "Active"));
  if (before === (active ? "succeeded" : "failed")) return false;
  touch(m, revision, conditionsOf(active ? "ready" : "retired"), now);
  const least = revision.scaling?.minInstanceCount ?? 0;
  if (active && least > 0) revision.scalingStatus = create(m.scalingStatus, { desiredMinInstanceCount: least });
  else delete revision.scalingStatus;
  return true;
}

function touch(m: Messages, revision: Revision, changes: readonly ConditionChange[], now: number): void {
  revision.conditions = changedAll(m, revision.conditions, changes, now);
  revision.updateTime = timestamp(now);
  revision.etag = etagOf(revision.name, revision.updateTime);
}

/** The five that a revision of Cloud Run has, in its order. */
function conditionsOf(phase: Phase | "retired", failure?: RevisionFailure): ConditionChange[] {
  const all = (state: State): ConditionChange[] =>
    ["Ready", "Active", "ContainerHealthy", "ContainerReady", "ResourcesAvailable"].map((type) => ({
      type,
      state,
      ...(type === "Active" ? { severity: "INFO" as const } : {}),
    }));
  if (phase === "ready") return all("succeeded");
  if (phase === "pending") return all("reconciling");
  if (phase === "retired") {
    const reasons = reason.revision("RETIRED");
    return all("succeeded").map((change) =>
      change.type === "Active"
        ? { ...change, state: "failed", message: "Revision retired.", reasons }
        : change.type === "ContainerHealthy" || change.type === "ResourcesAvailable"
          ? { ...change, state: "reconciling", message: "Revision retired.", reasons }
          : change,
    );
  }
  if (failure === undefined) return all("failed");
  const reasons = reasonsOf(failure);
  const blamed = blame[failure.reason];
  return all("reconciling").map((change) => {
    if (change.type !== "Ready" && change.type !== blamed) return change;
    return { ...change, state: "failed", message: failure.message, reasons };
  });
}

const blame: Readonly<Record<RevisionFailure["reason"], string>> = {
  ContainerMissing: "ContainerReady",
  ContainerPermissionDenied: "ContainerReady",
  HealthCheckContainerError: "ContainerHealthy",
  SecretsAccessCheckFailed: "ResourcesAvailable",
  ImageInvalid: "ContainerReady",
  NetworkUnavailable: "ResourcesAvailable",
};

function reasonsOf(failure: RevisionFailure): Reasons {
  switch (failure.reason) {
    case "ContainerMissing":
      return reason.common("CONTAINER_MISSING");
    case "ContainerPermissionDenied":
      return reason.common("CONTAINER_PERMISSION_DENIED");
    case "HealthCheckContainerError":
      return reason.revision("HEALTH_CHECK_CONTAINER_ERROR");
    case "SecretsAccessCheckFailed":
      return reason.common("SECRETS_ACCESS_CHECK_FAILED");
    case "ImageInvalid":
      return reason.common("UNKNOWN");
    case "NetworkUnavailable":
      return reason.common("VPC_NETWORK_NOT_FOUND");
  }
}

function logUriOf(project: string, owner: string, revision: string): string {
  const [type, label] = owner.includes("/workerPools/")
    ? ["cloud_run_worker_pool", "worker_pool_name"]
    : ["cloud_run_revision", "service_name"];
  const filter = [
    `resource.type="${type}"`,
    `resource.labels.${label}="${idOf(owner)}"`,
    `resource.labels.revision_name="${revision}"`,
  ].join("\n");
  const resource = `${type}/${label}/${idOf(owner)}/revision_name/${revision}`;
  const query = `project=${project}&resource=${resource}&advancedFilter=${encodeURIComponent(filter)}`;
  return `https://console.cloud.google.com/logs/viewer?${query}`;
}
