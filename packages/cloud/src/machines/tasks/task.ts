import { redactor } from "@aloft/kit/redaction";
import type { Images } from "../images/images.ts";
import { exitText } from "../instances/diagnosis.ts";
import { type MetadataServer, startMetadataServer } from "../instances/metadata.ts";
import { startInOrder } from "../instances/order.ts";
import { untilStarted } from "../instances/probes.ts";
import { type ResolvedEnv, readSecret, resolveSecrets } from "../instances/secrets.ts";
import type { ContainerSpec, RevisionFailure, RevisionSpec } from "../machines.ts";
import { programTime } from "../pace.ts";
import type { MachinesPorts } from "../ports.ts";
import { RevisionProblem } from "../problem.ts";
import { commandOf, environmentOf } from "../sandbox/command.ts";
import { type Container, runContainer } from "../sandbox/container.ts";
import type { Exit, Sandbox } from "../sandbox/sandbox.ts";
import type { VolumeSpec } from "../volumes/volume.ts";
import { openVolumes, type Volumes } from "../volumes/volumes.ts";
import { words } from "../words.ts";
import { taskLog } from "./log.ts";

const memoryPeriodMs = 250;
const mebibyte = 1024 * 1024;

/** One attempt of a job's task: programs that end by themselves, and listen to nobody. */
export interface TaskSpec {
  readonly project: string;
  readonly projectNumber: string;
  readonly region: string;
  readonly job: string;
  /** `nightly-x7k2p` */
  readonly execution: string;
  readonly index: number;
  /** 0 for the first. */
  readonly attempt: number;
  /** How many tasks the execution has. */
  readonly count: number;
  /** None has a port. */
  readonly containers: readonly ContainerSpec[];
  readonly volumes?: readonly VolumeSpec[];
  /** E-mail. */
  readonly serviceAccount: string;
  readonly timeoutS: number;
  readonly vpcNetwork?: string;
}

/** How an attempt ended. `message` is in Cloud Run's words. */
export interface TaskEnd {
  readonly how: "succeeded" | "failed" | "timeout" | "stopped" | "unstartable";
  readonly message: string;
  /** Of the container that failed. */
  readonly exitCode?: number;
  readonly signal?: number;
  /** Why nothing could be started, where that is not the program's doing: image, secrets. */
  readonly failure?: RevisionFailure;
}

export interface TaskParts
  extends Pick<
    MachinesPorts,
    | "clock"
    | "ids"
    | "secrets"
    | "buckets"
    | "tokens"
    | "processes"
    | "network"
    | "environment"
    | "logs"
    | "dir"
    | "note"
  > {
  readonly images: Images;
  readonly sandbox: Sandbox;
}

/** What the parts that know revisions are told of a task. */
export function asRevision(spec: TaskSpec): RevisionSpec {
  const place = `projects/${spec.project}/locations/${spec.region}/jobs/${spec.job}`;
  return {
    ...{ project: spec.project, projectNumber: spec.projectNumber, region: spec.region },
    name: `${place}/executions/${spec.execution}/tasks/${spec.index}`,
    service: spec.job,
    revision: spec.execution,
    containers: spec.containers,
    ...(spec.volumes === undefined ? {} : { volumes: spec.volumes }),
    serviceAccount: spec.serviceAccount,
    timeoutS: spec.timeoutS,
    concurrency: 1,
    minInstances: 0,
    maxInstances: 1,
    sessionAffinity: false,
    ...(spec.vpcNetwork === undefined ? {} : { vpcNetwork: spec.vpcNetwork }),
  };
}

/**
 * Runs an attempt to its end: all containers exited with 0, one did not, the timeout was reached, or `signal` was
 * aborted (SIGTERM, 10 s, SIGKILL). `started` is told when its programs run. Never throws for what a container does.
 */
export async function runTask(
  spec: TaskSpec,
  parts: TaskParts,
  signal: AbortSignal,
  started: () => void,
): Promise<TaskEnd> {
  const { clock, processes } = parts;
  const id = `${parts.ids.uuid()}${parts.ids.uuid()}`.replaceAll("-", "");
  const log = taskLog(spec, parts.logs, id);
  const as = asRevision(spec);
  const running = new Map<string, Container>();
  const holding = new Set<Promise<unknown>>();
  const ending = Promise.withResolvers<TaskEnd>();
  const abort = new AbortController();
  let metadata: MetadataServer | undefined;
  let resolved: ResolvedEnv | undefined;
  let volumes: Volumes | undefined;
  let left = spec.containers.length;
  const hide = (text: string): string => redactor(resolved?.values ?? [])(text);

  const end = (how: TaskEnd): void => {
    ending.resolve(how);
    abort.abort(new Error("the task has ended"));
  };
  const exited = (exit: Exit): void => {
    if (abort.signal.aborted) return;
    log.system("code" in exit && exit.code === 0 ? "INFO" : "ERROR", exitText(exit));
    if ("code" in exit && exit.code === 0) {
      left--;
      if (left === 0) end({ how: "succeeded", message: "", exitCode: 0 });
      return;
    }
    const told = "code" in exit ? { exitCode: exit.code } : { signal: exit.signal };
    end({ how: "failed", message: "The container exited with an error.", ...told });
  };

  const launch = async (container: ContainerSpec): Promise<void> => {
    const image = await parts.images.ready(container.image);
    const own = (resolved as ResolvedEnv).of(container.env);
    const path = own.PATH ?? image.config.env.find((entry) => entry.startsWith("PATH="))?.slice(5);
    const command = commandOf(container, image.config, image.root, path);
    const cloud = {
      ...parts.environment?.(as),
      CLOUD_RUN_JOB: spec.job,
      CLOUD_RUN_EXECUTION: spec.execution,
      CLOUD_RUN_TASK_INDEX: String(spec.index),
      CLOUD_RUN_TASK_ATTEMPT: String(spec.attempt),
      CLOUD_RUN_TASK_COUNT: String(spec.count),
      GCE_METADATA_HOST: metadata?.host ?? "",
    };
    const env = environmentOf(image.config, cloud, own, command.home);
    abort.signal.throwIfAborted();
    const owner = `machines/${id}/${container.name}`;
    const making = runContainer({
      sandbox: parts.sandbox,
      launch: {
        id: `${id.slice(0, 24)}-${container.name || "main"}`,
        root: image.root,
        command,
        env,
        imageEnv: new Set(Object.keys(env).filter((name) => !(name in own) && !(name in cloud))),
        memoryMiB: container.memoryMiB,
        cpu: container.cpu,
        mounts: volumes?.mountsOf(container) ?? [],
      },
      line: (stream, text) => log.line(stream, text, container.name),
    }).then((made) => {
      running.set(container.name, made);
      processes.record(owner, made.holder);
      return made;
    });
    holding.add(making);
    const child = await making;
    void child.exited.then((exit) => {
      processes.forget(owner);
      exited(exit);
    });
    const probe = container.startupProbe;
    if (probe === undefined) return;
    const outcome = await untilStarted({ probe, port: probe.port, clock: programTime(clock), signal: abort.signal });
    if (!outcome.ok) throw new RevisionProblem("HealthCheckContainerError", words.probeFailed);
  };

  const begin = async (): Promise<void> => {
    await Promise.all(spec.containers.map((container) => parts.images.ready(container.image)));
    resolved = await resolveSecrets(as, parts.secrets);
    volumes = await openVolumes(as, id, { ...parts, warn: (text) => log.system("WARNING", text) });
    metadata = await startMetadataServer({ spec: as, instance: id, tokens: parts.tokens, clock });
    if (abort.signal.aborted) return;
    started();
    await startInOrder(spec.containers, launch);
  };

  const leave = parts.network.join({
    spec: as,
    holders: () => [...running.values()].map(({ holder }) => holder),
    warn: (text) => log.system("WARNING", text),
  });
  const watch = setInterval(() => {
    for (const container of spec.containers) {
      const used = running.get(container.name)?.memoryBytes() ?? 0;
      if (used <= container.memoryMiB * mebibyte) continue;
      const text = words.memoryExceeded(container.memoryMiB, Math.ceil(used / mebibyte));
      log.system("ERROR", text);
      end({ how: "failed", message: text, signal: 9 });
      for (const each of running.values()) each.destroy();
    }
  }, memoryPeriodMs);
  const cancelTimeout = programTime(clock).after(spec.timeoutS * 1000, () => {
    log.system("ERROR", words.taskTimeout(spec.timeoutS));
    end({ how: "timeout", message: "The configured timeout was reached." });
  });
  const stopped = (): void => end({ how: "stopped", message: "The task was stopped." });
  signal.addEventListener("abort", stopped, { once: true });
  if (signal.aborted) stopped();

  const work = begin().catch((thrown) => {
    if (abort.signal.aborted) return;
    const problem = thrown instanceof RevisionProblem ? thrown : undefined;
    const text = hide(
      problem?.message ?? `The task could not be started: ${String((thrown as Error).message ?? thrown)}`,
    );
    log.system("ERROR", text);
    const program = problem === undefined || problem.reason === "HealthCheckContainerError";
    end(
      program
        ? { how: "failed", message: text }
        : { how: "unstartable", message: text, failure: { reason: problem.reason, message: text } },
    );
  });
  try {
    return await ending.promise;
  } finally {
    signal.removeEventListener("abort", stopped);
    cancelTimeout();
    clearInterval(watch);
    await work;
    await Promise.allSettled(holding);
    await Promise.all([...running.values()].map((child) => child.stop()));
    await volumes?.close();
    leave();
    await metadata?.close();
  }
}

/** What keeps a job from running at all, before it is: its images are fetched, its secrets read as its identity. */
export async function checkTask(
  spec: TaskSpec,
  parts: Pick<TaskParts, "images" | "secrets">,
): Promise<RevisionFailure | undefined> {
  try {
    await Promise.all(spec.containers.map((container) => parts.images.ready(container.image)));
    const as = asRevision(spec);
    await resolveSecrets(as, parts.secrets);
    for (const volume of spec.volumes ?? []) {
      if (volume.kind === "secret") {
        for (const { version } of volume.files) await readSecret(as, parts.secrets, version);
      }
    }
    return undefined;
  } catch (thrown) {
    if (thrown instanceof RevisionProblem) return thrown.failure;
    throw thrown;
  }
}
