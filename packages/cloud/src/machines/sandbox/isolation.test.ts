import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { identify, isAlive } from "../../processes.ts";
import { nodeLayer } from "../testing/registry.ts";
import { serviceName, until, world } from "../testing/world.ts";
import { diskUsed, tryBubblewrap } from "./bubblewrap.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "aloft-isolation-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A cloud's process that starts one revision, says its pid, and is then killed. */
async function killed(database: string, isolation: "plain" | undefined): Promise<number> {
  const program = `
    import { world } from ${JSON.stringify(join(import.meta.dirname, "../testing/world.ts"))};
    const w = await world(${JSON.stringify({ isolation, database, home: join(dir, "killed"), dir: join(dir, "machines") })});
    const { instances } = await w.machines.start(w.spec("a"));
    console.log(instances[0].pid);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--no-warnings", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pid = await new Promise<number>((resolve) => child.stdout.once("data", (text) => resolve(Number(text))));
  child.kill("SIGKILL");
  await new Promise((resolve) => child.once("exit", resolve));
  return pid;
}

describe("isolation", () => {
  test("plainly: a program runs from a copy of its image, and is stopped and ended as in a sandbox", async () => {
    await using w = await world({ isolation: "plain" });
    expect(w.machines.isolation).toEqual({ kind: "plain", why: "asked for" });
    const spec = w.spec("plain", { cpuIdle: true });
    const state = await w.machines.start(spec);
    expect(state.failure?.message).toBeUndefined();
    w.machines.serve(w.served([{ revision: spec.name, percent: 100 }]));
    const url = await until(() => w.machines.localUrl(serviceName));
    const env = (await (await fetch(`${url}/env`)).json()) as Record<string, string>;
    expect(env).toMatchObject({ K_SERVICE: "api", FROM_IMAGE: "yes" });
    expect(env).not.toHaveProperty("VITEST");
    expect(env.cwd).toMatch(/\/root\/app$/);
    await until(() => w.machines.state(spec.name)?.instances[0]?.phase === "idle");
    const pid = state.instances[0]?.pid as number;
    await w.machines.stop(spec.name);
    expect(() => process.kill(pid, 0)).toThrow();
    expect(readdirSync(join(w.ports.dir, "instances")).filter((name) => !name.startsWith("."))).toEqual([]);
  });

  test.each([
    ["overlay", undefined],
    ["copy", "copy" as const],
  ])("in a sandbox (%s): other processes and files are not there", async (_, isolation) => {
    await using w = await world(isolation === undefined ? {} : { isolation });
    if (w.machines.isolation.kind === "plain") return;
    const look =
      "console.log(JSON.stringify({ message: 'seen', root: fs.readdirSync('/'), pids: fs.readdirSync('/proc').filter(Number) })); require('/app/server.cjs')";
    await w.machines.start(w.spec("boxed", { command: ["node", "-e", look] }));
    const seen = w.logs.find(({ jsonPayload }) => jsonPayload?.message === "seen")?.jsonPayload as {
      root: string[];
      pids: string[];
    };
    expect(seen.root.sort()).toEqual(["app", "dev", "etc", "lib", "lib64", "proc", "run", "sys", "tmp", "usr", "var"]);
    expect(seen.pids.length).toBeLessThan(4);
  });

  test("the overlay is tried on layers that do not lie in each other", async ({ skip }) => {
    const found = tryBubblewrap(mkdtempSync(join(tmpdir(), "aloft-probe-")));
    if (!("layering" in found)) skip(found.why);
    else expect(found.why ?? "").not.toContain("symbolic links");
  });

  test("the disk of a program whose root is still this machine's is none of its own", () => {
    expect(diskUsed(process.pid, 512)).toBe(0);
  });

  test("as a user of its own, on its own files", async ({ skip }) => {
    await using w = await world();
    if (w.machines.isolation.kind === "plain") skip(w.machines.isolation.why);
    const { layer } = await nodeLayer();
    const app = await w.registry.layer([{ name: "home/node/x", text: "x" }]);
    const write =
      "fs.appendFileSync('/home/node/x', process.env.HOME + process.getuid()); console.log(fs.readFileSync('/home/node/x', 'utf8')); setTimeout(() => {}, 60000)";
    const image = w.registry.image([layer, app], { User: "node", Cmd: ["node", "-e", write] });
    const { port: _, ...container } = { ...w.spec("own").containers[0], image };
    await w.machines.start({ ...w.spec("own"), containers: [container as never] });
    await until(() => w.logs.some(({ textPayload }) => textPayload === "x/home/node1000"));
  });

  test.each([["plain" as const], [undefined]])(
    "kill -9 of the cloud (%s): no program outlives the next start",
    async (isolation) => {
      const database = join(dir, `${isolation}.db`);
      const pid = await killed(database, isolation);
      const left = identify(pid);
      await using w = await world({
        database,
        dir: join(dir, "machines"),
        ...(isolation === undefined ? {} : { isolation }),
      });
      if (w.machines.isolation.kind === "plain") expect(left).toBeDefined();
      const state = await w.machines.start(w.spec("a"));
      expect(state).toMatchObject({ phase: "ready" });
      expect(left !== undefined && isAlive(left)).toBe(false);
      expect(existsSync(join(dir, "machines/instances"))).toBe(true);
      expect(w.ports.processes.owners("machines/")).toHaveLength(1);
    },
  );
});
