import { Agent } from "node:http";
import type { ContainerSpec } from "../machines.ts";
import type { Container } from "../sandbox/container.ts";

/** How long an instance without requests keeps its CPU, so that a burst does not stop and start it each time. */
const lingerMs = 25;

/** How long an unused connection is kept: less than any server waits for the next request by default. */
const keptMs = 1000;

/** What becomes of an instance between requests: its containers with `cpuIdle` have no CPU then. */
export interface Idling {
  /** Connections to the program that were used and are kept for a moment; none while it has no CPU. */
  readonly connections: Agent;
  readonly asleep: () => boolean;
  /** It may have become idle. */
  readonly rest: () => void;
  /** A request comes, or it is to end: gives the CPU back. */
  readonly wake: () => void;
}

export function createIdling(options: {
  readonly containers: readonly ContainerSpec[];
  /** Those that run, by name. */
  readonly running: ReadonlyMap<string, Container>;
  /** Whether it has started, and has no request. */
  readonly isIdle: () => boolean;
}): Idling {
  const { running, isIdle } = options;
  const idles = options.containers.filter((container) => container.cpuIdle);
  const connections = new Agent({ keepAlive: true, timeout: keptMs, scheduling: "lifo" });
  let lingering: NodeJS.Timeout | undefined;
  let frozen = false;
  return {
    connections,
    asleep: () => frozen,
    rest: () => {
      clearTimeout(lingering);
      if (idles.length === 0 || !isIdle()) return;
      lingering = setTimeout(() => {
        if (!isIdle()) return;
        frozen = true;
        // Its server's own timers run out meanwhile: thawed, it would close them on the next request.
        connections.destroy();
        for (const container of idles) running.get(container.name)?.freeze();
      }, lingerMs);
    },
    wake: () => {
      clearTimeout(lingering);
      if (!frozen) return;
      frozen = false;
      for (const child of running.values()) child.thaw();
    },
  };
}
