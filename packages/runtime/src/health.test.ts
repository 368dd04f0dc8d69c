import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createClock } from "@aloft/kit/clock";
import { expect, test } from "vitest";
import { createHealth, serveHealth } from "./health.ts";

test("health: 200 when all checks are well, 503 with each check's reason when one is not", async () => {
  const clock = createClock({ frozenAt: Date.UTC(2026, 0, 1) });
  let up = true;
  const health = createHealth({
    service: "worker",
    version: "worker-00001",
    clock,
    periodMs: 5000,
    checks: {
      consumer: () => ({ ok: true, detail: "waiting for jobs" }),
      redis: () => {
        if (!up) throw new Error("cannot reach redis://user:hunter2@10.0.0.3:6379");
      },
    },
  });
  expect(health.answer().status).toBe(503);
  await health.ready();
  const checkedAt = "2026-01-01T00:00:00.000Z";
  expect(health.answer()).toEqual({
    status: 200,
    body: {
      status: "ok",
      service: "worker",
      version: "worker-00001",
      checks: {
        consumer: { ok: true, ms: 0, checkedAt, detail: "waiting for jobs" },
        redis: { ok: true, ms: 0, checkedAt },
      },
    },
  });
  up = false;
  clock.advance(5000);
  await settled();
  const { status, body } = health.answer();
  expect(status).toBe(503);
  expect(body.checks.redis).toMatchObject({ ok: false, detail: "cannot reach redis://***@10.0.0.3:6379" });
  expect(JSON.stringify(body)).not.toContain("hunter2");
  health.close();
});

test("health: a check that hangs is bad after its time, and the answer never waits for it", async () => {
  const clock = createClock({ frozenAt: 0 });
  const health = createHealth({
    clock,
    checks: { slow: { run: () => new Promise<void>(() => undefined), timeoutMs: 2000 } },
  });
  expect(health.answer().body.checks.slow).toEqual({ ok: false, detail: "not checked yet" });
  clock.advance(2000);
  await health.ready();
  expect(health.answer().body.checks.slow).toMatchObject({ ok: false, detail: "no answer in 2 s" });
  health.close();
});

test("health: what was not checked for long is bad", async () => {
  const clock = createClock({ frozenAt: 0 });
  const health = createHealth({ clock, periodMs: 1000, staleMs: 10_000, checks: { consumer: () => true } });
  await health.ready();
  health.close();
  clock.advance(9000);
  expect(health.answer().status).toBe(200);
  clock.advance(2000);
  expect(health.answer().body.checks.consumer).toMatchObject({ ok: false, detail: "not checked for 11 s" });
});

test("health: its handler answers over node:http", async () => {
  const health = createHealth({ checks: { always: () => true } });
  await health.ready();
  const server = createServer(health.handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/health`);
  expect([answer.status, (await answer.json()) as unknown]).toMatchObject([200, { status: "ok" }]);
  server.close();
  health.close();
});

test("serveHealth: a program that is busy is answered for, and is bad when it is silent for too long", async () => {
  const health = createHealth({ checks: { always: () => true } });
  const server = await serveHealth({ health, port: 0, host: "127.0.0.1", heartbeatMs: 20, silenceMs: 150 });
  const url = `http://127.0.0.1:${server.port}`;
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect((await fetch(`${url}/`)).status).toBe(404);

  const asked = await new Promise<string>((resolve, reject) => {
    const child = import("node:child_process").then(({ spawn }) =>
      spawn(process.execPath, [
        "-e",
        `const get = async () => (await fetch("${url}/health")).status;
         setTimeout(async () => { const soon = await get(); setTimeout(async () => console.log(soon, await get()), 300); }, 20)`,
      ]),
    );
    child.then((started) => {
      let said = "";
      started.stdout.on("data", (data: Buffer) => {
        said += data.toString();
      });
      started.once("exit", () => resolve(said.trim()));
      // The event loop stands still from here while the other program asks.
      started.once("spawn", () => {
        const until = performance.now() + 900;
        while (performance.now() < until);
      });
    }, reject);
  });
  expect(asked).toMatch(/ 503$/);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  await server.close();
  health.close();
});

test("serveHealth: a port that is taken is told", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const health = createHealth({ checks: {} });
  await expect(serveHealth({ health, port, host: "127.0.0.1" })).rejects.toThrow("EADDRINUSE");
  taken.close();
  health.close();
});

/** Lets promises that are settled run on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
