import type { Host } from "../../host.ts";
import type { Machines } from "../../machines/machines.ts";
import { type Flavour, serviceFlavour } from "./flavour.ts";
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
  readonly flavour: Flavour;
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
  const parts = {
    ...{ host, m, machines: machinesOf(host) },
    ...{ lastOperations: createLastOperations(host.db), stamps: createStamps(host.clock.now) },
  };
  const control = controlOver(parts, serviceFlavour(m));
  made.set(host, control);
  return control;
}

/** The control of what has revisions, of one kind. */
export function controlOver(
  parts: Pick<Control, "host" | "machines" | "m" | "lastOperations" | "stamps">,
  flavour: Flavour,
): Control {
  const { host, m, lastOperations } = parts;
  const store = createStore(host.db, host.schemas, m, flavour.collection);
  const operations = createServiceOperations(host, store, lastOperations, flavour);
  const own = { ...parts, flavour, store, operations };
  return { ...own, reconciler: createReconciler(own) };
}

/** Undefined when nothing has asked for it yet. */
export function existingControl(host: Host): Control | undefined {
  return made.get(host);
}
