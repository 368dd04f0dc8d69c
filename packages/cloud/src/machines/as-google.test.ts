import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { InstanceState } from "./machines.ts";
import { graceMs, runContainer } from "./sandbox/container.ts";
import type { Exit, Program, Sandbox } from "./sandbox/sandbox.ts";
import { hold, serviceName, until, type World, world } from "./testing/world.ts";

let w: World;
beforeEach(async () => {
  w = await world();
});
afterEach(() => w[Symbol.asyncDispose]());

const patience = 20_000;
const minute = 60_000;
const get = async (path: string): Promise<Response> => {
  const url = await until(() => w.machines.localUrl(serviceName));
  return fetch(`${url}${path}`);
};
const instancesOf = (name: string): readonly InstanceState[] => w.machines.state(w.spec(name).name)?.instances ?? [];
const running = (name: string): number => instancesOf(name).filter(({ phase }) => phase === "running").length;

/** What emulators get wrong about instances. */
describe("instances as at Google", () => {
  test("a variable from the latest version is what that was when the instance started: instances may differ", async () => {
    const name = "projects/demo/secrets/token/versions/latest";
    w.secrets.set(name, "first");
    const env = [{ name: "TOKEN", secret: "token", version: "latest" }];
    const spec = w.spec("late", { env }, { minInstances: 1, maxInstances: 2, concurrency: 1 });
    await w.machines.start(spec);
    w.machines.serve(w.served([{ revision: spec.name, percent: 100 }]));
    const token = async (path: string) => ((await (await get(path)).json()) as { TOKEN: string }).TOKEN;
    expect(await token("/env")).toBe("first");
    w.secrets.set(name, "second");
    expect(await token("/env")).toBe("first");
    // The first is busy, so another one starts.
    const busy = hold(await until(() => w.machines.localUrl(serviceName)));
    await until(() => instancesOf("late")[0]?.requests === 3);
    expect(await token("/env")).toBe("second");
    busy.release();
    await busy.answered;
  });

  test("a revision's minimum also runs behind a tag and without traffic, the service's is shared by traffic", async () => {
    const own = { minInstances: 1 };
    for (const name of ["all", "tagged", "none"]) await w.machines.start(w.spec(name, {}, own));
    const traffic = [
      { revision: w.spec("all").name, percent: 100 },
      { revision: w.spec("tagged").name, percent: 0, tag: "next" },
      { revision: w.spec("none").name, percent: 0 },
    ];
    w.machines.serve(w.served(traffic));
    w.clock.advance(60 * minute);
    // Nobody sends it a request: a queue's consumer takes jobs all the same.
    for (const name of ["all", "tagged", "none"]) expect([name, running(name)]).toEqual([name, 1]);

    for (const name of ["half", "other"]) await w.machines.start(w.spec(name));
    const split = ["half", "other"].map((name) => ({ revision: w.spec(name).name, percent: 50 }));
    w.machines.serve(w.served(split, { minInstances: 2 }));
    await until(() => ["all", "tagged", "none"].every((name) => instancesOf(name).length === 0), patience);
    w.clock.advance(60 * minute);
    await until(() => running("half") === 1 && running("other") === 1, patience);
  });

  test("what is written to the disk is memory", async ({ skip }) => {
    const spec = w.spec("disk", { memoryMiB: 256 });
    await w.machines.start(spec);
    if (w.machines.isolation.kind !== "bubblewrap") skip("no disk in memory here");
    w.machines.serve(w.served([{ revision: spec.name, percent: 100 }]));
    const code = "fs.writeFileSync('/tmp/big', Buffer.alloc(230 * 1048576, 1)); setTimeout(() => {}, 20000)";
    const asked = get(`/shell?code=${encodeURIComponent(code)}`).catch(() => undefined);
    const told = await until(
      () => w.logs.find(({ textPayload }) => textPayload?.startsWith("Memory limit of")),
      patience,
    );
    expect(told.textPayload).toMatch(/^Memory limit of 256 MiB exceeded with \d+ MiB used\./);
    expect((await asked)?.status).toBe(503);
  });

  test("who does not end at SIGTERM is killed, after ten seconds at Google", async () => {
    expect(graceMs).toBe(10_000);
    const code = "process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000); console.log('up')";
    const child = spawn(process.execPath, ["-e", code]);
    const program: Program = {
      holder: child.pid ?? -1,
      main: () => child.pid,
      processes: () => [],
      diskBytes: () => 0,
      stdout: child.stdout,
      stderr: child.stderr,
      exited: once(child, "exit").then(([, signal]): Exit => ({ signal: constants.signals[signal as NodeJS.Signals] })),
      destroy: () => child.kill("SIGKILL"),
    };
    const lines: string[] = [];
    const launch = {} as Parameters<typeof runContainer>[0]["launch"];
    const sandbox: Sandbox = { kind: "plain", launch: async () => program };
    const container = await runContainer({ sandbox, launch, line: (_, text) => lines.push(text) });
    await until(() => lines.includes("up"), patience);
    await container.stop({ graceMs: 500 });
    expect(lines).toContain("no");
    expect(await container.exited).toEqual({ signal: constants.signals.SIGKILL });
  });
});
