import type { Execution, Executions } from "../../../../gen/types/google/cloud/run/v2/execution_pb.js";
import type { Task, Tasks } from "../../../../gen/types/google/cloud/run/v2/task_pb.js";
import type { Operation } from "../../../../gen/types/google/longrunning/operations_pb.js";
import { type RpcService, rpc } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import { checkEtag } from "../change.ts";
import { idOf } from "../names.ts";
import { pageSizeOf } from "../pages.ts";
import { timestamp } from "../stamps.ts";
import type { JobControl } from "./control.ts";
import { executionNotFound, jobOf, parseExecution, parseJob, parseTask, taskNotFound } from "./names.ts";
import { refuseShowDeleted } from "./rpc.ts";

/** The execution of this canonical name. Throws NOT_FOUND. */
export function findExecution({ store }: JobControl, name: string): Execution {
  const place = parseExecution(name);
  const found = store.executions.get(name);
  if (found === undefined) throw executionNotFound(place, place.execution);
  return found;
}

/** The task of this canonical name. Throws NOT_FOUND. */
export function findTask({ store }: JobControl, name: string): Task {
  const place = parseTask(name);
  const found = store.tasks.get(name);
  if (found === undefined) throw taskNotFound(place, place.task);
  return found;
}

/** Stops an execution. Answers the operation's name. Throws FAILED_PRECONDITION when it is over. */
export function cancelExecution(control: JobControl, execution: Execution, validateOnly: boolean): string {
  const { host, operations, runner } = control;
  if (execution.completionTime !== undefined) {
    const id = idOf(execution.name);
    throw new RpcError("FAILED_PRECONDITION", `Execution '${id}' cannot be cancelled because it is already completed.`);
  }
  if (validateOnly) return operations.done(execution);
  const operation = host.db.tx(() => operations.startExecution(execution, "cancel"));
  void runner.cancel(execution.name);
  return operation;
}

/** Deletes an execution, and stops it first where it runs. Answers the operation's name. */
export function deleteExecution(control: JobControl, execution: Execution, validateOnly: boolean): string {
  const { host, operations } = control;
  execution.deleteTime = timestamp(control.stamps());
  if (validateOnly) return operations.done(execution);
  const operation = host.db.tx(() => operations.startExecution(execution, "deleteExecution"));
  void finishDeletion(control, execution.name);
  return operation;
}

/** Carries a deletion to its end, now or after a restart. */
export async function finishDeletion(control: JobControl, name: string): Promise<void> {
  const { host, store, operations, runner, lastOperations, stamps } = control;
  await runner.cancel(name);
  const execution = store.executions.get(name);
  if (execution === undefined) return;
  // A cloud that is stopping leaves the execution as it is, and the next one ends what is begun here.
  if (execution.completionTime === undefined) return;
  host.db.tx(() => {
    execution.deleteTime = timestamp(stamps());
    operations.end(execution, ["deleteExecution"]);
    store.forgetExecution(name);
    lastOperations.forget(name);
    const job = store.jobs.get(jobOf(name));
    if (job?.latestCreatedExecution?.name !== idOf(name)) return;
    job.latestCreatedExecution.deleteTime = execution.deleteTime;
    store.jobs.put(job.name, job);
  });
}

/** `google.cloud.run.v2.Executions` */
export function executionsRpc(control: JobControl): RpcService {
  const { host, store } = control;
  const { canonical } = host.projects;
  const operation = (name: string): Operation => host.operations.message(name) as Operation;
  return rpc<typeof Executions>("google.cloud.run.v2.Executions", {
    getExecution: {
      permission: "run.executions.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => findExecution(control, canonical(request.name)),
    },
    listExecutions: {
      permission: "run.executions.list",
      resource: (request) => request.parent.replace(/\/jobs\/-$/, ""),
      audit: "ADMIN_READ",
      handle: (request) => {
        refuseShowDeleted(request);
        const parent = canonical(request.parent);
        const { job } = parseJob(parent);
        const { items, nextPageToken } = store.executions.list({
          ...(job === "-" ? { under: parent.slice(0, -1) } : { parent }),
          pageSize: pageSizeOf(request.pageSize),
          pageToken: request.pageToken,
        });
        return { executions: items, nextPageToken };
      },
    },
    deleteExecution: {
      permission: "run.executions.delete",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: ({ name, etag, validateOnly }) => {
        const execution = findExecution(control, canonical(name));
        checkEtag(etag, execution);
        return operation(deleteExecution(control, execution, validateOnly));
      },
    },
    cancelExecution: {
      permission: "run.executions.cancel",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: ({ name, etag, validateOnly }) => {
        const execution = findExecution(control, canonical(name));
        checkEtag(etag, execution);
        return operation(cancelExecution(control, execution, validateOnly));
      },
    },
  });
}

/** `google.cloud.run.v2.Tasks` */
export function tasksRpc(control: JobControl): RpcService {
  const { host, store } = control;
  const { canonical } = host.projects;
  return rpc<typeof Tasks>("google.cloud.run.v2.Tasks", {
    getTask: {
      permission: "run.tasks.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => findTask(control, canonical(request.name)),
    },
    listTasks: {
      permission: "run.tasks.list",
      resource: (request) => request.parent.replace(/(\/jobs\/-)?\/executions\/-$/, ""),
      audit: "ADMIN_READ",
      handle: (request) => {
        refuseShowDeleted(request);
        const parent = canonical(request.parent);
        parseExecution(parent);
        const under = parent.replace(/-(\/executions\/-)?$/, "");
        const { items, nextPageToken } = store.tasks.list({
          ...(parent.endsWith("/-") ? { under } : { parent }),
          pageSize: pageSizeOf(request.pageSize),
          pageToken: request.pageToken,
        });
        return { tasks: items, nextPageToken };
      },
    },
  });
}
