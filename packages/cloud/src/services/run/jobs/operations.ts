import type { Execution, ExecutionSchema } from "../../../../gen/types/google/cloud/run/v2/execution_pb.js";
import type { Job, JobSchema } from "../../../../gen/types/google/cloud/run/v2/job_pb.js";
import type { Host, OperationHandle } from "../../../host.ts";
import { type CodeName, RpcError } from "../../../wire/rpc-error.ts";
import type { LastOperations } from "../last-operations.ts";
import type { Messages } from "../messages.ts";
import { api } from "../operations.ts";
import type { JobStore, PendingJob } from "./store.ts";

type Handle = OperationHandle<typeof JobSchema, typeof JobSchema>;
type RunHandle = OperationHandle<typeof ExecutionSchema, typeof ExecutionSchema>;

/** Why an operation failed. */
export interface JobFault {
  readonly code: CodeName;
  readonly message: string;
}

/** The operations on jobs and executions, kept with what they wait for. */
export interface JobOperations {
  /** Its name. */
  startJob(job: Job, kind: "job" | "deleteJob"): string;
  startExecution(execution: Execution, kind: "run" | "cancel" | "deleteExecution"): string;
  /** One that is done at once: of `validate_only`. */
  done(of: Job | Execution): string;
  /** Shows where it is, in the metadata of all that wait for it. */
  progress(of: Job | Execution): void;
  /** Ends those of these kinds. */
  end(of: Job | Execution, kinds: readonly PendingJob["kind"][], fault?: JobFault): void;
}

export function createJobOperations(
  host: Host,
  m: Messages,
  store: JobStore,
  lastOperations: LastOperations,
): JobOperations {
  const parentOf = (name: string): string => name.slice(0, name.indexOf("/jobs/"));
  const begin = (of: Job | Execution): Handle | RunHandle => {
    const base = { api, parent: parentOf(of.name), target: of.name };
    return isJob(of)
      ? host.operations.start({ ...base, response: m.job, metadata: { schema: m.job, value: of } })
      : host.operations.start({ ...base, response: m.execution, metadata: { schema: m.execution, value: of } });
  };
  const pending = (of: Job | Execution, operation: string): Handle | RunHandle | undefined =>
    isJob(of)
      ? host.operations.pending(operation, m.job, m.job)
      : host.operations.pending(operation, m.execution, m.execution);
  const start = (of: Job | Execution, kind: PendingJob["kind"]): string => {
    const { name } = begin(of);
    store.addPending({ operation: name, kind, target: of.name });
    lastOperations.set(of.name, name);
    return name;
  };
  return {
    startJob: start,
    startExecution: start,
    done: (of) => {
      const handle = begin(of) as Handle;
      handle.succeed(of as Job);
      return handle.name;
    },
    progress: (of) => {
      for (const { operation } of store.pendingOf(of.name)) (pending(of, operation) as Handle)?.metadata(of as Job);
    },
    end: (of, kinds, fault) => {
      for (const { operation, kind } of store.pendingOf(of.name)) {
        if (!kinds.includes(kind)) continue;
        const handle = pending(of, operation) as Handle | undefined;
        handle?.metadata(of as Job);
        if (fault === undefined) handle?.succeed(of as Job);
        else handle?.fail(new RpcError(fault.code, fault.message));
        store.removePending(operation);
      }
    },
  };
}

function isJob(of: Job | Execution): of is Job {
  return of.$typeName === "google.cloud.run.v2.Job";
}
