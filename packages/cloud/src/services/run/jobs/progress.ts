import { create } from "@bufbuild/protobuf";
import type { Execution } from "../../../../gen/types/google/cloud/run/v2/execution_pb.js";
import type { Task } from "../../../../gen/types/google/cloud/run/v2/task_pb.js";
import type { RevisionFailure } from "../../../machines/machines.ts";
import type { TaskEnd } from "../../../machines/tasks/task.ts";
import { codes } from "../../../wire/rpc-error.ts";
import { find, type Reasons, reason, stateOf } from "../conditions.ts";
import { idOf } from "../names.ts";
import { microsOf, timestamp } from "../stamps.ts";
import { setConditions, tookText } from "./execution.ts";
import type { RunnerParts } from "./runner.ts";
import { faultOf } from "./settler.ts";

/** Where a task is: not running (and not over), an attempt of it runs, or over. */
export type TaskState = "waiting" | "running" | "succeeded" | "failed" | "cancelled";

export function taskState(task: Task): TaskState {
  const completed = find(task.conditions, "Completed");
  const state = stateOf(completed);
  if (state === "succeeded") return "succeeded";
  if (state === "failed") return isCancelled(completed?.reasons) ? "cancelled" : "failed";
  return stateOf(find(task.conditions, "Started")) === "succeeded" ? "running" : "waiting";
}

const isCancelled = (reasons: Reasons | undefined): boolean =>
  reasons?.case === "executionReason" && reasons.value === reason.execution("CANCELLED").value;

/** Writes down, as it happens, what becomes of an execution and its tasks: each step in one transaction. */
export interface Progress {
  readonly tasks: readonly Task[];
  /** Attempts that ran when an earlier cloud ended: each counts as one that failed. */
  interrupted(): void;
  /** An attempt is about to be made. */
  prepared(task: Task): void;
  /** Its programs run. */
  started(task: Task): void;
  ended(task: Task, end: TaskEnd): void;
  /** No task runs any more: what is not over is cancelled. */
  complete(stopped: boolean): void;
}

export function createProgress(parts: RunnerParts, execution: Execution, tasks: readonly Task[]): Progress {
  const { host, m, store, operations, stamps } = parts;
  let failure: RevisionFailure | undefined;
  const created = microsOf(execution.createTime);

  const save = (changed: readonly Task[]): void => {
    const count = (state: TaskState): number => tasks.filter((task) => taskState(task) === state).length;
    execution.runningCount = count("running");
    execution.succeededCount = count("succeeded");
    execution.failedCount = count("failed");
    execution.cancelledCount = count("cancelled");
    execution.retriedCount = tasks.reduce((sum, task) => sum + task.retried, 0);
    host.db.tx(() => {
      for (const task of changed) store.tasks.put(task.name, task);
      store.executions.put(execution.name, execution);
      operations.progress(execution);
    });
  };

  /** An attempt has ended without success: the task is tried again, or has failed. */
  const unsuccessful = (task: Task, end: TaskEnd, now: number): void => {
    task.lastAttemptResult = create(m.taskResult, {
      status: { code: codes[end.how === "timeout" ? "DEADLINE_EXCEEDED" : "ABORTED"].number, message: end.message },
      exitCode: end.exitCode ?? 0,
      termSignal: end.signal ?? 0,
    });
    if (end.how !== "unstartable" && task.retried < task.maxRetries) {
      task.retried += 1;
      setConditions(m, task, [{ type: "Started", state: "pending" }], now);
      return;
    }
    const reasons = end.failure === undefined ? reason.execution("NON_ZERO_EXIT_CODE") : faultOf(end.failure).reasons;
    failure ??= end.failure;
    over(task, { type: "Completed", state: "failed", message: end.message, reasons }, now);
  };

  const over = (task: Task, change: Parameters<typeof setConditions>[2][number], now: number): void => {
    setConditions(m, task, [change], now);
    task.completionTime = timestamp(now);
    task.reconciling = false;
    task.observedGeneration = task.generation;
  };

  return {
    tasks,
    interrupted: () => {
      const cut = tasks.filter((task) => taskState(task) === "running");
      if (cut.length === 0) return;
      const now = stamps();
      const message = "The attempt was interrupted: the local cloud stopped while it ran.";
      for (const task of cut) unsuccessful(task, { how: "failed", message }, now);
      save(cut);
    },
    prepared: () => {
      if (find(execution.conditions, "ContainerReady") !== undefined) return;
      setConditions(m, execution, [{ type: "Completed", state: "reconciling" }], stamps());
      save([]);
    },
    started: (task) => {
      const now = stamps();
      task.startTime ??= timestamp(now);
      setConditions(m, task, [{ type: "Started", state: "succeeded" }], now);
      if (execution.startTime === undefined) {
        execution.startTime = timestamp(now);
        const took = tookText(now - created);
        setConditions(
          m,
          execution,
          [
            { type: "Completed", state: "reconciling", message: "Waiting for execution to complete." },
            { type: "ResourcesAvailable", state: "succeeded", message: "Provisioned imported containers." },
            { type: "Started", state: "succeeded", message: `Started deployed execution in ${took}.` },
            { type: "ContainerReady", state: "succeeded", message: `Imported container image in ${took}.` },
          ],
          now,
        );
        execution.observedGeneration = execution.generation;
      }
      save([task]);
    },
    ended: (task, end) => {
      const now = stamps();
      if (end.how === "succeeded") {
        task.lastAttemptResult = create(m.taskResult, { status: {} });
        over(task, { type: "Completed", state: "succeeded" }, now);
      } else if (end.how === "stopped") {
        const reasons = reason.execution("CANCELLED");
        over(task, { type: "Completed", state: "failed", message: "The task was cancelled.", reasons }, now);
      } else unsuccessful(task, end, now);
      save([task]);
    },
    complete: (stopped) => {
      const now = stamps();
      const left = tasks.filter((task) => taskState(task) === "waiting" || taskState(task) === "running");
      // One that was over when it was told to stop is not cancelled.
      const cancelled = stopped && (left.length > 0 || tasks.some((task) => taskState(task) === "cancelled"));
      for (const task of left) {
        const reasons = reason.execution("CANCELLED");
        over(task, { type: "Completed", state: "failed", message: "The task was cancelled.", reasons }, now);
      }
      const failed = tasks.find((task) => taskState(task) === "failed");
      const told = cancelled
        ? { message: "The execution was cancelled.", reasons: reason.execution("CANCELLED") }
        : failed === undefined
          ? undefined
          : failure !== undefined
            ? faultOf(failure)
            : {
                message: `Task ${idOf(failed.name)} failed with message: ${failed.lastAttemptResult?.status?.message ?? ""}`,
                reasons: reason.execution("NON_ZERO_EXIT_CODE"),
              };
      const took = tookText(now - microsOf(execution.startTime ?? execution.createTime));
      const changes =
        told === undefined
          ? ({ state: "succeeded", message: `Execution completed successfully in ${took}.` } as const)
          : ({ state: "failed", ...told } as const);
      setConditions(m, execution, [{ type: "Completed", ...changes }], now);
      execution.completionTime = timestamp(now);
      execution.reconciling = false;
      execution.observedGeneration = execution.generation;
      host.db.tx(() => {
        save(left);
        if (cancelled) {
          operations.end(execution, ["run"], { code: "CANCELLED", message: "The execution was cancelled." });
          operations.end(execution, ["cancel"]);
        } else {
          const fault = told === undefined ? undefined : { code: "ABORTED" as const, message: told.message };
          operations.end(execution, ["run"], fault);
          operations.end(execution, ["cancel"], {
            code: "FAILED_PRECONDITION",
            message: "The execution was over before it could be cancelled.",
          });
        }
      });
    },
  };
}
