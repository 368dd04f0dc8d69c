import { clone, create } from "@bufbuild/protobuf";
import type { Execution } from "../../../../gen/types/google/cloud/run/v2/execution_pb.js";
import type { Job, RunJobRequest_Overrides } from "../../../../gen/types/google/cloud/run/v2/job_pb.js";
import type { Container } from "../../../../gen/types/google/cloud/run/v2/k8s.min_pb.js";
import type { Task } from "../../../../gen/types/google/cloud/run/v2/task_pb.js";
import { type ConditionChange, changedAll } from "../conditions.ts";
import type { Messages } from "../messages.ts";
import { idOf } from "../names.ts";
import { etagOf, timestamp } from "../stamps.ts";
import { parseJob } from "./names.ts";

export interface NewExecution {
  readonly id: string;
  readonly uid: string;
  readonly nowMicros: number;
  readonly creator: string;
  /** The image by digest, where the registry knows it; undefined leaves what the template says. */
  readonly pin: (image: string) => string | undefined;
  readonly overrides: RunJobRequest_Overrides | undefined;
}

/** The execution that a job's template makes, not started yet. */
export function makeExecution(m: Messages, job: Job, init: NewExecution): Execution {
  const { location, project, job: jobId } = parseJob(job.name);
  const template = clone(m.executionTemplate, job.template ?? create(m.executionTemplate));
  const task = template.template ?? create(m.taskTemplate);
  if (init.overrides !== undefined) override(task.containers, init.overrides);
  if (init.overrides?.timeout !== undefined) task.timeout = init.overrides.timeout;
  for (const container of task.containers) container.image = init.pin(container.image) ?? container.image;
  const taskCount = init.overrides?.taskCount || template.taskCount;
  const name = `${job.name}/executions/${init.id}`;
  const created = timestamp(init.nowMicros);
  const execution = create(m.execution, {
    ...{ name, uid: init.uid, creator: init.creator, generation: 1n, job: jobId, taskCount },
    labels: template.labels,
    annotations: template.annotations,
    createTime: created,
    updateTime: created,
    launchStage: job.launchStage,
    parallelism: Math.min(template.parallelism || taskCount, taskCount),
    template: task,
    reconciling: true,
    logUri: `https://console.cloud.google.com/run/jobs/executions/details/${location}/${init.id}/logs?project=${project}`,
    etag: etagOf(name, created),
  });
  setConditions(m, execution, [{ type: "Completed", state: "pending" }], init.nowMicros);
  return execution;
}

/** Changes containers (the caller's own) for one run. Checked before: each override names one that there is. */
function override(containers: readonly Container[], overrides: RunJobRequest_Overrides): void {
  for (const { name, args, env, clearArgs } of overrides.containerOverrides) {
    const container = name === "" ? containers[0] : containers.find((each) => each.name === name);
    if (container === undefined) continue;
    if (clearArgs) container.args = [];
    if (args.length > 0) container.args = args;
    for (const variable of env) {
      const at = container.env.findIndex((each) => each.name === variable.name);
      if (at < 0) container.env.push(variable);
      else container.env[at] = variable;
    }
  }
}

/** The tasks of an execution, none started. */
export function makeTasks(m: Messages, execution: Execution, uid: () => string, nowMicros: number): Task[] {
  const { template } = execution;
  const created = timestamp(nowMicros);
  return Array.from({ length: execution.taskCount }, (_, index) => {
    const name = `${execution.name}/tasks/${idOf(execution.name)}-task${index}`;
    const task = create(m.task, {
      ...{ name, uid: uid(), generation: 1n, job: execution.job, execution: idOf(execution.name), index },
      labels: execution.labels,
      annotations: execution.annotations,
      createTime: created,
      scheduledTime: created,
      updateTime: created,
      containers: template?.containers ?? [],
      maxRetries: template?.retries.value ?? 0,
      ...(template?.timeout === undefined ? {} : { timeout: template.timeout }),
      serviceAccount: template?.serviceAccount ?? "",
      executionEnvironment: template?.executionEnvironment ?? 0,
      ...(template?.vpcAccess === undefined ? {} : { vpcAccess: template.vpcAccess }),
      reconciling: true,
      logUri: execution.logUri,
      etag: etagOf(name, created),
    });
    setConditions(m, task, [{ type: "Completed", state: "pending" }], nowMicros);
    return task;
  });
}

/** Sets these conditions (by type) of an execution or task, keeps the others, and stamps the change. */
export function setConditions(
  m: Messages,
  of: Execution | Task,
  changes: readonly ConditionChange[],
  nowMicros: number,
): void {
  const fresh = changedAll(m, of.conditions, changes, nowMicros);
  const types = new Set(fresh.map(({ type }) => type));
  const kept = of.conditions.map((each) => fresh.find(({ type }) => type === each.type) ?? each);
  of.conditions = [...kept, ...fresh.filter(({ type }) => !of.conditions.some((each) => each.type === type))];
  if (types.size === 0) return;
  of.updateTime = timestamp(nowMicros);
  of.etag = etagOf(of.name, of.updateTime);
}

/** `32.44s`, `1m3.6s`, as Cloud Run writes how long something took. */
export function tookText(micros: number): string {
  const hundredths = Math.max(0, Math.round(micros / 10_000));
  const seconds = Number(((hundredths % 6000) / 100).toFixed(2));
  const minutes = Math.floor(hundredths / 6000);
  if (minutes === 0) return `${seconds}s`;
  return minutes < 60 ? `${minutes}m${seconds}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}s`;
}
