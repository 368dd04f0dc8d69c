import { readFileSync } from "node:fs";
import type { Sample } from "../services/monitoring/metrics.ts";
import type { Revision } from "./instances/revision.ts";
import { type RequestLog, type RevisionLog, resourceOf } from "./logging.ts";
import type { InstanceState, RevisionSpec } from "./machines.ts";
import type { MachinesPorts } from "./ports.ts";
import { descendantsOf, memoryOf } from "./sandbox/process-tree.ts";

/** How often instances are looked at, in the computer's time: a clock that leaps takes no figures on its way. */
const periodMs = 10_000;
const mebibyte = 1024 * 1024;
/** `sysconf(_SC_CLK_TCK)`, which Linux has at 100 wherever Node runs. */
const ticksPerSecond = 100;

/** What a revision does, for Monitoring. */
export interface Figures {
  /** The same log, its requests counted as they end. */
  of(log: RevisionLog): RevisionLog;
  /** Looks at the revision's instances now and then, until it is stopped. */
  watch(revision: Pick<Revision, "state" | "settled">): void;
}

/** The figures of `run.googleapis.com/…`, about `cloud_run_revision`. Without `metrics` nothing is measured. */
export function createFigures(spec: RevisionSpec, metrics: MachinesPorts["metrics"]): Figures {
  if (metrics === undefined) return { of: (log) => log, watch: () => undefined };
  const resource: Sample["resource"] = resourceOf(spec);
  const record = (metric: string, value: number, labels: Readonly<Record<string, string>> = {}): void =>
    metrics.record({ project: spec.project, metric: `run.googleapis.com/${metric}`, resource, labels, value });
  const container = spec.containers.find(({ port }) => port !== undefined) ?? spec.containers[0];
  const billedByRequest = container?.cpuIdle === true;

  const busyUntil = new Map<string, number>();
  /** Time in which an instance had a request, once for those at the same time. */
  const bill = (instance: string, latencyMs: number): void => {
    const end = performance.now();
    const since = Math.max(end - latencyMs, busyUntil.get(instance) ?? 0);
    busyUntil.set(instance, end);
    if (end > since) record("container/billable_instance_time", (end - since) / 1000);
  };
  const count = ({ status, latencyMs, instance }: RequestLog): void => {
    if (instance === undefined) return;
    const labels = { response_code: String(status), response_code_class: `${Math.floor(status / 100)}xx` };
    record("request_count", 1, labels);
    record("request_latencies", latencyMs, labels);
    if (billedByRequest) bill(instance, latencyMs);
  };

  const seen = new Map<string, { readonly cpuS: number; readonly atMs: number }>();
  const look = (instances: readonly InstanceState[]): void => {
    const alive = instances.filter(({ phase }) => phase === "running" || phase === "idle");
    const active = alive.filter(({ phase }) => phase === "running").length;
    record("container/instance_count", active, { state: "active" });
    record("container/instance_count", alive.length - active, { state: "idle" });
    for (const { id, pid } of alive) {
      if (pid === undefined || container === undefined) continue;
      const labels = { container_name: container.name };
      const pids = [pid, ...descendantsOf(pid)];
      record("container/memory/utilizations", memoryOf(pids) / (container.memoryMiB * mebibyte), labels);
      const now = { cpuS: cpuSecondsOf(pids), atMs: performance.now() };
      const before = seen.get(id);
      seen.set(id, now);
      if (before === undefined || now.atMs <= before.atMs) continue;
      const seconds = (now.atMs - before.atMs) / 1000;
      const used = Math.max(0, now.cpuS - before.cpuS) / seconds / container.cpu;
      record("container/cpu/utilizations", Math.min(1, used), labels);
      if (!billedByRequest) record("container/billable_instance_time", seconds);
    }
    const here = new Set(alive.map(({ id }) => id));
    for (const id of seen.keys()) if (!here.has(id)) seen.delete(id);
    for (const id of busyUntil.keys()) if (!here.has(id)) busyUntil.delete(id);
  };

  return {
    of: (log) => ({
      ...log,
      request: (request) => {
        count(request);
        log.request(request);
      },
    }),
    watch: (revision) => {
      const timer = setInterval(() => {
        const { phase, instances } = revision.state();
        if (phase === "stopped") clearInterval(timer);
        else look(instances);
      }, periodMs);
      timer.unref();
      void revision.settled.then(() => {
        if (revision.state().phase !== "stopped") look(revision.state().instances);
      });
    },
  };
}

/** Seconds of CPU that these processes have had. */
function cpuSecondsOf(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    try {
      // The command's name may have blanks: fields are counted behind its parenthesis.
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
    } catch {
      // Gone since it was listed.
    }
  }
  return ticks / ticksPerSecond;
}
