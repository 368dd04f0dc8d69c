import type { JobControl } from "./control.ts";
import { finishDeletion } from "./executions-rpc.ts";

/** Takes up what an earlier cloud left: jobs to be settled, executions to be run on, stopped or deleted. */
export function resumeJobs(control: JobControl): void {
  const { store, runner, settler } = control;
  for (const job of store.jobs.list().items) if (job.reconciling) settler.kick(job.name);
  const stopping = new Set<string>();
  for (const { kind, target } of store.allPending()) {
    if (kind === "cancel") void runner.cancel(target);
    if (kind === "deleteExecution") void finishDeletion(control, target);
    if (kind === "cancel" || kind === "deleteExecution") stopping.add(target);
  }
  const open = store.executions.list({ where: ({ completionTime }) => completionTime === undefined });
  for (const { name } of open.items) if (!stopping.has(name)) runner.kick(name);
}
