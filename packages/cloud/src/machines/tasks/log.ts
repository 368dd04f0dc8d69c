import type { Logs } from "../../host.ts";
import { entryOf } from "../logging.ts";
import type { TaskSpec } from "./task.ts";

/** What one attempt of a task writes to Logging. */
export interface TaskLog {
  /** A line of a program's output. */
  line(stream: "stdout" | "stderr", text: string, container: string): void;
  /** What Cloud Run itself has to say. */
  system(severity: "INFO" | "WARNING" | "ERROR", text: string): void;
}

/** Entries of the resource `cloud_run_job`: https://cloud.google.com/run/docs/logging#job-logs */
export function taskLog(spec: TaskSpec, logs: Pick<Logs, "write">, instance: string): TaskLog {
  const resource = {
    type: "cloud_run_job",
    labels: { project_id: spec.project, location: spec.region, job_name: spec.job },
  };
  const labels = {
    instanceId: instance,
    "run.googleapis.com/execution_name": spec.execution,
    "run.googleapis.com/task_attempt": String(spec.attempt),
    "run.googleapis.com/task_index": String(spec.index),
  };
  const logName = (log: string): string => `projects/${spec.project}/logs/run.googleapis.com%2F${log}`;
  return {
    line: (stream, text, container) => {
      const entry = entryOf(text, spec.project);
      const all = { ...labels, container_name: container, ...entry.labels };
      logs.write({ logName: logName(stream), resource, ...entry, labels: all });
    },
    system: (severity, text) =>
      logs.write({ logName: logName("varlog%2Fsystem"), resource, severity, textPayload: text, labels }),
  };
}
