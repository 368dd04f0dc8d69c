import { RpcError } from "../../../wire/rpc-error.ts";
import type { LocationName } from "../names.ts";

export interface JobName extends LocationName {
  readonly job: string;
}

export interface ExecutionName extends JobName {
  readonly execution: string;
}

export interface TaskName extends ExecutionName {
  readonly task: string;
}

function parse(name: string, form: string): readonly string[] {
  const pattern = new RegExp(`^${form.replace(/\{\w+\}/g, "([^/]+)")}$`);
  const found = pattern.exec(name);
  if (found === null) throw new RpcError("INVALID_ARGUMENT", `Invalid resource name '${name}'. Expected: ${form}.`);
  return found.slice(1);
}

const jobForm = "projects/{project}/locations/{location}/jobs/{job}";
const executionForm = `${jobForm}/executions/{execution}`;

/** `projects/p/locations/r/jobs/j`. Throws INVALID_ARGUMENT for any other form. */
export function parseJob(name: string): JobName {
  const [project = "", location = "", job = ""] = parse(name, jobForm);
  return { project, location, job };
}

/** `projects/p/locations/r/jobs/j/executions/e`. Throws INVALID_ARGUMENT for any other form. */
export function parseExecution(name: string): ExecutionName {
  const [project = "", location = "", job = "", execution = ""] = parse(name, executionForm);
  return { project, location, job, execution };
}

/** `projects/p/locations/r/jobs/j/executions/e/tasks/t`. Throws INVALID_ARGUMENT for any other form. */
export function parseTask(name: string): TaskName {
  const [project = "", location = "", job = "", execution = "", task = ""] = parse(
    name,
    `${executionForm}/tasks/{task}`,
  );
  return { project, location, job, execution, task };
}

/** `projects/p/locations/r/jobs/j` of an execution's or a task's name. */
export function jobOf(name: string): string {
  return name.replace(/\/executions\/.*$/, "");
}

/** NOT_FOUND in Cloud Run's words. */
export function jobNotFound(at: LocationName, id: string): RpcError {
  return missing(at, "JOB", id);
}

/** NOT_FOUND in Cloud Run's words. */
export function executionNotFound(at: LocationName, id: string): RpcError {
  return missing(at, "EXECUTION", id);
}

/** NOT_FOUND in Cloud Run's words. */
export function taskNotFound(at: LocationName, id: string): RpcError {
  return missing(at, "TASK", id);
}

function missing(at: LocationName, kind: string, id: string): RpcError {
  return new RpcError(
    "NOT_FOUND",
    `Resource '${id}' of kind '${kind}' in region '${at.location}' in project '${at.project}' does not exist.`,
  );
}
