import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "@aloft/kit/clock";
import type { RevisionFailure, RevisionSpec, RevisionState } from "../machines.ts";
import { programTime } from "../pace.ts";
import { RevisionProblem } from "../problem.ts";
import { words } from "../words.ts";
import { crashLoop, idleMs, pauseMs, queueBound, queueMs, stableMs, toStart } from "./autoscaler.ts";
import { type Instance, type InstanceParts, startInstance } from "./instance.ts";

/** A request could not be given to an instance. */
export class NoInstance extends Error {
  readonly status: 429 | 503;

  constructor(status: 429 | 503, message: string) {
    super(message);
    this.name = "NoInstance";
    this.status = status;
  }
}

/** A place in an instance for one request. */
export interface Lease {
  readonly instance: Instance;
  release(): void;
}

/** A revision with its instances: as many as requests, minimum and maximum ask for. */
export interface Revision {
  readonly spec: RevisionSpec;
  /** When the first instance has started, or it is clear that none will. Rejects only for a bug. */
  readonly settled: Promise<void>;
  state(): RevisionState;
  /**
   * A place for a request, in the `wanted` instance where it has room; waits for one. Throws `NoInstance`, or the
   * signal's reason.
   */
  acquire(signal: AbortSignal, wanted?: string): Promise<Lease>;
  /**
   * What the services say: whether anything leads to it, and its share of the service's minimum; `manual`: of what is
   * to run exactly.
   */
  demand(demand: { readonly routed: boolean; readonly sharedMin: number; readonly manual?: boolean }): void;
  /** `drain`: requests under way are waited for, for a while, before the programs are told to end. */
  stop(options?: { readonly drain?: boolean }): Promise<void>;
}

/** How long requests under way are waited for before SIGTERM, in the computer's time. */
const drainMs = 10_000;

interface Waiter {
  /** The id of the instance that it would rather have. */
  readonly wanted: string | undefined;
  readonly give: (lease: Lease) => void;
  readonly refuse: (error: Error) => void;
}

/** Starts a revision: its first instance, even where the minimum is none. */
export function startRevision(spec: RevisionSpec, parts: InstanceParts): Revision {
  const { clock, log } = parts;
  const instances = new Set<Instance>();
  const idleTimers = new Map<Instance, () => void>();
  /** Those whose time is over: they finish what they have, and get no more. */
  const leaving = new Set<Instance>();
  const waiting: Waiter[] = [];
  const max = spec.maxInstances > 0 ? spec.maxInstances : 100;
  const concurrency = Math.max(1, spec.concurrency);
  let phase: RevisionState["phase"] = "starting";
  let failure: RevisionFailure | undefined;
  let routed: boolean | undefined;
  let sharedMin = 0;
  let manual = false;
  let crashes = 0;
  let notBeforeMs = 0;
  let cancelRetry = (): void => undefined;

  const min = (): number =>
    routed === false || phase === "starting" ? 0 : Math.min(max, Math.max(spec.minInstances, sharedMin));
  const alive = (): Instance[] => [...instances].filter((each) => !each.stopping() && !leaving.has(each));
  const over = (): boolean => phase === "stopped";

  const launch = (reason: keyof typeof words.starting): Promise<void> => {
    const instance = startInstance(spec, parts);
    instances.add(instance);
    log.system("INFO", words.starting[reason], instance.id);
    void instance.gone.then(({ problem }) => {
      instances.delete(instance);
      leaving.delete(instance);
      idleTimers.get(instance)?.();
      idleTimers.delete(instance);
      if (problem !== undefined && !over()) crashed(problem);
    });
    return instance.started.then(() => {
      const cancel = clock.after(stableMs, () => {
        if (!instance.ready()) return;
        crashes = 0;
        if (phase === "failed") [phase, failure] = ["ready", undefined];
      });
      void instance.gone.then(cancel);
      const lifeMs = parts.instanceLifeMs?.(serviceOf(spec));
      if (lifeMs !== undefined) void instance.gone.then(clock.after(lifeMs, () => replace(instance)));
      resting(instance);
    });
  };

  /** Its time is over, as Google ends instances now and then: another comes where one is needed, and no request is cut. */
  const replace = (instance: Instance): void => {
    if (over() || instance.stopping()) return;
    leaving.add(instance);
    if (instance.inFlight() === 0) void instance.stop();
    adjust();
  };

  /** Starts what is missing: for the minimum and for those who wait. */
  const adjust = (): void => {
    if (over() || phase === "starting") return;
    serveWaiting();
    const here = alive();
    const starting = here.filter((instance) => !instance.ready()).length;
    const count = toStart({
      waiting: waiting.length,
      starting,
      alive: here.length,
      concurrency,
      min: min(),
      max: manual ? min() : max,
    });
    if (count === 0) return;
    const waitMs = notBeforeMs - clock.now();
    if (waitMs > 0) {
      cancelRetry();
      cancelRetry = clock.after(waitMs, adjust);
      return;
    }
    const forMinimum = waiting.length === 0;
    for (let n = 0; n < count; n++) {
      launch(forMinimum ? "minimum" : "scaling").then(adjust, (thrown) => {
        if (!over()) crashed(problemOf(thrown));
      });
    }
  };

  const crashed = (problem: RevisionProblem): void => {
    crashes++;
    notBeforeMs = clock.now() + pauseMs(crashes);
    if (crashes >= crashLoop) [phase, failure] = ["failed", problem.failure];
    if (alive().length === 0) refuseAll(new NoInstance(503, problem.message));
    adjust();
  };

  const serveWaiting = (): void => {
    while (waiting.length > 0) {
      const free = alive()
        .filter((instance) => instance.ready() && instance.inFlight() < concurrency)
        .sort((a, b) => a.inFlight() - b.inFlight());
      const [least] = free;
      if (least === undefined) return;
      const waiter = waiting.shift();
      waiter?.give(lease(free.find(({ id }) => id === waiter.wanted) ?? least));
    }
  };

  const lease = (instance: Instance): Lease => {
    idleTimers.get(instance)?.();
    const leave = instance.enter();
    let released = false;
    return {
      instance,
      release: () => {
        if (released) return;
        released = true;
        leave();
        serveWaiting();
        if (instance.inFlight() > 0) return;
        if (leaving.has(instance)) void instance.stop();
        else resting(instance);
      },
    };
  };

  /** It has no request: ended when nothing leads to its revision, or after long enough, beyond the minimum. */
  const resting = (instance: Instance): void => {
    idleTimers.get(instance)?.();
    const endIfSpare = (): void => {
      if (instance.inFlight() > 0 || instance.stopping()) return;
      if (alive().length > min()) void instance.stop();
    };
    if (routed === false || manual) endIfSpare();
    else idleTimers.set(instance, clock.after(idleMs, endIfSpare));
  };

  const refuseAll = (error: Error): void => {
    for (const waiter of waiting.splice(0)) waiter.refuse(error);
  };

  const settled = launch("rollout").then(
    () => {
      if (over()) return;
      phase = "ready";
      adjust();
    },
    (thrown) => {
      if (over()) return;
      const problem = problemOf(thrown);
      [phase, failure] = ["failed", problem.failure];
      refuseAll(new NoInstance(503, problem.message));
    },
  );

  return {
    spec,
    settled,
    state: () => ({
      name: spec.name,
      phase,
      ...(failure === undefined ? {} : { failure }),
      instances: [...instances].map((instance) => instance.state()),
    }),
    acquire: async (signal, wanted) => {
      signal.throwIfAborted();
      const dead = phase === "failed" && crashes === 0;
      if (over() || dead) throw new NoInstance(503, failure?.message ?? "The revision is stopped.");
      if (waiting.length >= queueBound(concurrency, max)) throw new NoInstance(429, words.noInstance);
      return waitForRoom({
        signal,
        wanted,
        clock: programTime(clock),
        waiting,
        adjust,
        starting: () => alive().some((one) => !one.ready()),
        failing: () => crashes > 0 && alive().length === 0,
      });
    },
    demand: (demand) => {
      const was = routed;
      routed = demand.routed;
      sharedMin = demand.sharedMin;
      manual = demand.manual === true;
      if ((was !== false && !routed) || manual) {
        for (const instance of alive()) if (instance.ready() && instance.inFlight() === 0) resting(instance);
      }
      adjust();
    },
    stop: async (how = {}) => {
      phase = "stopped";
      cancelRetry();
      refuseAll(new NoInstance(503, "The revision is stopped."));
      const until = performance.now() + drainMs;
      await Promise.all(
        [...instances].map(async (instance) => {
          while (how.drain === true && instance.inFlight() > 0 && performance.now() < until) await wait(10);
          await instance.stop();
        }),
      );
    },
  };
}

/** `projects/p/locations/r/services/s` */
const serviceOf = ({ name }: RevisionSpec): string => name.slice(0, name.lastIndexOf("/revisions/"));

function waitForRoom(options: {
  readonly signal: AbortSignal;
  readonly wanted: string | undefined;
  readonly clock: Clock;
  readonly waiting: Waiter[];
  readonly adjust: () => void;
  readonly starting: () => boolean;
  readonly failing: () => boolean;
}): Promise<Lease> {
  const { signal, clock, waiting } = options;
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      const at = waiting.indexOf(waiter);
      if (at >= 0) waiting.splice(at, 1);
      signal.removeEventListener("abort", gone);
      cancel();
    };
    const waiter: Waiter = {
      wanted: options.wanted,
      give: (lease) => {
        leave();
        resolve(lease);
      },
      refuse: (error) => {
        leave();
        reject(error);
      },
    };
    const gone = (): void => waiter.refuse(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    const late = (): void => {
      if (options.starting()) cancel = clock.after(queueMs, late);
      else waiter.refuse(new NoInstance(options.failing() ? 503 : 429, words.noInstance));
    };
    let cancel = clock.after(queueMs, late);
    signal.addEventListener("abort", gone, { once: true });
    waiting.push(waiter);
    options.adjust();
  });
}

/** What a user's container did, or a bug, which then stands in the revision's condition and not in a crash of the cloud. */
function problemOf(thrown: unknown): RevisionProblem {
  if (thrown instanceof RevisionProblem) return thrown;
  return new RevisionProblem(
    "HealthCheckContainerError",
    `The instance could not be started: ${String((thrown as Error).message ?? thrown)}`,
    thrown,
  );
}
