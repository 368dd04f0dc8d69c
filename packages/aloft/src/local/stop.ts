import { setTimeout as sleep } from "node:timers/promises";
import { probe } from "./admin.ts";
import { unpoint } from "./cloud-file.ts";
import type { Place } from "./place.ts";
import { alive, descendants, identify, isCloud, type ProcessId, signalTo } from "./processes.ts";

export interface StopOptions {
  readonly environ: NodeJS.ProcessEnv;
  readonly note: (text: string) => void;
}

export interface Stopped {
  /** False: none ran. */
  readonly stopped: boolean;
  readonly pid?: number;
  /** Processes of services, Redis and the like that the cloud left, and that were ended here. */
  readonly leftovers: number;
}

/** An instance has 10 s from SIGTERM; the cloud itself gets a little longer. */
const graceMs = 20_000;

/** Stops the local cloud and waits until neither it nor a process that it started is left. */
export async function stopCloud(place: Place, options: StopOptions): Promise<Stopped> {
  const pid = await pidOf(place);
  if (pid === undefined) return { stopped: false, leftovers: 0 };
  const cloud = identify(pid);
  const children = descendants(pid);
  signalTo(cloud, "SIGTERM");
  if (!(await gone([cloud], graceMs))) {
    options.note(`The local cloud (process ${pid}) does not end: it is killed.`);
    children.push(...descendants(pid));
    signalTo(cloud, "SIGKILL");
    await gone([cloud], 5000);
  }
  const left = children.filter(alive);
  for (const child of left) signalTo(child, "SIGTERM");
  if (!(await gone(left, 2000))) for (const child of left) signalTo(child, "SIGKILL");
  await gone(left, 2000);
  unpoint(place.port, options.environ);
  return { stopped: true, pid, leftovers: left.length };
}

/** Its own word first; a cloud that hangs is known by its file and its program's name. */
async function pidOf(place: Place): Promise<number | undefined> {
  const found = await probe(place);
  if (found.found === "ours") return found.status.pid;
  const pid = place.file?.pid;
  return pid !== undefined && alive(identify(pid)) && isCloud(pid) ? pid : undefined;
}

async function gone(ids: readonly ProcessId[], withinMs: number): Promise<boolean> {
  for (const end = performance.now() + withinMs; ; await sleep(20)) {
    if (!ids.some(alive)) return true;
    if (performance.now() > end) return false;
  }
}
