import { clone, create, equals } from "@bufbuild/protobuf";
import { Condition_State, ExecutionReference_CompletionStatus } from "../../../../gen/run-v2.enums.ts";
import type { Execution } from "../../../../gen/types/google/cloud/run/v2/execution_pb.js";
import type { Job, RunJobRequest_Overrides } from "../../../../gen/types/google/cloud/run/v2/job_pb.js";
import type { Call } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import { pinImage, requireActAs, requireImages } from "../access.ts";
import { idOf } from "../names.ts";
import { etagOf, timestamp } from "../stamps.ts";
import { refuse } from "../violations.ts";
import type { JobControl } from "./control.ts";
import { fillJob } from "./defaults.ts";
import { makeExecution, makeTasks } from "./execution.ts";
import { parseJob } from "./names.ts";
import { checkCounts, checkJob, checkJobId, checkTimeout, refuseUnimplementedJob } from "./rules.ts";

export interface JobChange {
  /** What the caller asks for: a job without anything of the server's. Its `name` is set. */
  readonly job: Job;
  readonly before: Job | undefined;
  readonly validateOnly: boolean;
}

/** Makes a job, or replaces it. Answers the operation's name. Nothing is changed when it throws. */
export function changeJob(control: JobControl, call: Call, { job, before, validateOnly }: JobChange): string {
  const { host, m, store, operations, settler, stamps } = control;
  const { project, job: jobId } = parseJob(job.name);
  fillJob(m, job, host.projects.get(project)?.number ?? "0");
  const request = before === undefined ? "CreateJobRequest" : "UpdateJobRequest";
  const violations = [...(before === undefined ? checkJobId(jobId) : []), ...checkJob(job, request)];
  if (violations.length > 0) throw refuse(violations);
  refuseUnimplementedJob(job);
  const changed = before === undefined || !equals(m.job, asked(m, before), asked(m, job));
  if (changed) {
    const { serviceAccount = "", containers = [] } = job.template?.template ?? {};
    requireActAs(host, call.caller, serviceAccount);
    requireImages(
      host,
      call.caller,
      containers.map(({ image }) => image),
    );
  }

  job.uid = before?.uid ?? host.ids.uuid();
  job.generation = (before?.generation ?? 0n) + (changed ? 1n : 0n);
  job.observedGeneration = before?.observedGeneration ?? 0n;
  job.executionCount = before?.executionCount ?? 0;
  if (before?.latestCreatedExecution !== undefined) job.latestCreatedExecution = before.latestCreatedExecution;
  stampJob(job, before, call.caller.email, stamps());
  job.reconciling = true;
  job.terminalCondition = create(m.condition, { type: "Ready", state: Condition_State.CONDITION_RECONCILING });
  if (validateOnly) return operations.done(job);
  const operation = host.db.tx(() => {
    store.jobs.put(job.name, job);
    return operations.startJob(job, "job");
  });
  settler.kick(job.name);
  return operation;
}

/** What a caller says of a job, without what the server writes. */
export function asked(m: JobControl["m"], job: Job): Job {
  const { name, labels, annotations, client, clientVersion, launchStage, binaryAuthorization, template } = job;
  return create(m.job, {
    ...{ name, labels, annotations, client, clientVersion, launchStage },
    createExecution: job.createExecution,
    ...(binaryAuthorization === undefined ? {} : { binaryAuthorization }),
    ...(template === undefined ? {} : { template: clone(m.executionTemplate, template) }),
  });
}

/** Marks a job as deleted; the settler ends its executions and forgets it. Answers the operation's name. */
export function deleteJob(control: JobControl, call: Call, job: Job, validateOnly: boolean): string {
  const { host, store, operations, settler, stamps } = control;
  const now = stamps();
  stampJob(job, job, call.caller.email, now);
  job.deleteTime = timestamp(now);
  job.generation += 1n;
  job.reconciling = true;
  if (validateOnly) return operations.done(job);
  const operation = host.db.tx(() => {
    store.jobs.put(job.name, job);
    return operations.startJob(job, "deleteJob");
  });
  settler.kick(job.name);
  return operation;
}

/** Starts an execution of a job. Answers the operation's name, and the execution as it is before its first task. */
export function runJob(
  control: JobControl,
  call: Call,
  job: Job,
  options: { readonly overrides: RunJobRequest_Overrides | undefined; readonly validateOnly: boolean },
): { readonly operation: string; readonly execution: Execution } {
  const { host, m, store, operations, runner, stamps } = control;
  const { overrides } = options;
  if (overrides !== undefined) checkOverrides(job, overrides);
  const now = stamps();
  const execution = makeExecution(m, job, {
    id: `${idOf(job.name).slice(0, 57)}-${host.ids.short(5)}`,
    uid: host.ids.uuid(),
    nowMicros: now,
    creator: call.caller.email,
    pin: (image) => pinImage(host, image),
    overrides,
  });
  if (options.validateOnly) return { operation: operations.done(execution), execution };
  const operation = host.db.tx(() => {
    job.executionCount += 1;
    job.latestCreatedExecution = create(m.executionReference, {
      name: idOf(execution.name),
      createTime: timestamp(now),
      completionStatus: ExecutionReference_CompletionStatus.EXECUTION_RUNNING,
    });
    store.jobs.put(job.name, job);
    store.executions.put(execution.name, execution);
    for (const task of makeTasks(m, execution, host.ids.uuid, now)) store.tasks.put(task.name, task);
    return operations.startExecution(execution, "run");
  });
  runner.kick(execution.name);
  return { operation, execution };
}

function checkOverrides(job: Job, overrides: RunJobRequest_Overrides): void {
  const root = "Violation in RunJobRequest.overrides";
  const containers = job.template?.template?.containers ?? [];
  const violations = [
    ...(overrides.taskCount === 0 ? [] : checkCounts(overrides.taskCount, 0, root)),
    ...(overrides.timeout === undefined ? [] : checkTimeout(Number(overrides.timeout.seconds), root)),
    ...overrides.containerOverrides.flatMap(({ name, args, clearArgs }, i) => {
      const field = `${root}.container_overrides[${i}]`;
      if (name === "" ? containers.length > 1 : !containers.some((each) => each.name === name)) {
        return [{ field: `${field}.name`, description: `container '${name}' does not exist.` }];
      }
      if (!clearArgs || args.length === 0) return [];
      return [{ field: `${field}.clear_args`, description: "args and clear_args cannot both be set." }];
    }),
  ];
  if (violations.length > 0) throw refuse(violations);
}

/** Throws FAILED_PRECONDITION when it is marked as deleted. */
export function refuseDeletedJob(job: Job): void {
  if (job.deleteTime === undefined) return;
  throw new RpcError("FAILED_PRECONDITION", `Resource '${idOf(job.name)}' is being deleted.`);
}

function stampJob(job: Job, before: Job | undefined, email: string, now: number): void {
  const time = timestamp(now);
  job.createTime = before?.createTime ?? time;
  job.creator = before?.creator ?? email;
  job.updateTime = time;
  job.lastModifier = email;
  job.etag = etagOf(job.name, time);
}
