import type { Agent } from "node:http";
import { redactor } from "@aloft/kit/redaction";
import type { Images } from "../images/images.ts";
import type { RevisionLog } from "../logging.ts";
import type { ContainerSpec, InstanceState, Probe, RevisionSpec } from "../machines.ts";
import { programTime } from "../pace.ts";
import type { MachinesPorts } from "../ports.ts";
import { RevisionProblem } from "../problem.ts";
import { commandOf, environmentOf } from "../sandbox/command.ts";
import { type Container, runContainer } from "../sandbox/container.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { openVolumes, type Volumes } from "../volumes/volumes.ts";
import { words } from "../words.ts";
import { exitText, said, startupText, whereOf, whyNotStarted } from "./diagnosis.ts";
import { returnPort, takePort } from "./free-port.ts";
import { createIdling } from "./idling.ts";
import { type MetadataServer, startMetadataServer } from "./metadata.ts";
import { defaultProbe, ingressOf, namesOf, pathOf } from "./of-spec.ts";
import { startInOrder } from "./order.ts";
import { untilStarted, watchLiveness } from "./probes.ts";
import { type ResolvedEnv, resolveSecrets } from "./secrets.ts";

/** How often memory is looked at. */
const memoryPeriodMs = 250;

const mebibyte = 1024 * 1024;

export interface InstanceParts
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
    | "dir"
    | "note"
    | "instanceLifeMs"
  > {
  readonly images: Images;
  readonly sandbox: Sandbox;
  readonly log: RevisionLog;
}

/** One instance of a revision: its containers, with their port, identity and memory limit. */
export interface Instance {
  readonly id: string;
  /** Where its ingress container listens, at `containerAddress`. */
  readonly port: () => number;
  /** Connections to the program that were used and are kept for a moment; none while it has no CPU. */
  readonly connections: Agent;
  /** Resolves when the startup probes have passed; rejects with `RevisionProblem` when it cannot start. */
  readonly started: Promise<void>;
  /** Resolves when it is over, for whatever reason. `problem`: it ended by itself after it had started. */
  readonly gone: Promise<{ readonly problem?: RevisionProblem }>;
  readonly ready: () => boolean;
  readonly stopping: () => boolean;
  readonly inFlight: () => number;
  /** A request comes: gives the CPU back. The answer ends the request. */
  enter(): () => void;
  stop(): Promise<void>;
  state(): InstanceState;
}

/** Starts an instance. Nothing is thrown: `started` tells. */
export function startInstance(spec: RevisionSpec, parts: InstanceParts): Instance {
  const { clock, log, processes } = parts;
  const id = `${parts.ids.uuid()}${parts.ids.uuid()}`.replaceAll("-", "");
  const running = new Map<string, Container>();
  const watches: (() => void)[] = [];
  const holding = new Set<Promise<unknown>>();
  const abort = new AbortController();
  const startedMs = clock.now();
  let phase: "starting" | "running" | "stopping" | "gone" = "starting";
  let port = 0;
  let metadata: MetadataServer | undefined;
  let inFlight = 0;
  let requests = 0;
  let resolved: ResolvedEnv | undefined;
  let volumes: Volumes | undefined;
  let ended: RevisionProblem | undefined;
  let stopped: Promise<void> | undefined;
  let tellGone: (how: { readonly problem?: RevisionProblem }) => void;
  const gone = new Promise<{ readonly problem?: RevisionProblem }>((resolve) => {
    tellGone = resolve;
  });

  /** What is being made and must be there before it can be ended. */
  const held = <T>(making: Promise<T>): Promise<T> => {
    holding.add(making);
    const done = (): boolean => holding.delete(making);
    making.then(done, done);
    return making;
  };

  const hide = (text: string): string => redactor(resolved?.values ?? [])(text);
  const portOf = (container: ContainerSpec, probed: number): number =>
    container.port !== undefined && (probed === container.port.containerPort || probed === 0) ? port : probed;

  /** It cannot go on: because a container ended, took too much memory, or is not alive. */
  const fail = (problem: RevisionProblem): void => {
    if (ended !== undefined || phase === "stopping" || phase === "gone") return;
    ended = problem;
    abort.abort(problem);
    void stop();
  };

  const launch = async (container: ContainerSpec): Promise<void> => {
    const image = await parts.images.ready(container.image);
    const own = (resolved as ResolvedEnv).of(container.env);
    const command = commandOf(container, image.config, image.root, own.PATH ?? pathOf(image.config.env));
    const cloud = {
      ...parts.environment?.(spec),
      ...(container.port === undefined ? {} : { PORT: String(port) }),
      ...namesOf(spec),
      GCE_METADATA_HOST: metadata?.host ?? "",
    };
    const env = environmentOf(image.config, cloud, own, command.home);
    abort.signal.throwIfAborted();
    const child = await held(
      runContainer({
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
        line: (stream, text) => log.line(stream, text, id, container.name),
      }).then((made) => {
        running.set(container.name, made);
        return made;
      }),
    );
    processes.record(`machines/${id}/${container.name}`, child.holder);
    void child.exited.then((exit) => {
      processes.forget(`machines/${id}/${container.name}`);
      if (phase === "stopping" || phase === "gone" || ended !== undefined) return;
      const text = exitText(exit);
      log.system(exit && "code" in exit && exit.code === 0 ? "WARNING" : "ERROR", text, id);
      const before = phase === "starting" ? `${startupText(container)}\n\n` : "";
      fail(new RevisionProblem("HealthCheckContainerError", hide(`${before}${text}${said(child)}`)));
    });
    const probe = container.startupProbe ?? defaultProbe(container);
    if (probe !== undefined) await waitFor(container, child, probe);
  };

  const waitFor = async (container: ContainerSpec, child: Container, probe: Probe): Promise<void> => {
    const at = whereOf(probe);
    const kind = probe.kind === "tcp" ? "Default TCP" : probe.kind.toUpperCase();
    const outcome = await untilStarted({
      probe,
      port: portOf(container, probe.port),
      clock: programTime(clock),
      signal: abort.signal,
    });
    const { name } = container;
    if (outcome.ok) {
      log.system("INFO", words.startupProbe({ kind, ok: true, times: outcome.tries, container: name, at }), id);
      return;
    }
    log.system(
      "ERROR",
      words.startupProbe({ kind, ok: false, times: probe.failureThreshold, container: name, at }),
      id,
    );
    const seen = await whyNotStarted({ probe, why: outcome.why, child, port: portOf(container, probe.port) });
    throw new RevisionProblem("HealthCheckContainerError", hide(`${startupText(container)}${seen}${said(child)}`));
  };

  const watch = (): void => {
    const timer = setInterval(() => {
      for (const container of spec.containers) {
        const child = running.get(container.name);
        if (child === undefined || asleep()) continue;
        const used = child.memoryBytes();
        if (used <= container.memoryMiB * mebibyte) continue;
        const text = words.memoryExceeded(container.memoryMiB, Math.ceil(used / mebibyte));
        log.system("ERROR", text, id);
        fail(new RevisionProblem("HealthCheckContainerError", hide(`${text}${said(child)}`)));
        for (const each of running.values()) each.destroy();
      }
    }, memoryPeriodMs);
    timer.unref();
    watches.push(() => clearInterval(timer));
  };

  const watchAlive = (container: ContainerSpec): void => {
    const probe = container.livenessProbe;
    if (probe === undefined) return;
    watches.push(
      watchLiveness({
        probe,
        port: portOf(container, probe.port),
        clock: programTime(clock),
        awake: () => phase === "running" && !asleep(),
        failed: (failures, why) => {
          const text = words.livenessFailed(probe.kind.toUpperCase(), failures, container.name, whereOf(probe));
          log.system("ERROR", text, id);
          const child = running.get(container.name);
          fail(
            new RevisionProblem(
              "HealthCheckContainerError",
              hide(`${text} (${why})${child === undefined ? "" : said(child)}`),
            ),
          );
        },
      }),
    );
  };

  const idling = createIdling({
    containers: spec.containers,
    running,
    isIdle: () => inFlight === 0 && phase === "running",
  });
  const { connections, asleep, rest, wake } = idling;

  const begin = async (): Promise<void> => {
    await Promise.all(spec.containers.map((container) => parts.images.ready(container.image)));
    resolved = await resolveSecrets(spec, parts.secrets);
    abort.signal.throwIfAborted();
    volumes = await held(openVolumes(spec, id, { ...parts, warn: (text) => log.system("WARNING", text, id) }));
    abort.signal.throwIfAborted();
    await held(
      Promise.all([startMetadataServer({ spec, instance: id, tokens: parts.tokens, clock }), takePort()]).then(
        (made) => {
          [metadata, port] = made;
        },
      ),
    );
    abort.signal.throwIfAborted();
    watches.push(
      parts.network.join({
        spec,
        holders: () => [...running.values()].map(({ holder }) => holder),
        warn: (text) => log.system("WARNING", text, id),
      }),
    );
    watch();
    await startInOrder(spec.containers, launch);
    abort.signal.throwIfAborted();
    phase = "running";
    for (const container of spec.containers) watchAlive(container);
    rest();
  };

  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      const wasRunning = phase === "running";
      phase = "stopping";
      abort.abort(ended ?? new Error("the instance is stopped"));
      wake();
      await Promise.allSettled(holding);
      for (const end of watches) end();
      connections.destroy();
      await Promise.all([...running.values()].map((child) => child.stop()));
      await volumes?.close();
      await metadata?.close();
      if (port !== 0) returnPort(port);
      phase = "gone";
      tellGone(wasRunning && ended !== undefined ? { problem: ended } : {});
    })();
    return stopped;
  };

  const started = Promise.race([begin(), aborted(abort.signal)]).catch(async (thrown) => {
    await stop();
    throw ended ?? thrown;
  });
  started.catch(() => undefined);
  return {
    id,
    port: () => port,
    connections,
    started,
    gone,
    ready: () => phase === "running",
    stopping: () => phase === "stopping" || phase === "gone",
    inFlight: () => inFlight,
    enter: () => {
      inFlight++;
      requests++;
      wake();
      let left = false;
      return () => {
        if (left) return;
        left = true;
        inFlight--;
        rest();
      };
    },
    stop,
    state: () => ({
      id,
      pid: running.get(ingressOf(spec)?.name ?? "")?.pid(),
      phase: phase === "running" && asleep() ? "idle" : phase,
      startedMs,
      requests,
    }),
  };
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
