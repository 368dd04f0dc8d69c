import type { Execution } from "../../../../gen/types/google/cloud/run/v2/execution_pb.js";
import type { RestMethod, RestRequest } from "../../../service.ts";
import type { Control } from "../control.ts";
import { jobControlOf } from "../jobs/control.ts";
import { cancelExecution, deleteExecution } from "../jobs/executions-rpc.ts";
import { executionNotFound, jobOf, taskNotFound } from "../jobs/names.ts";
import { executionOut, taskOut } from "./job-out.ts";
import { tidy } from "./json.ts";
import { batch } from "./metadata.ts";
import { findByIn, type Listable, listOf, numberOf, parentOf, whereOf } from "./places.ts";
import { deletedStatus } from "./status.ts";

const root = "/apis/run.googleapis.com/v1/namespaces/{project}";

/** How an execution is shown. */
export function executionShow(control: Control): (execution: Execution) => object {
  const { store } = jobControlOf(control);
  return (execution) =>
    executionOut(execution, {
      projectNumber: numberOf(control, execution.name),
      operation: control.lastOperations.of(execution.name),
      jobUid: store.jobs.get(jobOf(execution.name))?.uid ?? "",
    });
}

/** v1's executions and tasks, over those of v2: named by their id alone, of whichever job. */
export function executionsRest(control: Control): readonly RestMethod[] {
  const jobs = jobControlOf(control);
  const { store } = jobs;

  const finder = <M extends { readonly name: string }>(
    collection: Listable<M>,
    kind: string,
    missing: typeof executionNotFound,
  ) => {
    const seek = (request: RestRequest): M | undefined =>
      findByIn(collection, whereOf(control, request), kind, request.params.id ?? "");
    return {
      find: (request: RestRequest): M => {
        const found = seek(request);
        if (found !== undefined) return found;
        const { project, region } = whereOf(control, request);
        throw missing({ project, location: region }, request.params.id ?? "");
      },
      /** The resource that permissions are asked on. */
      named: (request: RestRequest): string => seek(request)?.name ?? parentOf(control, request),
    };
  };
  const executions = finder(store.executions, "executions", executionNotFound);
  const tasks = finder(store.tasks, "tasks", taskNotFound);
  const show = executionShow(control);
  const parent = (request: RestRequest): string => parentOf(control, request);

  return [
    {
      id: "google.cloud.run.v1.Executions.GetExecution",
      verb: "GET",
      path: `${root}/executions/{id}`,
      permission: "run.executions.get",
      resource: executions.named,
      audit: "ADMIN_READ",
      handle: (request) => tidy(show(executions.find(request))),
    },
    {
      id: "google.cloud.run.v1.Executions.ListExecutions",
      verb: "GET",
      path: `${root}/executions`,
      permission: "run.executions.list",
      resource: parent,
      audit: "ADMIN_READ",
      handle: (request) =>
        listOf(control, request, { apiVersion: batch, kind: "ExecutionList", collection: store.executions, show }),
    },
    {
      id: "google.cloud.run.v1.Executions.DeleteExecution",
      verb: "DELETE",
      path: `${root}/executions/{id}`,
      permission: "run.executions.delete",
      resource: executions.named,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const execution = executions.find(request);
        deleteExecution(jobs, execution, false);
        return deletedStatus("executions", execution);
      },
    },
    {
      id: "google.cloud.run.v1.Executions.CancelExecution",
      verb: "POST",
      path: `${root}/executions/{id}:cancel`,
      permission: "run.executions.cancel",
      resource: executions.named,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const execution = executions.find(request);
        cancelExecution(jobs, execution, false);
        return tidy(show(execution));
      },
    },
    {
      id: "google.cloud.run.v1.Tasks.GetTask",
      verb: "GET",
      path: `${root}/tasks/{id}`,
      permission: "run.tasks.get",
      resource: tasks.named,
      audit: "ADMIN_READ",
      handle: (request) => {
        const task = tasks.find(request);
        return tidy(taskOut(task, { projectNumber: numberOf(control, task.name) }));
      },
    },
    {
      id: "google.cloud.run.v1.Tasks.ListTasks",
      verb: "GET",
      path: `${root}/tasks`,
      permission: "run.tasks.list",
      resource: parent,
      audit: "ADMIN_READ",
      handle: (request) =>
        listOf(control, request, {
          apiVersion: batch,
          kind: "TaskList",
          collection: store.tasks,
          show: (task) => taskOut(task, { projectNumber: numberOf(control, task.name) }),
        }),
    },
  ];
}
