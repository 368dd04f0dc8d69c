import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { InstanceState } from "../machines.ts";
import { advanceUntil, type Held, hold, serviceName, until, type World, world } from "../testing/world.ts";

let w: World;
beforeEach(async () => {
  w = await world();
});
afterEach(() => w[Symbol.asyncDispose]());

const get = async (path: string, init: RequestInit = {}): Promise<Response> => {
  const url = await until(() => w.machines.localUrl(serviceName));
  return fetch(`${url}${path}`, init);
};
const held = async (): Promise<Held> => hold(await until(() => w.machines.localUrl(serviceName)));
const instancesOf = (name: string): readonly InstanceState[] => w.machines.state(w.spec(name).name)?.instances ?? [];
const runs = async (name: string, container = {}, rest = {}): Promise<void> => {
  const spec = w.spec(name, container, rest);
  const state = await w.machines.start(spec);
  expect(state.failure?.message).toBeUndefined();
  w.machines.serve(w.served([{ revision: spec.name, percent: 100 }]));
};
const requestLogs = () => w.logs.filter(({ logName }) => logName.endsWith("run.googleapis.com%2Frequests"));
const systemLogs = () => w.logs.filter(({ logName }) => logName.endsWith("run.googleapis.com%2Fvarlog%2Fsystem"));
const stateOf = (pid: number | undefined): string | undefined =>
  /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];

describe("serving", () => {
  test("bodies and headers pass both ways, with what Cloud Run adds", async () => {
    await runs("a");
    const body = "x".repeat(3 * 1024 * 1024);
    const echoed = await get("/echo?q=1", { method: "POST", body, headers: { "x-own": "1" } });
    expect([echoed.status, echoed.headers.get("x-made"), (await echoed.text()).length]).toEqual([
      201,
      "1",
      body.length,
    ]);
    const trace = "0af7651916cd43dd8448eb211c80319c";
    const seen = (await (
      await get("/headers", { headers: { traceparent: `00-${trace}-b7ad6b7169203331-01`, "x-own": "1" } })
    ).json()) as Record<string, string>;
    expect(seen).toMatchObject({ "x-own": "1", "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http" });
    expect(seen["x-cloud-trace-context"]).toContain(trace);
    expect(seen.host).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(requestLogs()[0]).toMatchObject({
      severity: "INFO",
      resource: {
        type: "cloud_run_revision",
        labels: { service_name: "api", revision_name: "a", location: "us-central1" },
      },
      httpRequest: {
        requestMethod: "POST",
        status: 201,
        requestSize: String(body.length),
        responseSize: String(body.length),
      },
    });
  });

  test("from zero: ended after a quarter of an hour without a request, started again by the next", async () => {
    await runs("zero");
    const [first] = instancesOf("zero");
    w.clock.advance(14 * 60_000);
    await get("/");
    w.clock.advance(14 * 60_000);
    expect(instancesOf("zero")).toHaveLength(1);
    w.clock.advance(60_000);
    await until(() => instancesOf("zero").length === 0);
    expect((await get("/")).status).toBe(200);
    expect(instancesOf("zero")).toHaveLength(1);
    expect(instancesOf("zero")[0]?.id).not.toBe(first?.id);
  });

  test("the minimum stays, whatever the time", async () => {
    await runs("least", {}, { minInstances: 2 });
    await until(() => instancesOf("least").filter(({ phase }) => phase === "running").length === 2);
    w.clock.advance(60 * 60_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(instancesOf("least")).toHaveLength(2);
    w.machines.serve(w.served([]));
    await until(() => instancesOf("least").length === 0);
  });

  test("cpuIdle: stopped without a request, running in one", async () => {
    await runs("idle", { cpuIdle: true });
    const pid = instancesOf("idle")[0]?.pid;
    await until(() => stateOf(pid) === "T");
    expect(instancesOf("idle")[0]?.phase).toBe("idle");
    const asked = await held();
    await until(() => stateOf(pid) !== "T");
    asked.release();
    expect((await asked.answered).status).toBe(201);
    await until(() => stateOf(pid) === "T");
    expect((await get("/")).status).toBe(200);
  });

  test("a CPU that is always allocated is never taken away", async () => {
    await runs("always", { cpuIdle: false });
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect(stateOf(instancesOf("always")[0]?.pid)).not.toBe("T");
  });

  test("concurrency: one instance takes so many requests and no more, up to the maximum; then requests wait, then 429", async () => {
    await runs("busy", {}, { concurrency: 2, maxInstances: 2, timeoutS: 3600 });
    const taken = (): number[] => instancesOf("busy").map(({ requests }) => requests);
    const asked = await Promise.all(Array.from({ length: 6 }, held));
    await until(() => instancesOf("busy").length === 2 && taken().every((requests) => requests === 2));
    for (const each of asked) each.release();
    for (const { answered } of asked) expect((await answered).status).toBe(201);
    const slow = await Promise.all(Array.from({ length: 4 }, held));
    await until(() => taken().reduce((sum, requests) => sum + requests, 0) === 10);
    const late = await advanceUntil(w.clock, 10_000, get("/"));
    expect([late.status, await late.text()]).toEqual([429, "Rate exceeded."]);
    expect(requestLogs().at(-1)).toMatchObject({
      severity: "WARNING",
      textPayload: expect.stringContaining("no available instance"),
    });
    for (const each of slow) each.release();
    await Promise.all(slow.map(({ answered }) => answered));
  });

  test("session affinity: a client stays with its instance while that has room", async () => {
    await runs("sticky", {}, { sessionAffinity: true, minInstances: 2, concurrency: 2 });
    await until(() => instancesOf("sticky").filter(({ phase }) => phase === "running").length === 2);
    const first = await get("/?ms=1");
    const set = first.headers.getSetCookie();
    expect(set).toEqual([expect.stringMatching(/^GAESA=[0-9a-f]+; expires=Sat, 31 Jan 2026 00:00:00 GMT; path=\/$/)]);
    const cookie = set[0]?.split(";")[0] ?? "";
    const { pid } = (await first.json()) as { pid: number };
    const busy = get("/?ms=150", { headers: { cookie } });
    await until(() => instancesOf("sticky").some(({ requests }) => requests === 2));
    const again = await get("/", { headers: { cookie } });
    expect([((await again.json()) as { pid: number }).pid, again.headers.getSetCookie()]).toEqual([pid, []]);
    expect(((await (await busy).json()) as { pid: number }).pid).toBe(pid);
  });

  test("over the memory limit: killed and said in Cloud Run's words, then replaced", async () => {
    await runs("big", { memoryMiB: 256 }, { minInstances: 1 });
    const [first] = instancesOf("big");
    const answer = await get("/eat?mib=300");
    expect(answer.status).toBe(503);
    const told = systemLogs().find(({ textPayload }) => textPayload?.startsWith("Memory limit"));
    expect(told?.severity).toBe("ERROR");
    expect(told?.textPayload).toMatch(
      /^Memory limit of 256 MiB exceeded with \d+ MiB used\. Consider increasing the memory limit, see https:\/\/cloud\.google\.com\/run\/docs\/configuring\/memory-limits$/,
    );
    await until(() => instancesOf("big").some(({ id, phase }) => id !== first?.id && phase === "running"));
  });

  test("a request over its time: 504, and the instance goes on", async () => {
    await runs("slow", {}, { timeoutS: 5 });
    const asked = get("/?ms=60000");
    await until(() => instancesOf("slow")[0]?.requests === 1);
    w.clock.advance(5000);
    expect([(await asked).status, await (await asked).text()]).toEqual([504, "upstream request timeout"]);
    expect((await get("/")).status).toBe(200);
    expect(instancesOf("slow")).toHaveLength(1);
    expect(requestLogs()[0]).toMatchObject({
      severity: "ERROR",
      httpRequest: { status: 504, latency: "5.000000000s" },
    });
  });

  test("a body over 32 MiB is refused, told or not", async () => {
    await runs("body");
    const big = new Uint8Array(32 * 1024 * 1024 + 1);
    expect((await get("/echo", { method: "POST", body: big })).status).toBe(413);
    const stream = new Blob([big]).stream();
    const answer = await get("/echo", { method: "POST", body: stream, duplex: "half" } as RequestInit)
      .then(async (cut) => [cut.status, await cut.text()][0])
      .catch(() => "cut");
    expect([413, "cut"]).toContain(answer);
  });

  test("a WebSocket is passed through in both directions", async () => {
    await runs("ws");
    const port = Number(new URL((await until(() => w.machines.localUrl(serviceName))) ?? "").port);
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (data) => {
      text += data;
    });
    socket.write(
      "GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: x\r\nsec-websocket-version: 13\r\n\r\n",
    );
    await until(() => text.includes("101 Switching Protocols"));
    socket.write("hello there");
    await until(() => text.endsWith("hello there"));
    socket.destroy();
    await until(() => requestLogs().length === 1);
    expect(requestLogs()[0]?.httpRequest?.status).toBe(101);
  });

  test("an instance that ends is replaced; one that ends again and again makes the revision not ready", async () => {
    await runs("loop", {}, { minInstances: 1 });
    for (let crashes = 1; crashes <= 3; crashes++) {
      await until(() => instancesOf("loop").some(({ phase }) => phase === "running"));
      expect((await get("/exit")).status).toBe(503);
      await until(
        () => systemLogs().filter(({ textPayload }) => textPayload === "Container called exit(9).").length === crashes,
      );
      await until(() => instancesOf("loop").every(({ phase }) => phase !== "running" && phase !== "stopping"));
      w.clock.advance(crashes === 1 ? 0 : 1000);
    }
    const state = w.machines.state(w.spec("loop").name);
    expect(state).toMatchObject({ phase: "failed", failure: { reason: "HealthCheckContainerError" } });
    expect(state?.failure?.message).toContain("Container called exit(9).");
    w.clock.advance(1000);
    await until(() => instancesOf("loop").some(({ phase }) => phase === "running"));
    w.clock.advance(30_000);
    expect(w.machines.state(w.spec("loop").name)).toMatchObject({ phase: "ready" });
  });

  test("a bad liveness probe restarts the instance", async () => {
    const livenessProbe = {
      kind: "http",
      port: 8080,
      path: "/health",
      initialDelayS: 0,
      timeoutS: 1,
      periodS: 10,
      failureThreshold: 2,
    } as const;
    await runs("alive", { livenessProbe }, { minInstances: 1 });
    const [first] = instancesOf("alive");
    await get("/sick");
    await until(() => {
      // Not once it is gone: the next one would have no time to start.
      if (instancesOf("alive").some(({ id, phase }) => id === first?.id && phase !== "stopping"))
        w.clock.advance(10_000);
      return instancesOf("alive").some(({ id, phase }) => id !== first?.id && phase === "running");
    });
    expect(systemLogs().map(({ textPayload }) => textPayload)).toContain(
      'LIVENESS HTTP probe failed 2 times consecutively for container "api-1" on path "/health". The instance has been shut down.',
    );
  });

  test("stop: SIGTERM, a request under way is finished, and no process is left", async () => {
    await runs("drain");
    const pid = instancesOf("drain")[0]?.pid as number;
    const asked = get("/?ms=200");
    await until(() => instancesOf("drain")[0]?.requests === 1);
    const stopped = w.machines.stop(w.spec("drain").name);
    expect((await asked).status).toBe(200);
    await stopped;
    expect(() => process.kill(pid, 0)).toThrow();
    expect(w.logs.map(({ textPayload }) => textPayload)).toContain("draining");
    expect((await get("/")).status).toBe(503);
  });

  test("lines become entries: severity of JSON, plain text as it is", async () => {
    await runs("says", { env: [{ name: "TOKEN", value: "12345" }] });
    const lines = await until(() => {
      const out = w.logs.filter(({ logName }) => logName === "projects/demo/logs/run.googleapis.com%2Fstdout");
      return out.length >= 2 && out;
    });
    expect(lines[0]).toMatchObject({ severity: "WARNING", jsonPayload: { message: "up", secretLength: 5 } });
    expect(lines[1]).toMatchObject({ textPayload: "plain line", resource: { labels: { configuration_name: "api" } } });
    expect(lines[1]).not.toHaveProperty("severity");
    expect(lines[1]?.labels?.instanceId).toBe(instancesOf("says")[0]?.id);
  });

  test("the metadata server gives the instance its identity's tokens, and nothing without its header", async () => {
    await runs("meta");
    const ask = async (path: string): Promise<string> =>
      (await get(`/token?path=${encodeURIComponent(`/computeMetadata/v1/${path}`)}`)).text();
    const account = "instance/service-accounts/default";
    expect(JSON.parse(await ask(`${account}/token`))).toEqual({
      access_token: "ya29.api@demo.iam.gserviceaccount.com",
      expires_in: 3600,
      token_type: "Bearer",
    });
    expect(await ask(`${account}/identity?audience=https://x`)).toBe("id.api@demo.iam.gserviceaccount.com.https://x");
    expect(await ask(`${account}/email`)).toBe("api@demo.iam.gserviceaccount.com");
    expect(await ask("project/project-id")).toBe("demo");
    expect(await ask("instance/region")).toBe("projects/123456789012/regions/us-central1");
    expect(JSON.parse(await ask("instance/service-accounts/?recursive=true"))).toMatchObject({
      default: { aliases: ["default"], email: "api@demo.iam.gserviceaccount.com" },
    });
    const { GCE_METADATA_HOST } = (await (await get("/env")).json()) as { GCE_METADATA_HOST: string };
    expect((await fetch(`http://${GCE_METADATA_HOST}/computeMetadata/v1/project/project-id`)).status).toBe(403);
  });
});
