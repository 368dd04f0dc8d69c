import { messageOf } from "@aloft/kit/failure";
import type { Revision } from "../../../gen/types/google/cloud/run/v2/revision_pb.js";
import type { Service } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { Host } from "../../host.ts";
import type { Machines, RevisionState } from "../../machines/machines.ts";
import { unreadableImage } from "./access.ts";
import type { Flavour } from "./flavour.ts";
import type { LastOperations } from "./last-operations.ts";
import type { Messages } from "./messages.ts";
import { idOf, parseService, serviceOf } from "./names.ts";
import { api, type ServiceOperations } from "./operations.ts";
import type { Addressed } from "./places.ts";
import { removeService } from "./remove.ts";
import { faultOf, phaseOf, setActive, settleRevision } from "./revision.ts";
import { mostRevisions } from "./rules.ts";
import { outcomeOf, type Settlement, settle, writeStatus } from "./settle.ts";
import { servedOf, specOf } from "./spec.ts";
import type { Store } from "./store.ts";

export interface ReconcilerParts {
  readonly host: Host;
  readonly machines: Machines;
  readonly m: Messages;
  readonly store: Store;
  readonly operations: ServiceOperations;
  readonly flavour: Flavour;
  readonly lastOperations: LastOperations;
  readonly stamps: () => number;
}

/** Brings what runs to what is stored, and writes down what came of it. One pass at a time for each service. */
export interface Reconciler {
  /** To be called after each change of what is stored. Never throws. */
  kick(service: string): void;
  /** Ends what is under way here and lets nothing begin; what is stored stays as it is. */
  close(): Promise<void>;
}

const retryFirstMs = 1000;
const retryLongestMs = 60_000;

export function createReconciler(parts: ReconcilerParts): Reconciler {
  const { host, machines, m, store, operations, stamps } = parts;
  const passes = new Map<string, { again: boolean; done: Promise<void> }>();
  const starts = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();
  const stops = new Map<string, Promise<void>>();
  /** Revisions that were ready once and did not come up again: how often that was tried, and when it will be again. */
  const failures = new Map<string, { readonly times: number; readonly dueMs: number }>();
  const served = new Map<string, string>();
  let closed = false;

  const kick = (service: string): void => {
    if (closed) return;
    const running = passes.get(service);
    if (running !== undefined) {
      running.again = true;
      return;
    }
    const entry = { again: false, done: Promise.resolve() };
    passes.set(service, entry);
    entry.done = loop(service, entry);
  };

  const loop = async (service: string, entry: { again: boolean }): Promise<void> => {
    // The answer to the call that changed something goes out before anything is done.
    await new Promise((resolve) => setImmediate(resolve));
    do {
      entry.again = false;
      try {
        if (!closed) await pass(service);
      } catch (thrown) {
        giveUp(service, thrown);
      }
    } while (entry.again && !closed);
    passes.delete(service);
  };

  const pass = async (name: string): Promise<void> => {
    const service = store.services.get(name);
    if (service === undefined) return;
    const revisions = store.revisionsOf(name);
    if (service.deleteTime !== undefined) {
      await removeService({ ...parts, service, revisions, abort: (revision) => abort(revision) });
      served.delete(name);
      return;
    }
    const settlement = settle(service, revisions);
    for (const revision of settlement.starting) start(revision, service);
    for (const revision of settlement.wanted) if (!isUp(revision) && isDue(revision)) start(revision, service);
    const waiting = settlement.wanted.some((revision) => starts.has(revision.name) && !failures.has(revision.name));
    if (settlement.routes.length > 0 && (!waiting || !served.has(name))) serve(service, settlement);
    record(service, settlement, waiting);
    if (!waiting) retire(service, settlement, revisions);
  };

  const addressOf = (service: Service): Addressed => {
    const { project, location, service: serviceId } = parseService(service.name);
    return { serviceId, region: location, projectNumber: host.projects.get(project)?.number ?? "0" };
  };

  const isUp = ({ name }: Revision): boolean => machines.state(name)?.phase === "ready" && !stops.has(name);

  const isDue = ({ name }: Revision): boolean => (failures.get(name)?.dueMs ?? 0) <= host.clock.now();

  const serve = (service: Service, settlement: Settlement): void => {
    const wanted = {
      ...servedOf(service, settlement.routes, addressOf(service)),
      ...parts.flavour.served(service),
    };
    const text = JSON.stringify(wanted);
    if (served.get(service.name) === text) return;
    machines.serve(wanted);
    served.set(service.name, text);
  };

  const start = (revision: Revision, service: Service): void => {
    if (starts.has(revision.name) || closed) return;
    const abort = new AbortController();
    const work = async (): Promise<void> => {
      await stops.get(revision.name);
      const spec = specOf(revision, service, addressOf(service).projectNumber, parts.flavour.revisions);
      const connector = revision.vpcAccess?.connector ?? "";
      const images = revision.containers.map(({ image }) => image);
      const failure = connector === "" ? unreadableImage(host, images, spec) : connectorMissing(connector);
      const state: RevisionState =
        failure === undefined
          ? await machines.start(spec, abort.signal)
          : { name: revision.name, phase: "failed", failure, instances: [] };
      if (abort.signal.aborted || closed) return;
      ended(revision.name, state);
    };
    const done = work()
      .catch((thrown) => {
        const failure = { reason: "HealthCheckContainerError" as const, message: messageOf(thrown) };
        if (!closed && !abort.signal.aborted)
          ended(revision.name, { name: revision.name, phase: "failed", failure, instances: [] });
      })
      .finally(() => {
        starts.delete(revision.name);
        kick(service.name);
      });
    starts.set(revision.name, { abort, done });
  };

  /** Its first start decides about a revision. One that comes up again is tried again until it does. */
  const ended = (name: string, state: RevisionState): void => {
    const revision = store.revisions.get(name);
    if (revision === undefined) return;
    const failed = state.phase !== "ready";
    if (phaseOf(revision) === "pending") {
      settleRevision(m, revision, failed ? (state.failure ?? unexplained) : undefined, stamps());
      store.revisions.put(name, revision);
      return;
    }
    if (!failed) {
      failures.delete(name);
      return;
    }
    const times = (failures.get(name)?.times ?? 0) + 1;
    const waitMs = Math.min(retryLongestMs, retryFirstMs * 2 ** (times - 1));
    failures.set(name, { times, dueMs: host.clock.now() + waitMs });
    host.clock.after(waitMs, () => kick(serviceOf(name)));
  };

  const abort = async (revision: string): Promise<void> => {
    const running = starts.get(revision);
    running?.abort.abort(new Error("The revision is no longer needed."));
    await stop(revision);
    await running?.done;
  };

  /** Resolves when it has ended: ten seconds when its program takes its time. */
  const stop = (revision: string): Promise<void> => {
    failures.delete(revision);
    const running = stops.get(revision);
    if (running !== undefined) return running;
    const work = machines.stop(revision).finally(() => stops.delete(revision));
    stops.set(revision, work);
    return work;
  };

  const record = (service: Service, settlement: Settlement, waiting: boolean): void => {
    const pending = store.pendingOf(service.name);
    if (pending.length === 0 && !service.reconciling) return;
    host.db.tx(() => {
      writeStatus(m, service, settlement, { ...addressOf(service), nowMicros: stamps(), waiting });
      store.services.put(service.name, service);
      for (const each of pending) {
        const own = each.revision === "" ? undefined : store.revisions.get(each.revision);
        const phase = own === undefined ? undefined : phaseOf(own);
        if (phase === "pending") {
          operations.progress(each, service);
          continue;
        }
        const fault = own !== undefined && phase === "failed" ? faultOf(own) : undefined;
        const superseded = each.generation !== service.generation;
        if (fault !== undefined) operations.fail(each, service, fault);
        else if (superseded && phase === "ready") operations.succeed(each, service);
        else if (!service.reconciling) {
          const outcome = outcomeOf(service, settlement, each.revision !== "");
          if (outcome?.fault === undefined) operations.succeed(each, service);
          else operations.fail(each, service, outcome.fault);
        } else operations.progress(each, service);
      }
    });
  };

  /** Stops what neither serves nor is about to, and lets the oldest revisions beyond the limit go. */
  const retire = (service: Service, settlement: Settlement, revisions: readonly Revision[]): void => {
    const wanted = new Set(settlement.wanted.map((revision) => revision.name));
    for (const revision of revisions) {
      const phase = phaseOf(revision);
      if (phase === "pending") continue;
      const active = wanted.has(revision.name);
      if (phase === "ready" && setActive(m, revision, active, stamps())) store.revisions.put(revision.name, revision);
      if (active || machines.state(revision.name) === undefined) continue;
      stop(revision.name).catch((thrown) => host.note(`run.stop.${revision.name}`, messageOf(thrown)));
    }
    const routed = new Set(settlement.routes.map((route) => route.revision.name));
    const spare = revisions.filter(
      (each) => !routed.has(each.name) && phaseOf(each) !== "pending" && each.name !== service.latestReadyRevision,
    );
    const surplus = Math.min(spare.length, revisions.length - mostRevisions);
    for (const { name } of surplus > 0 ? spare.slice(-surplus) : []) store.revisions.delete(name);
  };

  /** A fault of ours: its operations end with it, and the service says so. */
  const giveUp = (name: string, thrown: unknown): void => {
    if (closed) return;
    const service = store.services.get(name);
    const message = `${idOf(name)} could not be reconciled: ${messageOf(thrown)}`;
    host.note(`run.reconcile.${name}`, message);
    if (service === undefined) return;
    for (const each of store.pendingOf(name)) operations.fail(each, service, { code: "INTERNAL", message });
  };

  return {
    kick,
    close: async () => {
      closed = true;
      for (const { abort } of starts.values()) abort.abort(new Error("The cloud is stopping."));
      await Promise.allSettled([...passes.values()].map((each) => each.done));
      await Promise.allSettled([...[...starts.values()].map((each) => each.done), ...stops.values()]);
    },
  };
}

const unexplained = { reason: "HealthCheckContainerError", message: "The revision did not start." } as const;

/** Serverless VPC Access connectors do not exist here: Google's words for one that is missing. */
function connectorMissing(connector: string): NonNullable<RevisionState["failure"]> {
  return {
    reason: "NetworkUnavailable",
    message: `VPC connector ${connector} does not exist, or Cloud Run does not have permission to use it.`,
  };
}

/** Operations that a crash left without anything that would end them. */
export function endOrphans(host: Host, m: Messages, others: readonly { readonly operation: string }[]): void {
  const awaited = new Set(others.map(({ operation }) => operation));
  for (const { name } of host.operations.unfinished(api)) {
    if (awaited.has(name)) continue;
    host.operations.pending(name, m.service, m.service)?.fail(new Error("The cloud was stopped before this was done."));
  }
}
