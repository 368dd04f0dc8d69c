import type {
  Machines,
  RevisionFailure,
  RevisionSpec,
  RevisionState,
  ServedService,
} from "../../../machines/machines.ts";
import type { TaskSpec } from "../../../machines/tasks/task.ts";

/** Machines without processes, which do as an image's name says: for tests of what the API makes of it. */
export interface PaperMachines extends Machines {
  /** What was started, in order, and is not stopped. */
  readonly up: ReadonlyMap<string, RevisionSpec>;
  /** Attempts of tasks, in the order of their start. */
  readonly tasks: readonly TaskSpec[];
  readonly served: ReadonlyMap<string, ServedService>;
  /** How often each revision was started. */
  readonly starts: ReadonlyMap<string, number>;
  /** Lets what waits (`/held:` images) go on. */
  release(): void;
}

const failures: Readonly<Record<string, RevisionFailure>> = {
  broken: {
    reason: "HealthCheckContainerError",
    message: "The user-provided container failed to start. Container called exit(1).",
  },
  missing: { reason: "ContainerMissing", message: "Image 'us-docker.pkg.dev/demo/app/missing:1' not found." },
  secretless: {
    reason: "SecretsAccessCheckFailed",
    message: "Permission denied on secret: projects/demo/secrets/s/versions/1.",
  },
};

/** An image is `us-docker.pkg.dev/demo/app/KIND:TAG` with KIND `good`, `held`, `broken`, `flaky` (a task's first attempt fails), `missing` or `secretless`. */
export function paperMachines(): PaperMachines {
  const up = new Map<string, RevisionSpec>();
  const states = new Map<string, RevisionState>();
  const served = new Map<string, ServedService>();
  const starts = new Map<string, number>();
  const tasks: TaskSpec[] = [];
  let gate = Promise.withResolvers<void>();

  return {
    up,
    tasks,
    served,
    starts,
    release: () => {
      gate.resolve();
      gate = Promise.withResolvers();
    },
    start: async (spec, signal) => {
      const running = states.get(spec.name);
      if (running?.phase === "ready") return running;
      starts.set(spec.name, (starts.get(spec.name) ?? 0) + 1);
      const kind = /\/([a-z]+)[:@]/.exec(spec.containers[0]?.image ?? "")?.[1] ?? "good";
      if (kind === "held") {
        const aborted = new Promise<void>((resolve) =>
          signal?.addEventListener("abort", () => resolve(), { once: true }),
        );
        await Promise.race([gate.promise, aborted]);
      }
      const failure = failures[kind];
      const state: RevisionState = {
        name: spec.name,
        phase: failure === undefined && !signal?.aborted ? "ready" : "failed",
        ...(failure === undefined ? {} : { failure }),
        instances: failure === undefined ? [{ id: "i", pid: 1, phase: "idle", startedMs: 0, requests: 0 }] : [],
      };
      if (state.phase === "ready") {
        up.set(spec.name, spec);
        states.set(spec.name, state);
      }
      return state;
    },
    runTask: async (spec, signal, started) => {
      const kind = /\/([a-z]+)[:@]/.exec(spec.containers[0]?.image ?? "")?.[1] ?? "good";
      const failure = failures[kind];
      if (failure !== undefined && kind !== "broken") return { how: "unstartable", message: failure.message, failure };
      tasks.push(spec);
      started();
      if (kind === "held") {
        const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        await Promise.race([gate.promise, aborted]);
      }
      if (signal.aborted) return { how: "stopped", message: "The task was stopped." };
      const flaky = kind === "flaky" && spec.attempt === 0;
      if (kind !== "broken" && !flaky) return { how: "succeeded", message: "", exitCode: 0 };
      return { how: "failed", message: "The container exited with an error.", exitCode: 3 };
    },
    checkTask: async (spec) => {
      const kind = /\/([a-z]+)[:@]/.exec(spec.containers[0]?.image ?? "")?.[1] ?? "good";
      return kind === "broken" ? undefined : failures[kind];
    },
    recover: async () => undefined,
    stop: async (revision) => {
      up.delete(revision);
      states.delete(revision);
    },
    state: (revision) => states.get(revision),
    serve: (service) => {
      served.set(service.name, service);
    },
    unserve: async (name) => {
      served.delete(name);
    },
    localUrl: (service) => (served.has(service) ? "http://127.0.0.1:1" : undefined),
    isolation: { kind: "plain", why: "nothing is run" },
    close: async () => {
      up.clear();
      states.clear();
    },
  };
}
