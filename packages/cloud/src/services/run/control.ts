import type { Host } from "../../host.ts";
import type { Machines } from "../../machines/machines.ts";
import { createLastOperations, type LastOperations } from "./last-operations.ts";
import { type Messages, messagesOf } from "./messages.ts";
import { createServiceOperations, type ServiceOperations } from "./operations.ts";
import { createReconciler, type Reconciler } from "./reconcile.ts";
import { createStamps } from "./stamps.ts";
import { createStore, type Store } from "./store.ts";

export type MachinesOf = (host: Host) => Machines;

/** What the API's handlers work with, one for each cloud. */
export interface Control {
  readonly host: Host;
  readonly machines: Machines;
  readonly m: Messages;
  readonly store: Store;
  readonly operations: ServiceOperations;
  readonly lastOperations: LastOperations;
  readonly reconciler: Reconciler;
  /** Microseconds, no value twice. */
  readonly stamps: () => number;
}

const made = new WeakMap<Host, Control>();

/** The one of this cloud, made at first use. */
export function controlOf(host: Host, machinesOf: MachinesOf): Control {
  const before = made.get(host);
  if (before !== undefined) return before;
  const m = messagesOf(host.schemas);
  const store = createStore(host.db, host.schemas, m);
  const lastOperations = createLastOperations(host.db);
  const operations = createServiceOperations(host, m, store, lastOperations);
  const machines = machinesOf(host);
  const stamps = createStamps(host.clock.now);
  const reconciler = createReconciler({ host, machines, m, store, operations, lastOperations, stamps });
  const control = { host, machines, m, store, operations, lastOperations, reconciler, stamps };
  made.set(host, control);
  return control;
}

/** Undefined when nothing has asked for it yet. */
export function existingControl(host: Host): Control | undefined {
  return made.get(host);
}
