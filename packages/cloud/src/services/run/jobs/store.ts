import type { ExecutionSchema } from "../../../../gen/types/google/cloud/run/v2/execution_pb.js";
import type { JobSchema } from "../../../../gen/types/google/cloud/run/v2/job_pb.js";
import type { Task, TaskSchema } from "../../../../gen/types/google/cloud/run/v2/task_pb.js";
import type { Database, Schemas } from "../../../host.ts";
import { type Collection, collection } from "../../../store/collection.ts";
import type { Messages } from "../messages.ts";

/** What an operation waits for: a job to be ready or gone, an execution to be over, stopped or gone. */
export type PendingKind = "job" | "deleteJob" | "run" | "cancel" | "deleteExecution";

export interface PendingJob {
  readonly operation: string;
  readonly kind: PendingKind;
  /** The job's or the execution's name. */
  readonly target: string;
}

export interface JobStore {
  readonly jobs: Collection<typeof JobSchema>;
  readonly executions: Collection<typeof ExecutionSchema>;
  readonly tasks: Collection<typeof TaskSchema>;
  /** By their index. */
  tasksOf(execution: string): readonly Task[];
  addPending(pending: PendingJob): void;
  pendingOf(target: string): readonly PendingJob[];
  allPending(): readonly PendingJob[];
  removePending(operation: string): void;
  /** The execution with its tasks. */
  forgetExecution(execution: string): void;
  forgetJob(job: string): void;
}

const tables = { jobs: "run_jobs", executions: "run_executions", tasks: "run_tasks" };

export function createJobStore(db: Database, schemas: Schemas, m: Messages): JobStore {
  const jobs = collection({ db, schemas, table: tables.jobs, schema: m.job, order: "newest" });
  const executions = collection({ db, schemas, table: tables.executions, schema: m.execution, order: "newest" });
  const tasks = collection({ db, schemas, table: tables.tasks, schema: m.task });
  db.define(`
    CREATE TABLE IF NOT EXISTS run_job_pending (operation TEXT PRIMARY KEY, kind TEXT NOT NULL, target TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS run_job_pending_by_target ON run_job_pending (target);
  `);
  const pending = (row: Record<string, unknown>): PendingJob => ({
    operation: String(row.operation),
    kind: String(row.kind) as PendingKind,
    target: String(row.target),
  });
  const forgetExecution = (execution: string): void => {
    executions.delete(execution);
    tasks.deleteUnder(`${execution}/tasks/`);
    db.prepare("DELETE FROM run_job_pending WHERE target = ?").run(execution);
  };
  return {
    jobs,
    executions,
    tasks,
    tasksOf: (execution) => [...tasks.list({ parent: execution }).items].sort((a, b) => a.index - b.index),
    addPending: ({ operation, kind, target }) => {
      db.prepare("INSERT INTO run_job_pending (operation, kind, target) VALUES (?, ?, ?)").run(operation, kind, target);
    },
    pendingOf: (target) =>
      db.prepare("SELECT * FROM run_job_pending WHERE target = ? ORDER BY rowid").all(target).map(pending),
    allPending: () => db.prepare("SELECT * FROM run_job_pending ORDER BY rowid").all().map(pending),
    removePending: (operation) => {
      db.prepare("DELETE FROM run_job_pending WHERE operation = ?").run(operation);
    },
    forgetExecution,
    forgetJob: (job) => {
      for (const { name } of executions.list({ parent: job }).items) forgetExecution(name);
      jobs.delete(job);
      db.prepare("DELETE FROM run_job_pending WHERE target = ?").run(job);
    },
  };
}

/** Whether this database has ever had a job. Reads no descriptors: what the cloud's start asks. */
export function hasJobs(db: Database): boolean {
  const table = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(tables.jobs);
  return table !== undefined && db.prepare(`SELECT 1 FROM ${tables.jobs} LIMIT 1`).get() !== undefined;
}
