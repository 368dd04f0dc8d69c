import type { Control } from "../control.ts";
import { createJobOperations, type JobOperations } from "./operations.ts";
import { createRunner, type Runner } from "./runner.ts";
import { createSettler, type Settler } from "./settler.ts";
import { createJobStore, type JobStore } from "./store.ts";

/** What the handlers of jobs work with, one for each cloud. */
export interface JobControl extends Pick<Control, "host" | "machines" | "m" | "lastOperations" | "stamps"> {
  readonly store: JobStore;
  readonly operations: JobOperations;
  readonly runner: Runner;
  readonly settler: Settler;
}

const made = new WeakMap<Control, JobControl>();

/** The one of this cloud, made at first use. */
export function jobControlOf(control: Control): JobControl {
  const before = made.get(control);
  if (before !== undefined) return before;
  const { host, machines, m, lastOperations, stamps } = control;
  const store = createJobStore(host.db, host.schemas, m);
  const operations = createJobOperations(host, m, store, lastOperations);
  const runner = createRunner({ host, machines, m, store, operations, stamps });
  const settler = createSettler({ host, machines, m, store, operations, lastOperations, stamps, runner });
  const jobs = { host, machines, m, lastOperations, stamps, store, operations, runner, settler };
  made.set(control, jobs);
  return jobs;
}

/** Undefined when nothing has asked for it yet. */
export function existingJobControl(control: Control): JobControl | undefined {
  return made.get(control);
}
