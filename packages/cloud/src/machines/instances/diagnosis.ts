import type { ContainerSpec, Probe } from "../machines.ts";
import type { Container } from "../sandbox/container.ts";
import { listeningPorts } from "../sandbox/listening.ts";
import { descendantsOf } from "../sandbox/process-tree.ts";
import type { Exit } from "../sandbox/sandbox.ts";
import { words } from "../words.ts";
import { listensOnLoopback } from "./probes.ts";

/** What Cloud Run says of a container that did not start. */
export function startupText(container: ContainerSpec): string {
  const probe = container.startupProbe;
  if (container.port === undefined || (probe !== undefined && probe.kind !== "tcp")) return words.probeFailed;
  return words.neverListened(container.port.containerPort);
}

/** What is seen from here of why a probe never succeeded: a paragraph to follow Cloud Run's words. */
export async function whyNotStarted(options: {
  readonly probe: Probe;
  /** Why the last try failed. */
  readonly why: string;
  readonly child: Container;
  /** Where the container should listen. */
  readonly port: number;
}): Promise<string> {
  const { probe, why, child, port } = options;
  if (/^HTTP/.test(why)) return `\n\nThe probe of ${probe.path || "/"} was answered by ${why}.`;
  if (await listensOnLoopback(port)) {
    return "\n\nThe container listens on 127.0.0.1 only: it must listen on all addresses (0.0.0.0).";
  }
  const pid = child.pid();
  const others = pid === undefined ? [] : listeningPorts([pid, ...descendantsOf(pid)]);
  const here = `\n\nOn this machine the instance was given PORT=${port}`;
  return others.length === 0 ? `${here}.` : `${here}, and the container listens on port ${others.join(", ")} instead.`;
}

/** Where a probe asks, as Cloud Run's logs name it. */
export const whereOf = (probe: Probe): string =>
  probe.kind === "http" ? `path "${probe.path || "/"}"` : `port ${probe.port}`;

export const exitText = (exit: Exit): string =>
  "code" in exit ? words.exited(exit.code) : words.signalled(exit.signal);

/** The container's last lines, as a paragraph; nothing where it said nothing. */
export const said = (child: Container): string => (child.tail() === "" ? "" : `\n\nIt said last:\n${child.tail()}`);
