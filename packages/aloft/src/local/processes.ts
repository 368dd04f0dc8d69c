import { readdirSync, readFileSync } from "node:fs";

/** A process that cannot be mistaken for a later one of the same id. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot at which it started; `""` where the system has no /proc. */
  readonly startedAt: string;
}

interface Stat extends ProcessId {
  readonly parent: number;
  readonly zombie: boolean;
}

/** Undefined when there is none (or no /proc: then only `alive` by signal 0 is known). */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name stands in brackets and may hold anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { pid, zombie: fields[0] === "Z", parent: Number(fields[1]), startedAt: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}

export function identify(pid: number): ProcessId {
  return { pid, startedAt: statOf(pid)?.startedAt ?? "" };
}

/** Whether this very process still runs. */
export function alive(id: ProcessId): boolean {
  const stat = statOf(id.pid);
  if (stat !== undefined) return !stat.zombie && (id.startedAt === "" || stat.startedAt === id.startedAt);
  if (id.startedAt !== "") return false;
  try {
    process.kill(id.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Every process below this one, as the system knows it now; none where there is no /proc. */
export function descendants(pid: number): ProcessId[] {
  const children = new Map<number, Stat[]>();
  for (const name of procIds()) {
    const stat = statOf(name);
    if (stat !== undefined) children.set(stat.parent, [...(children.get(stat.parent) ?? []), stat]);
  }
  const below = (id: number): Stat[] => (children.get(id) ?? []).flatMap((child) => [child, ...below(child.pid)]);
  return below(pid).map(({ pid: id, startedAt }) => ({ pid: id, startedAt }));
}

function procIds(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

export function signalTo(id: ProcessId, signal: NodeJS.Signals): void {
  if (!alive(id)) return;
  try {
    process.kill(id.pid, signal);
  } catch {
    // It ended meanwhile.
  }
}

/** Whether the process of this id is a local cloud, and not another one that got the number later. */
export function isCloud(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("aloft-cloud");
  } catch {
    return process.platform !== "linux";
  }
}
