import { messageOf } from "@aloft/kit/failure";
import { ExecutionReference_CompletionStatus } from "../../../../gen/run-v2.enums.ts";
import type { Execution } from "../../../../gen/types/google/cloud/run/v2/execution_pb.js";
import type { ExecutionReference } from "../../../../gen/types/google/cloud/run/v2/job_pb.js";
import type { Task } from "../../../../gen/types/google/cloud/run/v2/task_pb.js";
import type { Host } from "../../../host.ts";
import type { Machines } from "../../../machines/machines.ts";
import type { TaskEnd } from "../../../machines/tasks/task.ts";
import type { Messages } from "../messages.ts";
import { idOf } from "../names.ts";
import { jobOf, parseExecution } from "./names.ts";
import type { JobOperations } from "./operations.ts";
import { createProgress, type Progress, taskState } from "./progress.ts";
import { taskSpecOf } from "./spec.ts";
import type { JobStore } from "./store.ts";

export interface RunnerParts {
  readonly host: Host;
  readonly machines: Machines;
  readonly m: Messages;
  readonly store: JobStore;
  readonly operations: JobOperations;
  readonly stamps: () => number;
}

/** Runs executions: their tasks as processes, so many at once as the job says, each again as often as it may fail. */
export interface Runner {
  /** Starts it, or takes it up where an earlier cloud left it. Never throws. */
  kick(execution: string): void;
  /** Stops its tasks and marks it as cancelled; resolves when nothing of it runs. */
  cancel(execution: string): Promise<void>;
  /** Ends the processes; what is stored stays, to be taken up by the next cloud. */
  close(): Promise<void>;
}

/** More tasks than this never run at once here, whatever the parallelism. */
const mostAtOnce = 16;

interface Live {
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export function createRunner(parts: RunnerParts): Runner {
  const { host, machines, store } = parts;
  const live = new Map<string, Live>();
  let closed = false;

  const kick = (name: string): void => {
    if (closed || live.has(name)) return;
    const abort = new AbortController();
    const done = run(name, abort.signal)
      .catch((thrown) => host.note(`run.execution.${name}`, `${idOf(name)} could not be run: ${messageOf(thrown)}`))
      .finally(() => live.delete(name));
    live.set(name, { abort, done });
  };

  const run = async (name: string, signal: AbortSignal): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    const execution = store.executions.get(name);
    if (execution === undefined || execution.completionTime !== undefined || closed) return;
    const progress = createProgress(parts, execution, store.tasksOf(name));
    await machines.recover();
    progress.interrupted();
    const queue = progress.tasks.filter((task) => taskState(task) === "waiting");
    if (execution.parallelism > mostAtOnce) {
      host.note("run.jobs.parallelism", `At most ${mostAtOnce} tasks of an execution run at once on this machine.`);
    }
    const worker = async (): Promise<void> => {
      for (let task = queue.shift(); task !== undefined && !signal.aborted; task = queue.shift()) {
        await runToEnd(execution, task, progress, signal);
      }
    };
    const count = Math.min(execution.parallelism, mostAtOnce, queue.length);
    await Promise.all(Array.from({ length: count }, worker));
    if (closed) return;
    progress.complete(signal.aborted);
    const job = store.jobs.get(jobOf(name));
    if (job?.latestCreatedExecution?.name !== idOf(name)) return;
    job.latestCreatedExecution.completionStatus = statusOf(execution);
    if (execution.completionTime !== undefined) job.latestCreatedExecution.completionTime = execution.completionTime;
    store.jobs.put(job.name, job);
  };

  const runToEnd = async (execution: Execution, task: Task, progress: Progress, signal: AbortSignal): Promise<void> => {
    const place = parseExecution(execution.name);
    const { template, taskCount: count } = execution;
    if (template === undefined) return;
    const projectNumber = host.projects.get(place.project)?.number ?? "0";
    while (!signal.aborted && taskState(task) === "waiting") {
      const spec = taskSpecOf(template, { ...place, projectNumber, index: task.index, attempt: task.retried, count });
      progress.prepared(task);
      const end: TaskEnd = await machines
        .runTask(spec, signal, () => progress.started(task))
        .catch((thrown) => ({ how: "failed", message: messageOf(thrown) }));
      if (closed) return;
      progress.ended(task, end);
    }
  };

  return {
    kick,
    cancel: async (name) => {
      const execution = store.executions.get(name);
      if (execution === undefined || execution.completionTime !== undefined) return;
      kick(name);
      const running = live.get(name);
      running?.abort.abort(new Error("The execution was cancelled."));
      await running?.done;
    },
    close: async () => {
      closed = true;
      for (const { abort } of live.values()) abort.abort(new Error("The cloud is stopping."));
      await Promise.allSettled([...live.values()].map(({ done }) => done));
    },
  };
}

function statusOf(execution: Execution): ExecutionReference["completionStatus"] {
  const status = ExecutionReference_CompletionStatus;
  if (execution.cancelledCount > 0) return status.EXECUTION_CANCELLED;
  return execution.failedCount > 0 ? status.EXECUTION_FAILED : status.EXECUTION_SUCCEEDED;
}
