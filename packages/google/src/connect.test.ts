import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, createClock } from "@aloft/kit/clock";
import { expect, test } from "vitest";
import { connect } from "./connect.ts";
import { GoogleError } from "./google.ts";

type Answer = readonly [status: number, body: unknown, headers?: Record<string, string>];

/** A server on a port of its own that gives these answers in order, and what it was asked. */
async function serve(...answers: Answer[]) {
  const asked: { line: string; headers: IncomingMessage["headers"]; body: string }[] = [];
  const server = createServer(async (req: IncomingMessage, res: ServerResponse) => {
    let body = "";
    for await (const chunk of req) body += chunk;
    asked.push({ line: `${req.method} ${req.url}`, headers: req.headers, body });
    const [status, answer, headers] = answers[Math.min(asked.length, answers.length) - 1] ?? [200, {}];
    res.writeHead(status, headers).end(typeof answer === "string" ? answer : JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    asked,
    origin,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** A clock on which every sleep is over at once, and how long they would have been. */
function impatient(): Clock & { readonly waits: number[] } {
  const clock = createClock({ frozenAt: 0 });
  const waits: number[] = [];
  return {
    now: clock.now,
    after: clock.after,
    waits,
    sleep: async (ms) => {
      waits.push(ms);
      clock.advance(ms);
    },
  };
}

const to = (origin: string, clock: Clock = impatient()) =>
  connect({ project: "p", origin, credentials: async () => "t0ken", clock });
const status = (code: number, name: string, details: readonly unknown[] = []) => ({
  error: { code, status: name, message: `said ${name}`, details },
});

test("connect: an API's host is a path prefix of the origin, the token and the query go along", async () => {
  await using server = await serve([200, { name: "x" }]);
  const google = to(server.origin);
  const query = { names: ["a b", "c"], none: undefined, deep: true };
  expect(await google.request({ api: "run", path: "v2/projects/p", query })).toEqual({ name: "x" });
  expect(server.asked[0]?.line).toBe("GET /run.googleapis.com/v2/projects/p?names=a+b&names=c&deep=true");
  expect(server.asked[0]?.headers.authorization).toBe("Bearer t0ken");
  expect(google.base("run.googleapis.com")).toBe(`${server.origin}/run.googleapis.com`);
});

test("connect: a body is sent as JSON, and who pays for quota is named when the credentials say so", async () => {
  await using server = await serve([200, {}]);
  const credentials = { token: async () => "t", quotaProject: async () => "payer" };
  const google = connect({ project: "p", origin: server.origin, credentials });
  await google.request({ api: "iam", path: "v1/x", verb: "POST", body: { a: 1 } });
  expect(server.asked[0]).toMatchObject({ body: `{"a":1}`, headers: { "x-goog-user-project": "payer" } });
});

test("connect: what passes is tried again as the server asks, a POST only when it is idempotent", async () => {
  await using server = await serve([503, status(503, "UNAVAILABLE"), { "retry-after": "7" }], [200, { ok: true }]);
  const clock = impatient();
  expect(await to(server.origin, clock).request({ api: "run", path: "v2/x" })).toEqual({ ok: true });
  expect(clock.waits).toEqual([7000]);

  await using other = await serve([500, "<html><title>Oops</title></html>"]);
  const posted = to(other.origin).request({ api: "run", path: "v2/x", verb: "POST", body: {} });
  await expect(posted).rejects.toMatchObject({ status: 500, code: "INTERNAL", message: "HTTP 500 Oops" });
  expect(other.asked).toHaveLength(1);
});

test("connect: too many requests are tried again whatever the verb, after RetryInfo's delay", async () => {
  const info = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1.5s" };
  await using server = await serve([429, status(429, "RESOURCE_EXHAUSTED", [info])], [200, {}]);
  const clock = impatient();
  await to(server.origin, clock).request({ api: "run", path: "v2/x", verb: "POST", body: {} });
  expect(clock.waits).toEqual([1500]);
});

test("connect: a quota by the minute is waited for, and told; not for ever", async () => {
  const info = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "RATE_LIMIT_EXCEEDED" };
  const over: Answer = [429, status(429, "RESOURCE_EXHAUSTED", [info])];
  await using server = await serve(...Array.from({ length: 12 }, () => over), [200, { ok: true }]);
  const said: string[] = [];
  const call = { api: "secretmanager", path: "v1/x", onWait: (why: string) => said.push(why) };
  expect(await to(server.origin).request(call)).toEqual({ ok: true });
  expect(new Set(said)).toEqual(new Set(["waiting for the quota of secretmanager.googleapis.com"]));
  await using never = await serve(...Array.from({ length: 200 }, () => over));
  await expect(to(never.origin).request(call)).rejects.toMatchObject({ status: 429, code: "RESOURCE_EXHAUSTED" });
  expect(never.asked.length).toBeLessThan(150);
  await using full = await serve(...Array.from({ length: 9 }, (): Answer => [429, status(429, "RESOURCE_EXHAUSTED")]));
  await expect(to(full.origin).request(call)).rejects.toMatchObject({ status: 429 });
  expect(full.asked.length).toBe(5);
});

test("connect: SERVICE_DISABLED is waited out for an API that was just enabled, and told at once for another", async () => {
  const info = {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    reason: "SERVICE_DISABLED",
    metadata: { service: "x" },
  };
  const disabled: Answer = [403, status(403, "PERMISSION_DENIED", [info])];
  const off: Answer = [200, { state: "DISABLED" }];
  await using server = await serve(disabled, off, [200, {}], disabled, disabled, [200, { ready: true }]);
  const google = to(server.origin);
  const call = { api: "redis", path: "v1/x" };
  await expect(google.request(call)).rejects.toMatchObject({ reason: "SERVICE_DISABLED", metadata: { service: "x" } });
  const body = { serviceIds: ["redis.googleapis.com"] };
  await google.request({ api: "serviceusage", path: "v1/projects/p/services:batchEnable", verb: "POST", body });
  const said: string[] = [];
  expect(await google.request({ ...call, onWait: (why) => said.push(why) })).toEqual({ ready: true });
  const waiting = "waiting for redis.googleapis.com, which was switched on a moment ago";
  expect(said).toEqual([waiting, waiting]);
});

test("connect: SERVICE_DISABLED is waited out too where another run switched the API on: Service Usage is asked, once", async () => {
  const info = { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "SERVICE_DISABLED", metadata: {} };
  const disabled: Answer = [403, status(403, "PERMISSION_DENIED", [info])];
  await using server = await serve(disabled, [200, { state: "ENABLED" }], disabled, [200, { ready: true }]);
  const google = to(server.origin);
  expect(await google.request({ api: "run", path: "v2/projects/other/locations" })).toEqual({ ready: true });
  expect(server.asked.map(({ line }) => line.split(" ")[1])).toEqual([
    "/run.googleapis.com/v2/projects/other/locations",
    "/serviceusage.googleapis.com/v1/projects/other/services/run.googleapis.com",
    "/run.googleapis.com/v2/projects/other/locations",
    "/run.googleapis.com/v2/projects/other/locations",
  ]);
  const quota = { error: { ...status(403, "PERMISSION_DENIED", [info]).error, message: "requires a quota project" } };
  await using person = await serve([403, quota]);
  await expect(to(person.origin).request({ api: "run", path: "v2/x" })).rejects.toMatchObject({ status: 403 });
  expect(person.asked).toHaveLength(1);
});

test("connect: all pages of a list", async () => {
  await using server = await serve([200, { things: [1, 2], nextPageToken: "n" }], [200, { things: [3] }]);
  expect(await to(server.origin).list({ api: "run", path: "v2/x", query: { pageSize: 2 } }, "things")).toEqual([
    1, 2, 3,
  ]);
  expect(server.asked[1]?.line).toContain("pageSize=2&pageToken=n");
});

test("connect: an operation is polled to its end, quickly at first; its error is thrown", async () => {
  const pending = { name: "operations/1", metadata: { step: 1 } };
  await using server = await serve([200, pending], [200, { ...pending, done: true, response: { made: true } }]);
  const clock = impatient();
  const steps: unknown[] = [];
  const google = to(server.origin, clock);
  const options = { api: "run", version: "v2", onProgress: (o: { metadata?: unknown }) => steps.push(o.metadata) };
  expect(await google.wait({ name: "operations/1" }, options)).toEqual({ made: true });
  expect(server.asked[0]?.line).toBe("GET /run.googleapis.com/v2/operations/1");
  expect(clock.waits).toEqual([50, 75]);
  expect(steps).toEqual([undefined, { step: 1 }, { step: 1 }]);

  const failed = { name: "o", done: true, error: { code: 13, message: "no revision" } };
  await expect(google.wait(failed, options)).rejects.toMatchObject({ code: "INTERNAL", message: "no revision" });
  const slow = { ...options, timeoutMs: 0 };
  await expect(google.wait({ name: "o" }, slow)).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
});

test("connect: errors of the OAuth servers, and of nobody listening", async () => {
  await using server = await serve([401, { error: "invalid_grant", error_description: "expired" }]);
  const denied = to(server.origin).request({ api: "oauth2", path: "token" });
  await expect(denied).rejects.toMatchObject({ code: "UNAUTHENTICATED", message: "invalid_grant: expired" });
  const left = await serve();
  await left[Symbol.asyncDispose]();
  const clock = impatient();
  const nobody = await to(left.origin, clock)
    .request({ api: "run", path: "v2/x" })
    .catch((thrown: unknown) => thrown);
  expect(nobody).toBeInstanceOf(GoogleError);
  expect(nobody).toMatchObject({
    status: 0,
    code: "UNAVAILABLE",
    reason: "ECONNREFUSED",
    call: "GET run.googleapis.com/v2/x",
  });
  expect(clock.waits).toEqual([]);
});

test("connect: fetch goes to any host by way of the origin, without a token", async () => {
  await using server = await serve([200, "hi"]);
  const answer = await to(server.origin).fetch("https://api-1.us-central1.run.app/a?b=c", { method: "HEAD" });
  expect(answer.status).toBe(200);
  expect(server.asked[0]?.line).toBe("HEAD /api-1.us-central1.run.app/a?b=c");
  expect(server.asked[0]?.headers.authorization).toBeUndefined();
});

test("connect: credentials that make no ID token say so", async () => {
  const google = connect({ project: "p", credentials: async () => "" });
  await expect(google.idToken("https://x")).rejects.toMatchObject({ code: "CREDENTIALS_MISSING" });
});
