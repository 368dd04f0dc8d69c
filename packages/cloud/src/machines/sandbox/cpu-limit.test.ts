import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { until } from "../testing/world.ts";
import { createCpuLimits } from "./cpu-limit.ts";
import type { Exit, Launch, Program, Sandbox } from "./sandbox.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0)) await clean();
});
const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), "aloft-cpu-"));
  cleanups.unshift(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};
const launch = (cpu: number): Launch => ({ id: "one-main", cpu }) as unknown as Launch;

/** A sandbox of one process, which a program that is told to uses as much CPU as it gets. */
function busy(code: string): Sandbox {
  return {
    kind: "plain",
    launch: async () => {
      const child = spawn(process.execPath, ["-e", code]);
      cleanups.unshift(() => child.kill("SIGKILL"));
      const program: Program = {
        holder: child.pid ?? -1,
        main: () => child.pid,
        processes: () => [],
        diskBytes: () => 0,
        stdout: child.stdout,
        stderr: new PassThrough(),
        exited: once(child, "exit").then((): Exit => ({ code: 0 })),
        destroy: () => child.kill("SIGKILL"),
      };
      return program;
    },
  };
}

test("CPU limit: a program that would use a whole CPU gets the part that it is allowed, and its group goes with it", async (context) => {
  const told: string[] = [];
  const limits = createCpuLimits({ folder: folder(), tell: (why) => told.push(why) });
  cleanups.push(() => limits.clear());
  const code =
    "const read=()=>process.cpuUsage().user+process.cpuUsage().system;setTimeout(()=>{const t=performance.now(),c=read();while(performance.now()-t<600);process.stdout.write(String((read()-c)/1000/(performance.now()-t)));setInterval(()=>{},1000)},50)";
  const program = await limits.around(busy(code)).launch(launch(0.2));
  if (told.length > 0) {
    process.stderr.write(`skipped: no CPU limits here (${told[0]})\n`);
    return context.skip();
  }
  const [share] = (await once(program.stdout, "data")) as [Buffer];
  expect(Number(share)).toBeLessThan(0.4);
  const [, controllers, path = ""] =
    /^\d+:(.*):(.*\/aloft-[0-9a-f]{12}\/one-main)$/m.exec(readFileSync(`/proc/${program.holder}/cgroup`, "latin1")) ??
    [];
  const group = join("/sys/fs/cgroup", controllers === "" ? "" : "cpu", path);
  expect(existsSync(group)).toBe(true);
  program.destroy();
  await program.exited;
  await until(() => !existsSync(group));
});

test("CPU limit: cgroup v2 gets cpu.max beside the cloud's own group; where it may not be written, the reason is told", async () => {
  const mount = folder();
  const self = join(mount, "self");
  writeFileSync(self, "0::/user.slice/terminal.scope\n");
  const slice = join(mount, "user.slice");
  mkdirSync(slice);
  writeFileSync(join(slice, "cgroup.subtree_control"), "memory pids");
  const told: string[] = [];
  const tell = (why: string): unknown => told.push(why);
  const limits = createCpuLimits({ folder: "/state", tell, self, mount });
  const group = join(slice, "aloft-7ac1387d11b1");
  mkdirSync(group);
  writeFileSync(join(group, "cgroup.subtree_control"), "");
  const program = await limits.around(busy("setInterval(()=>{},1000)")).launch(launch(1.5));
  const text = (path: string): string => readFileSync(path, "latin1");
  expect(told).toEqual([]);
  expect([text(join(slice, "cgroup.subtree_control")), text(join(group, "cgroup.subtree_control"))]).toEqual([
    "+cpu",
    "+cpu",
  ]);
  expect(text(join(group, "one-main", "cpu.max"))).toBe("150000 100000");
  expect(text(join(group, "one-main", "cgroup.procs"))).toBe(String(program.holder));

  writeFileSync(self, "0::/system.slice/aloft.service\n");
  const idle = busy("setInterval(()=>{},1000)");
  await createCpuLimits({ folder: "/state", tell, self, mount }).around(idle).launch(launch(1));
  expect(told.pop()).toContain("cgroup.subtree_control");

  writeFileSync(self, "1:name=systemd:/\n");
  await createCpuLimits({ folder: "/state", tell, self, mount }).around(idle).launch(launch(1));
  expect(told.pop()).toContain("no cgroups with a CPU controller");
});
