import type { run_v1 } from "@googleapis/run";
import { ExecutionReference_CompletionStatus } from "../../../../gen/run-v2.enums.ts";
import type { Execution } from "../../../../gen/types/google/cloud/run/v2/execution_pb.js";
import type { Job } from "../../../../gen/types/google/cloud/run/v2/job_pb.js";
import type { Task } from "../../../../gen/types/google/cloud/run/v2/task_pb.js";
import type { TaskTemplate } from "../../../../gen/types/google/cloud/run/v2/task_template_pb.js";
import { taskState } from "../jobs/progress.ts";
import { idOf } from "../names.ts";
import { annotation } from "./annotations.ts";
import { conditionsOut } from "./conditions.ts";
import { batch, defined, metadataOf, timeOf } from "./metadata.ts";
import { binaryAuthorizationOut, launchStageOut, type ShownIn } from "./service-out.ts";
import { type Owner, workloadOut } from "./workload.ts";

const ownerOf = (name: string, at: ShownIn): Owner => {
  const parts = name.split("/");
  return { id: parts[5] ?? "", project: parts[1] ?? "", projectNumber: at.projectNumber };
};

/** A job of v2 as v1's. */
export function jobOut(job: Job, at: ShownIn): run_v1.Schema$Job {
  const clients = { [annotation.clientName]: job.client, [annotation.clientVersion]: job.clientVersion };
  const { template } = job;
  const task = template?.template;
  const inner = task === undefined ? undefined : taskTemplateOut(task, ownerOf(job.name, at));
  const latest = job.latestCreatedExecution;
  const created = timeOf(latest?.createTime);
  const completed = timeOf(latest?.completionTime);
  return {
    apiVersion: batch,
    kind: "Job",
    metadata: metadataOf(job, {
      api: batch,
      collection: "jobs",
      projectNumber: at.projectNumber,
      labels: defined({ "run.googleapis.com/lastUpdatedTime": timeOf(job.updateTime) }),
      annotations: {
        ...job.annotations,
        ...clients,
        [annotation.jobCreator]: job.creator,
        [annotation.jobModifier]: job.lastModifier,
        [annotation.operation]: at.operation,
        [annotation.launchStage]: launchStageOut(job.launchStage),
        ...binaryAuthorizationOut(job.binaryAuthorization),
      },
    }),
    spec: {
      ...(template === undefined || inner === undefined
        ? {}
        : {
            template: {
              metadata: {
                labels: template.labels,
                annotations: defined({ ...template.annotations, ...inner.annotations, ...clients }),
              },
              spec: {
                ...(template.parallelism === 0 ? {} : { parallelism: template.parallelism }),
                taskCount: template.taskCount,
                template: { spec: inner.spec },
              },
            },
          }),
    },
    status: {
      observedGeneration: Number(job.observedGeneration),
      conditions: conditionsOut(job.terminalCondition, job.conditions, "Ready"),
      ...(job.executionCount === 0 ? {} : { executionCount: job.executionCount }),
      ...(latest === undefined
        ? {}
        : {
            latestCreatedExecution: {
              name: latest.name,
              ...(created === undefined ? {} : { creationTimestamp: created }),
              ...(completed === undefined ? {} : { completionTimestamp: completed }),
              completionStatus: statusName(latest.completionStatus),
            },
          }),
    },
  };
}

function taskTemplateOut(task: TaskTemplate, owner: Owner) {
  const { spec, annotations } = workloadOut(task, owner);
  return {
    annotations,
    spec: {
      ...spec,
      maxRetries: task.retries.value ?? 0,
      timeoutSeconds: String(task.timeout?.seconds ?? 0n),
    } satisfies run_v1.Schema$TaskSpec,
  };
}

function statusName(status: number): string {
  const found = Object.entries(ExecutionReference_CompletionStatus).find(([, each]) => each === status);
  return found?.[0] ?? "COMPLETION_STATUS_UNSPECIFIED";
}

/** An execution of v2 as v1's. */
export function executionOut(execution: Execution, at: ShownIn & { readonly jobUid: string }): run_v1.Schema$Execution {
  const { template } = execution;
  const inner = template === undefined ? undefined : taskTemplateOut(template, ownerOf(execution.name, at));
  const count = (name: string, value: number): Record<string, number> => (value === 0 ? {} : { [name]: value });
  return {
    apiVersion: batch,
    kind: "Execution",
    metadata: metadataOf(execution, {
      api: batch,
      collection: "executions",
      projectNumber: at.projectNumber,
      labels: { "run.googleapis.com/job": execution.job, ...defined({ "run.googleapis.com/jobUid": at.jobUid }) },
      annotations: {
        ...execution.annotations,
        ...inner?.annotations,
        [annotation.jobCreator]: execution.creator,
        [annotation.operation]: at.operation,
        [annotation.launchStage]: launchStageOut(execution.launchStage),
      },
      owner: { kind: "Job", name: execution.job, uid: at.jobUid },
    }),
    spec: {
      parallelism: execution.parallelism,
      taskCount: execution.taskCount,
      ...(inner === undefined ? {} : { template: { spec: inner.spec } }),
    },
    status: {
      observedGeneration: Number(execution.observedGeneration),
      conditions: conditionsOut(undefined, execution.conditions, "Completed"),
      ...defined({ startTime: timeOf(execution.startTime), completionTime: timeOf(execution.completionTime) }),
      ...count("runningCount", execution.runningCount),
      ...count("succeededCount", execution.succeededCount),
      ...count("failedCount", execution.failedCount),
      ...count("cancelledCount", execution.cancelledCount),
      ...count("retriedCount", execution.retriedCount),
      logUri: execution.logUri,
    },
  };
}

const states = {
  waiting: "Pending",
  running: "Running",
  succeeded: "Succeeded",
  failed: "Failed",
  cancelled: "Cancelled",
} as const;

/** A task of v2 as v1's. */
export function taskOut(task: Task, at: ShownIn): run_v1.Schema$Task {
  const { spec, annotations } = workloadOut(task, ownerOf(task.name, at));
  const result = task.lastAttemptResult;
  return {
    apiVersion: batch,
    kind: "Task",
    metadata: metadataOf(task, {
      api: batch,
      collection: "tasks",
      projectNumber: at.projectNumber,
      labels: {
        "run.googleapis.com/execution": idOf(task.execution),
        "run.googleapis.com/job": task.job,
        "run.googleapis.com/runningState": states[taskState(task)],
      },
      annotations: { ...task.annotations, ...annotations },
    }),
    spec: { ...spec, maxRetries: task.maxRetries, timeoutSeconds: String(task.timeout?.seconds ?? 0n) },
    status: {
      observedGeneration: Number(task.observedGeneration),
      conditions: conditionsOut(undefined, task.conditions, "Completed"),
      ...defined({ startTime: timeOf(task.startTime), completionTime: timeOf(task.completionTime) }),
      index: task.index,
      ...(task.retried === 0 ? {} : { retried: task.retried }),
      ...(result === undefined
        ? {}
        : {
            lastAttemptResult: {
              exitCode: result.exitCode,
              ...(result.termSignal === 0 ? {} : { termSignal: result.termSignal }),
              ...(result.status === undefined || result.status.code === 0
                ? {}
                : { status: { code: result.status.code, message: result.status.message } }),
            },
          }),
      logUri: task.logUri,
    },
  };
}
