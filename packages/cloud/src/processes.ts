import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import type { Database } from "./host.ts";

/**
 * A process that this cloud started, told apart from a later one that got the same number: by the time it started
 * and the boot it belongs to.
 */
export interface ProcessRecord {
  readonly pid: number;
  /** Linux: field 22 of `/proc/PID/stat` (clock ticks since boot) and the boot's id. Elsewhere: `ps -o lstart`. */
  readonly started: string;
}

/** The record of a running process; undefined when there is none of that number, or it is a zombie. */
export function identify(pid: number): ProcessRecord | undefined {
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const started = process.platform === "linux" ? startedOnLinux(pid) : startedElsewhere(pid);
  return started === undefined ? undefined : { pid, started };
}

/** Whether that very process still runs. */
export function isAlive(record: ProcessRecord): boolean {
  return identify(record.pid)?.started === record.started;
}

/** Sends a signal to that very process (`group`: to its whole group, whose leader it is). False when it is gone. */
export function signal(
  record: ProcessRecord,
  name: NodeJS.Signals,
  options: { readonly group?: boolean } = {},
): boolean {
  if (!isAlive(record)) return false;
  try {
    process.kill(options.group ? -record.pid : record.pid, name);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw thrown;
  }
}

/**
 * Ends that very process: SIGTERM, and SIGKILL when it is still there after `graceMs` (10 s by default, the computer's
 * time: a process knows no other). Resolves when it is gone; at once when it was. A child of ours must be reaped by
 * Node's own `exit` handling, which happens by itself.
 */
export async function end(
  record: ProcessRecord,
  options: { readonly graceMs?: number; readonly group?: boolean } = {},
): Promise<void> {
  if (!signal(record, "SIGTERM", options)) return;
  if (await gone(record, options.graceMs ?? 10_000)) return;
  signal(record, "SIGKILL", options);
  await gone(record, 5000);
}

async function gone(record: ProcessRecord, withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  for (let pauseMs = 2; isAlive(record); pauseMs = Math.min(50, pauseMs * 2)) {
    if (performance.now() >= until) return false;
    await wait(pauseMs);
  }
  return true;
}

/** The processes on record, kept over `kill -9` of the cloud: each under the name of what owns it. */
export interface Processes {
  /** Remembers a process just started under a unique name (`redis/projects/p/…`). Undefined when it is gone already. */
  record(owner: string, pid: number): ProcessRecord | undefined;
  /** The owner's process when that very one still runs: to adopt or to end. Forgets it when it does not. */
  adopt(owner: string): ProcessRecord | undefined;
  /** All owners on record whose name starts so, running or not. */
  owners(prefix: string): readonly string[];
  forget(owner: string): void;
}

/** Keeps records in the cloud's database. */
export function createProcesses(db: Database): Processes {
  db.define(
    "CREATE TABLE IF NOT EXISTS processes (owner TEXT PRIMARY KEY, pid INTEGER NOT NULL, started TEXT NOT NULL)",
  );
  const put = db.prepare("INSERT OR REPLACE INTO processes (owner, pid, started) VALUES (?, ?, ?)");
  const get = db.prepare("SELECT pid, started FROM processes WHERE owner = ?");
  const remove = db.prepare("DELETE FROM processes WHERE owner = ?");
  const list = db.prepare("SELECT owner FROM processes WHERE substr(owner, 1, length(?1)) = ?1 ORDER BY owner");
  const forget = (owner: string): void => {
    remove.run(owner);
  };
  return {
    record: (owner, pid) => {
      const record = identify(pid);
      if (record !== undefined) put.run(owner, record.pid, record.started);
      return record;
    },
    adopt: (owner) => {
      const row = get.get(owner) as { pid: number; started: string } | undefined;
      if (row === undefined) return undefined;
      if (isAlive(row)) return { pid: row.pid, started: row.started };
      forget(owner);
      return undefined;
    },
    owners: (prefix) => list.all(prefix).map((row) => row.owner as string),
    forget,
  };
}

let boot: string | undefined;

function startedOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the program's name in parentheses, which may hold spaces and parentheses of its own.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    return `${fields[19]}@${boot}`;
  } catch {
    return undefined;
  }
}

function startedElsewhere(pid: number): string | undefined {
  try {
    const text = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    return text === "" || text.startsWith("Z") ? undefined : text.replace(/^\S+\s+/, "");
  } catch {
    return undefined;
  }
}
