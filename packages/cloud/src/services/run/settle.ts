import { TrafficTargetAllocationType } from "../../../gen/run-v2.enums.ts";
import type { Revision } from "../../../gen/types/google/cloud/run/v2/revision_pb.js";
import type { Service } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import { changed, changedAll, type Fault, find, type State, stateOf } from "./conditions.ts";
import type { Messages } from "./messages.ts";
import { idOf } from "./names.ts";
import { type Addressed, urlsOf } from "./places.ts";
import { faultOf, phaseOf } from "./revision.ts";
import { type Route, resolveTraffic, statusesOf, stillServed } from "./traffic.ts";

/** How far one of a service's two halves is: its newest revision, and the way of requests. */
interface Part {
  readonly state: State;
  /** What it waits for. */
  readonly message?: string;
  readonly fault?: Fault;
}

/** What is to be true of a service, from what is stored. */
export interface Settlement {
  /** Where requests go. */
  readonly routes: readonly Route[];
  /** Whether `routes` are what the service's traffic asks for; else they are what was served before. */
  readonly asked: boolean;
  /** Revisions whose first start is still to end. */
  readonly starting: readonly Revision[];
  /** Revisions that run: they have traffic, a tag, or a place in the traffic and instances that always run. */
  readonly wanted: readonly Revision[];
  readonly latestReady: Revision | undefined;
  readonly configuration: Part;
  readonly routing: Part;
}

/** `revisions` are all of the service, the newest first. */
export function settle(service: Service, revisions: readonly Revision[]): Settlement {
  const starting = revisions.filter((revision) => phaseOf(revision) === "pending");
  const latestCreated = revisions.find((revision) => revision.name === service.latestCreatedRevision);
  const resolved = resolveTraffic(service.traffic, revisions);
  const routes = resolved.kind === "ready" ? resolved.routes : stillServed(service.trafficStatuses, revisions);
  return {
    routes,
    asked: resolved.kind === "ready",
    starting,
    wanted: [...new Set(routes.filter(runs).map((route) => route.revision))],
    latestReady: revisions.find((revision) => phaseOf(revision) === "ready"),
    configuration: configurationOf(latestCreated),
    routing:
      resolved.kind === "failed"
        ? { state: "failed", fault: resolved.fault }
        : resolved.kind === "ready"
          ? { state: "succeeded" }
          : { state: "reconciling", message: "Waiting for a revision to be ready." },
  };
}

function runs({ percent, tag, revision }: Route): boolean {
  return percent > 0 || tag !== "" || (revision.scaling?.minInstanceCount ?? 0) > 0;
}

function configurationOf(latestCreated: Revision | undefined): Settlement["configuration"] {
  if (latestCreated === undefined) return { state: "reconciling" };
  const phase = phaseOf(latestCreated);
  if (phase === "failed") return { state: "failed", fault: faultOf(latestCreated) };
  if (phase === "ready") return { state: "succeeded" };
  const message = `Deploying Revision. Waiting on revision ${idOf(latestCreated.name)}.`;
  return { state: "reconciling", message };
}

/** What the service's last change came to: its operation's outcome. Undefined while that is open. */
export function outcomeOf(
  service: Service,
  settlement: Settlement,
  madeRevision: boolean,
): { readonly fault?: Fault } | undefined {
  const { configuration, routing } = settlement;
  if (configuration.state === "reconciling" || routing.state === "reconciling") return undefined;
  if (routing.fault !== undefined) return { fault: routing.fault };
  // Traffic moved off a failed revision by name is a success, though its service is not Ready for that revision's sake.
  const latest = service.traffic.some((target) => target.type === TrafficTargetAllocationType.LATEST);
  if (configuration.fault !== undefined && (madeRevision || latest)) return { fault: configuration.fault };
  return {};
}

/** Writes into the service (the caller's own copy) what is true of it now. `waiting`: routes are not yet served. */
export function writeStatus(
  m: Messages,
  service: Service,
  settlement: Settlement,
  at: Addressed & { readonly nowMicros: number; readonly waiting: boolean },
): void {
  const { configuration } = settlement;
  const routing: Part =
    at.waiting && settlement.asked
      ? { state: "reconciling", message: "Starting instances of the revisions that get traffic." }
      : settlement.routing;
  const fault = configuration.fault ?? routing.fault;
  const open = configuration.state === "reconciling" || routing.state === "reconciling";
  const terminal: State = open ? "reconciling" : fault === undefined ? "succeeded" : "failed";
  const told = ({ message, fault }: Part) => ({ message: fault?.message ?? message, reasons: fault?.reasons });

  if (stateOf(service.terminalCondition) !== terminal || terminal === "failed") {
    service.terminalCondition = changed(
      m,
      service.terminalCondition,
      {
        type: "Ready",
        state: terminal,
        ...(terminal === "failed" && fault !== undefined ? told({ state: terminal, fault }) : {}),
      },
      at.nowMicros,
    );
  }
  // A service that serves keeps its routes while a new revision comes up, or fails to.
  const routesBefore = stateOf(find(service.conditions, "RoutesReady"));
  const keeps = !settlement.asked && routesBefore === "succeeded" && routing.state === "reconciling";
  service.conditions = changedAll(
    m,
    service.conditions,
    [
      { type: "RoutesReady", state: keeps ? "succeeded" : routing.state, ...(keeps ? {} : told(routing)) },
      { type: "ConfigurationsReady", state: configuration.state, ...told(configuration) },
    ],
    at.nowMicros,
  );
  service.reconciling = open;
  if (settlement.latestReady !== undefined) service.latestReadyRevision = settlement.latestReady.name;
  if (open || !settlement.asked) return;
  service.trafficStatuses = statusesOf(m, service.traffic, at);
  service.observedGeneration = fault === undefined ? service.generation : service.observedGeneration;
  const urls = service.defaultUriDisabled ? [] : urlsOf(at);
  service.urls = [...urls];
  service.uri = urls.at(-1) ?? "";
}
