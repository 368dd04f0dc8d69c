import { readdirSync, readFileSync } from "node:fs";

/** The processes that this one started and that still run (zombies too), by any of its threads. Linux only. */
export function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "latin1").trim().split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** All processes below this one, itself not among them. */
export function descendantsOf(pid: number): readonly number[] {
  const found: number[] = [];
  for (let queue = [...childrenOf(pid)]; queue.length > 0; ) {
    found.push(...queue);
    queue = queue.flatMap((child) => [...childrenOf(child)]);
  }
  return found;
}

/** Sends a signal; false when there is no such process any more. */
export function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Stops every process that `list` names, again until no new one appears: a fork in between is caught too. */
export function stopAll(list: () => readonly number[]): void {
  const stopped = new Set<number>();
  for (let round = 0; round < 10; round++) {
    const fresh = list().filter((pid) => !stopped.has(pid));
    if (fresh.length === 0) return;
    for (const pid of fresh) {
      kill(pid, "SIGSTOP");
      stopped.add(pid);
    }
  }
}

/**
 * Bytes of memory that these processes hold: what is their own (anonymous and shared memory) summed, and the mapped files
 * of the largest, since instances' processes mostly map the same ones.
 */
export function memoryOf(pids: readonly number[]): number {
  let own = 0;
  let files = 0;
  for (const pid of pids) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "latin1");
      const kib = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
      own += kib("RssAnon") + kib("RssShmem");
      files = Math.max(files, kib("RssFile"));
    } catch {
      // Gone since it was listed.
    }
  }
  return (own + files) * 1024;
}
