import { messageOf } from "@aloft/kit/failure";
import type { Job } from "../../../../gen/types/google/cloud/run/v2/job_pb.js";
import type { Host } from "../../../host.ts";
import type { Machines, RevisionFailure } from "../../../machines/machines.ts";
import type { CodeName } from "../../../wire/rpc-error.ts";
import { unreadableImage } from "../access.ts";
import { changed, codeOf, type Reasons, reason } from "../conditions.ts";
import type { LastOperations } from "../last-operations.ts";
import type { Messages } from "../messages.ts";
import { api } from "../operations.ts";
import { parseJob } from "./names.ts";
import type { JobOperations } from "./operations.ts";
import type { Runner } from "./runner.ts";
import { taskSpecOf } from "./spec.ts";
import type { JobStore } from "./store.ts";

export interface SettlerParts {
  readonly host: Host;
  readonly machines: Machines;
  readonly m: Messages;
  readonly store: JobStore;
  readonly operations: JobOperations;
  readonly lastOperations: LastOperations;
  readonly stamps: () => number;
  readonly runner: Runner;
}

/** Finds out whether a job can run, and takes away one that is deleted. One pass at a time for each job. */
export interface Settler {
  /** To be called after each change of a job. Never throws. */
  kick(job: string): void;
  close(): Promise<void>;
}

export function createSettler(parts: SettlerParts): Settler {
  const { host, machines, m, store, operations, stamps, runner } = parts;
  const passes = new Map<string, { again: boolean; done: Promise<void> }>();
  let closed = false;

  const kick = (job: string): void => {
    if (closed) return;
    const running = passes.get(job);
    if (running !== undefined) {
      running.again = true;
      return;
    }
    const entry = { again: false, done: Promise.resolve() };
    passes.set(job, entry);
    entry.done = loop(job, entry);
  };

  const loop = async (name: string, entry: { again: boolean }): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    do {
      entry.again = false;
      const job = store.jobs.get(name);
      if (job === undefined || closed) break;
      try {
        await (job.deleteTime === undefined ? settle(job) : remove(job));
      } catch (thrown) {
        if (closed) break;
        const message = `${name} could not be settled: ${messageOf(thrown)}`;
        host.note(`run.job.${name}`, message);
        operations.end(job, ["job", "deleteJob"], { code: "INTERNAL", message });
      }
    } while (entry.again && !closed);
    passes.delete(name);
  };

  const settle = async (before: Job): Promise<void> => {
    const place = parseJob(before.name);
    const projectNumber = host.projects.get(place.project)?.number ?? "0";
    const template = before.template?.template;
    if (template === undefined) return;
    const at = { ...place, projectNumber, execution: "", index: 0, attempt: 0, count: 1 };
    const images = template.containers.map(({ image }) => image);
    const failure = unreadableImage(host, images, at) ?? (await machines.checkTask(taskSpecOf(template, at)));
    const job = store.jobs.get(before.name);
    if (closed || job === undefined || job.generation !== before.generation || job.deleteTime !== undefined) return;
    host.db.tx(() => {
      const fault = failure === undefined ? undefined : faultOf(failure);
      job.terminalCondition = changed(
        m,
        job.terminalCondition,
        fault === undefined
          ? { type: "Ready", state: "succeeded" }
          : { type: "Ready", state: "failed", message: fault.message, reasons: fault.reasons },
        stamps(),
      );
      job.reconciling = false;
      job.observedGeneration = job.generation;
      store.jobs.put(job.name, job);
      operations.end(job, ["job"], fault);
    });
  };

  const remove = async (job: Job): Promise<void> => {
    await Promise.all(store.executions.list({ parent: job.name }).items.map(({ name }) => runner.cancel(name)));
    if (closed) return;
    host.db.tx(() => {
      job.reconciling = false;
      job.observedGeneration = job.generation;
      job.terminalCondition = changed(m, job.terminalCondition, { type: "Ready", state: "succeeded" }, stamps());
      operations.end(job, ["job"], { code: "ABORTED", message: "The job was deleted before this was done." });
      operations.end(job, ["deleteJob"]);
      host.iam.removePolicies(`${api}/${job.name}`);
      store.forgetJob(job.name);
      parts.lastOperations.forget(job.name);
    });
  };

  return {
    kick,
    close: async () => {
      closed = true;
      await Promise.allSettled([...passes.values()].map(({ done }) => done));
    },
  };
}

/** What a failure to start is in the API's terms. */
export function faultOf(failure: RevisionFailure): {
  readonly message: string;
  readonly reasons: Reasons;
  readonly code: CodeName;
} {
  const names = {
    ContainerMissing: "CONTAINER_MISSING",
    ContainerPermissionDenied: "CONTAINER_PERMISSION_DENIED",
    HealthCheckContainerError: "UNKNOWN",
    SecretsAccessCheckFailed: "SECRETS_ACCESS_CHECK_FAILED",
    ImageInvalid: "UNKNOWN",
    NetworkUnavailable: "VPC_NETWORK_NOT_FOUND",
  } as const;
  const reasons = reason.common(names[failure.reason]);
  return { message: failure.message, reasons, code: codeOf(reasons) };
}
