import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { startCloud } from "./cloud.ts";
import { hello } from "./services/hello/index.ts";

const launcher = join(import.meta.dirname, "../bin/aloft-cloud.js");

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), "aloft-cloud-test-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** The program itself. `ready` resolves with its `cloud.json` when it listens. */
function run(dir: string, ...flags: string[]) {
  const child = spawn(process.execPath, [launcher, "--dir", dir, "--port", "0", ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => (out += chunk));
  child.stderr.on("data", (chunk) => (err += chunk));
  const exit = once(child, "exit").then(([code]) => ({ code: code as number | null, out, err }));
  const ready = async (): Promise<{ port: number; pid: number; adminToken: string }> => {
    await expect.poll(() => out, { timeout: 10_000 }).toContain("answers at");
    return JSON.parse(readFileSync(join(dir, "cloud.json"), "utf8"));
  };
  return { child, exit, ready };
}

test("aloft-cloud: what it acknowledged is there after kill -9; SIGTERM ends it cleanly", async () => {
  const dir = folder();
  const greetings = async (file: { port: number; adminToken: string }, init?: RequestInit) => {
    const base = `http://127.0.0.1:${file.port}`;
    const asked = await fetch(`${base}/_aloft/v1/token`, {
      method: "POST",
      headers: { authorization: `Bearer ${file.adminToken}` },
    });
    const { token } = (await asked.json()) as { token: string };
    const query = init === undefined ? "" : "?greetingId=one";
    const response = await fetch(`${base}/hello.local.aloft/v1/projects/demo-project/greetings${query}`, {
      ...init,
      headers: { authorization: `Bearer ${token}` },
    });
    return { status: response.status, body: (await response.json()) as { greetings?: unknown[] } };
  };
  const first = run(dir);
  const file = await first.ready();
  expect(file.pid).toBe(first.child.pid);
  expect(statSync(join(dir, "cloud.json")).mode & 0o777).toBe(0o600);
  expect((await greetings(file, { method: "POST", body: '{"text":"hi"}' })).status).toBe(200);
  first.child.kill("SIGKILL");
  await first.exit;

  const second = run(dir);
  expect((await greetings(await second.ready())).body.greetings).toHaveLength(1);
  const third = await run(dir).exit;
  expect(third).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^error CLOUD_START_FAILED .*in use.*process \d+/),
  });
  second.child.kill("SIGTERM");
  expect(await second.exit).toMatchObject({ code: 0 });
  expect(() => statSync(join(dir, "cloud.json"))).toThrow();
});

test("aloft-cloud: a taken port, a damaged or newer state and bad flags are told, and nothing is changed", async () => {
  const blocker = createServer().listen(0, "127.0.0.1");
  await once(blocker, "listening");
  onTestFinished(() => void blocker.close());
  const { port } = blocker.address() as AddressInfo;
  const taken = await run(folder(), "--port", String(port)).exit;
  expect(taken).toMatchObject({ code: 1, err: expect.stringContaining(`error PORT_IN_USE  Port ${port}`) });
  expect(taken.err).toContain(`→ Stop that program`);

  const damaged = folder();
  writeFileSync(join(damaged, "state.sqlite"), "this is no database".repeat(20));
  const corrupt = await run(damaged).exit;
  expect(corrupt).toMatchObject({ code: 1, err: expect.stringMatching(/^error STATE_CORRUPT .*state\.sqlite/) });
  expect(readFileSync(join(damaged, "state.sqlite"), "utf8")).toBe("this is no database".repeat(20));

  const newer = folder();
  const sql = new DatabaseSync(join(newer, "state.sqlite"));
  sql.exec("CREATE TABLE t (x); PRAGMA user_version = 999");
  sql.close();
  const before = readFileSync(join(newer, "state.sqlite"));
  expect(await run(newer).exit).toMatchObject({ code: 1, err: expect.stringMatching(/^error STATE_TOO_NEW /) });
  expect(readFileSync(join(newer, "state.sqlite")).equals(before)).toBe(true);

  for (const flags of [["--iam", "maybe"], ["--nope"], ["--project", "x"]]) {
    expect(await run(folder(), ...flags).exit).toMatchObject({ code: 2, err: expect.stringMatching(/^error USAGE /) });
  }
});

test("admin: status, clock, token, projects and reset, for the holder of the admin token alone", async () => {
  const dir = folder();
  await using cloud = await startCloud({ dir, services: [hello], log: () => undefined });
  const admin = async (verb: string, name: string, body?: object, token = cloud.adminToken) => {
    const response = await fetch(`${cloud.url}/_aloft/v1/${name}`, {
      method: verb,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, never> };
  };
  expect((await admin("GET", "status", undefined, "wrong")).status).toBe(401);
  expect((await admin("GET", "status", undefined, cloud.token())).status).toBe(401);
  expect((await admin("GET", "status")).body).toMatchObject({
    pid: process.pid,
    port: cloud.port,
    dir,
    iam: "enforce",
    services: [hello.api],
    running: [],
  });

  const before = cloud.clock.now();
  await admin("POST", "clock", { advance: "36h" });
  expect(cloud.clock.now() - before).toBeGreaterThanOrEqual(36 * 3_600_000);
  expect((await admin("POST", "clock", { advance: "-1h" })).status).toBe(400);

  const { body } = await admin("POST", "token", {
    audience: "https://x.run.app",
    as: "a@demo.iam.gserviceaccount.com",
  });
  const claims = JSON.parse(Buffer.from(String(body.token).split(".")[1] ?? "", "base64url").toString());
  expect(claims).toMatchObject({ aud: "https://x.run.app", email: "a@demo.iam.gserviceaccount.com" });

  await admin("POST", "projects", { id: "made-here", number: 123456789012 });
  expect((await admin("GET", "projects")).body).toEqual({ projects: [{ id: "made-here", number: "123456789012" }] });
  expect((await admin("DELETE", "status")).status).toBe(501);
  expect((await admin("GET", "nothing")).status).toBe(404);

  cloud.host.files("things");
  expect((await admin("POST", "reset")).status).toBe(200);
  expect((await admin("GET", "projects")).body).toEqual({ projects: [] });
  expect(() => statSync(join(dir, "files"))).toThrow();
  expect(
    (
      await fetch(`${cloud.url}/hello.local.aloft/v1/projects/demo-project/greetings`, {
        headers: { authorization: `Bearer ${cloud.token()}` },
      })
    ).status,
  ).toBe(200);
});

test("cloud: the moved clock is remembered over a restart", async () => {
  const dir = folder();
  const first = await startCloud({ dir, services: [hello], log: () => undefined });
  await fetch(`${first.url}/_aloft/v1/clock`, {
    method: "POST",
    headers: { authorization: `Bearer ${first.adminToken}` },
    body: '{"advance":"48h"}',
  });
  const then = first.clock.now();
  await first.close();
  await using second = await startCloud({ dir, services: [hello], log: () => undefined });
  expect(second.clock.now()).toBeGreaterThanOrEqual(then);
});
