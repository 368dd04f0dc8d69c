import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { messageOf } from "@aloft/kit/failure";
import { descendantsOf } from "./process-tree.ts";
import type { Sandbox } from "./sandbox.ts";

/** Of the kernel's bookkeeping: a group may use `cpu` times so much in each such time. */
const periodUs = 100_000;

/** When an ended program's group is removed: its last processes may not have been reaped at once. */
const removeAfterMs = [0, 100, 1000];

/** Control groups that hold programs to their CPU. */
export interface CpuLimits {
  /** The same sandbox, whose programs get the CPU that their launch says and no more. */
  around(sandbox: Sandbox): Sandbox;
  /** Removes what is left of groups whose processes have ended; waits a moment for the last of them. */
  clear(): Promise<void>;
}

/** Where groups are made: by cgroup v2, or by v1 where the `cpu` controller still lives there. */
interface Hierarchy {
  readonly group: string;
  /** Makes the group able to hold limited ones. Throws where this user may not. */
  prepare(): void;
  limit(group: string, cpu: number): void;
}

/**
 * `folder` is that of the machines: it names the groups, so that an earlier cloud's are found again. `tell` gets the
 * reason when a program cannot be held to its CPU here.
 */
export function createCpuLimits(options: {
  readonly folder: string;
  readonly tell: (why: string) => void;
  readonly self?: string;
  readonly mount?: string;
}): CpuLimits {
  const name = `aloft-${createHash("sha256").update(options.folder).digest("hex").slice(0, 12)}`;
  let why: string | undefined;
  let prepared = false;
  let hierarchy: Hierarchy | undefined;
  try {
    hierarchy = find(name, options.self ?? "/proc/self/cgroup", options.mount ?? "/sys/fs/cgroup");
  } catch (thrown) {
    why = messageOf(thrown);
  }

  /** Puts the processes of this program into a group of their own. Answers how to take it away again. */
  const hold = (id: string, cpu: number, holder: number): (() => void) | undefined => {
    if (hierarchy === undefined || why !== undefined) {
      options.tell(why ?? "no cgroups");
      return undefined;
    }
    const group = join(hierarchy.group, id);
    try {
      if (!prepared) hierarchy.prepare();
      prepared = true;
      mkdirSync(group);
      hierarchy.limit(group, cpu);
      // What they start later is in the group by itself.
      for (const pid of [holder, ...descendantsOf(holder)]) writeFileSync(join(group, "cgroup.procs"), String(pid));
    } catch (thrown) {
      if (existsSync(`/proc/${holder}`)) {
        why = messageOf(thrown);
        options.tell(why);
      }
    }
    return () => {
      for (const delayMs of removeAfterMs) setTimeout(() => remove(group), delayMs).unref();
    };
  };

  return {
    around: (sandbox) => ({
      ...sandbox,
      launch: async (launch) => {
        const program = await sandbox.launch(launch);
        const release = hold(launch.id, launch.cpu, program.holder);
        void program.exited.then(release);
        return program;
      },
    }),
    clear: async () => {
      if (hierarchy === undefined) return;
      prepared = false;
      for (let tries = 0; tries < 10 && existsSync(hierarchy.group); tries++) {
        if (tries > 0) await wait(20);
        for (const entry of readdirSync(hierarchy.group, { withFileTypes: true })) {
          if (entry.isDirectory()) remove(join(hierarchy.group, entry.name));
        }
        remove(hierarchy.group);
      }
    },
  };
}

function find(name: string, self: string, mount: string): Hierarchy {
  const lines = readFileSync(self, "latin1")
    .trim()
    .split("\n")
    .map((line) => line.split(":"));
  const v1 = lines.find(([, controllers = ""]) => controllers.split(",").includes("cpu"));
  if (v1 !== undefined) {
    const group = join(mount, "cpu", v1[2] ?? "/", name);
    return {
      group,
      prepare: () => mkdirSync(group, { recursive: true }),
      limit: (each, cpu) => {
        writeFileSync(join(each, "cpu.cfs_period_us"), String(periodUs));
        writeFileSync(join(each, "cpu.cfs_quota_us"), String(Math.round(cpu * periodUs)));
      },
    };
  }
  const own = lines.find(([id, controllers]) => id === "0" && controllers === "")?.[2];
  if (own === undefined) throw new Error("this system has no cgroups with a CPU controller");
  // A group that holds processes may not hand the CPU on, so ours stands beside the cloud's own.
  const parent = join(mount, dirname(own));
  const group = join(parent, name);
  return {
    group,
    prepare: () => {
      handOn(parent);
      mkdirSync(group, { recursive: true });
      handOn(group);
    },
    limit: (each, cpu) => writeFileSync(join(each, "cpu.max"), `${Math.round(cpu * periodUs)} ${periodUs}`),
  };
}

/** Lets a group's children be limited: https://docs.kernel.org/admin-guide/cgroup-v2.html#enabling-and-disabling */
function handOn(group: string): void {
  const path = join(group, "cgroup.subtree_control");
  if (!readFileSync(path, "latin1").split(/\s+/).includes("cpu")) writeFileSync(path, "+cpu");
}

function remove(group: string): void {
  try {
    rmdirSync(group);
  } catch {
    // Gone already, or still in use: looked at again later.
  }
}
