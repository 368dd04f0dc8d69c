import { request as httpRequest } from "node:http";
import { gunzipSync, gzipSync } from "node:zlib";
import { createClock } from "@aloft/kit/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import { maxBodyBytes } from "./body.ts";
import { echo, probe } from "./wire.test-support.ts";

let cloud: Cloud;
const log: string[] = [];

beforeAll(async () => {
  const clock = createClock({ frozenAt: Date.UTC(2026, 0, 1) });
  cloud = await startCloud({ services: [probe, echo], clock, log: (line) => log.push(line) });
});
afterAll(() => cloud.close());

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers are asked about, not typed
  readonly body: any;
}

async function call(path: string, init: RequestInit = {}): Promise<Answer> {
  const url = `${cloud.url}/secretmanager.googleapis.com/v1/projects/demo${path}`;
  const headers = { authorization: `Bearer ${cloud.token()}`, ...(init.headers as Record<string, string>) };
  const response = await fetch(url, { ...init, headers });
  const text = await response.text();
  return { status: response.status, text, headers: response.headers, body: JSON.parse(text) };
}

const post = (path: string, body: string, headers: Record<string, string> = { "content-type": "application/json" }) =>
  call(path, { method: "POST", body, headers });

test("rest: answers are JSON as Google's: pretty by default, plain on request", async () => {
  const pretty = await call("/secrets/s");
  expect(pretty.text).toBe('{\n  "name": "projects/demo/secrets/s",\n  "labels": {\n    "region": ""\n  }\n}\n');
  expect(pretty.headers.get("content-type")).toBe("application/json; charset=UTF-8");
  expect((await call("/secrets/s?prettyPrint=false")).text).toBe(
    '{"name":"projects/demo/secrets/s","labels":{"region":""}}',
  );
});

test("rest: the path, the query and the body make one request", async () => {
  const made = await post("/secrets?secret_id=a%20b", '{"labels": {"x": "y"}, "name": "ignored"}');
  expect(made.body).toEqual({ name: "projects/demo/secrets/a b", labels: { x: "y" } });
  const camel = await post("/secrets?secretId=c&secret.etag=e&$alt=json&key=AIza&$.xgafv=2&alt=json", "{}");
  expect(camel.body).toEqual({ name: "projects/demo/secrets/c", etag: "e" });
  const form = await post("/secrets?secretId=c", '{"x": 1}', { "content-type": "application/x-www-form-urlencoded" });
  expect(form.body.error.message).toContain("Cannot bind query parameter. Field '{\"x\": 1}' could not be found");
});

test("rest: query parameters that are not the method's are refused, all at once", async () => {
  const { status, body } = await call("/secrets?pageSize=x&nope=1&filter=a");
  expect(status).toBe(400);
  expect(body.error).toMatchObject({ code: 400, status: "INVALID_ARGUMENT" });
  expect(body.error.message.split("\n")).toEqual([
    `Invalid value at 'page_size' (TYPE_INT32), "x"`,
    `Invalid JSON payload received. Unknown name "nope": Cannot bind query parameter. Field 'nope' could not be found in request message.`,
  ]);
});

test("rest: fields selects, and is checked", async () => {
  expect((await call("/secrets/s?fields=name")).body).toEqual({ name: "projects/demo/secrets/s" });
  expect((await call("/secrets/s?$fields=labels/region")).body).toEqual({ labels: { region: "" } });
  expect((await call("/secrets/s?fields=nmae")).body.error.details[0].fieldViolations[0].description).toBe(
    "Error expanding 'fields' parameter. Cannot find matching fields for path 'nmae'.",
  );
});

test("rest: what is not there says so: 404, 501 by name, 400 for other formats", async () => {
  expect((await call("/nothing")).body).toEqual({
    error: { code: 404, message: "Method not found.", status: "NOT_FOUND" },
  });
  expect((await call("/secrets/s", { method: "PUT" })).status).toBe(404);
  const unbuilt = await post("/secrets/s:addVersion", "{}");
  expect(unbuilt.status).toBe(501);
  expect(unbuilt.body.error.message).toContain("google.cloud.secretmanager.v1.SecretManagerService.AddSecretVersion");
  for (const query of ["alt=media", "alt=proto", "callback=f"])
    expect((await call(`/secrets/s?${query}`)).status).toBe(400);
  expect((await call("/secrets/%zz")).status).toBe(400);
});

test("rest: a bug is 500 and keeps its words to the cloud's own log", async () => {
  const { status, body } = await call("/secrets/s", { method: "PATCH", body: "{}" });
  expect([status, body]).toEqual([
    500,
    { error: { code: 500, message: "Internal error encountered.", status: "INTERNAL" } },
  ]);
  expect(log.join("\n")).toContain("a bug with hunter2 in it");
});

test("rest: gzip both ways", async () => {
  const path = "/secretmanager.googleapis.com/v1/projects/demo/secrets?pageSize=5000";
  const zipped = await new Promise<{ encoding: string | undefined; body: Buffer }>((resolve, reject) => {
    const headers = { authorization: `Bearer ${cloud.token()}`, "accept-encoding": "gzip" };
    httpRequest(cloud.url + path, { headers }, (res) => {
      const chunks: Buffer[] = [];
      res.on("data", (chunk: Buffer) => chunks.push(chunk));
      res.on("end", () => resolve({ encoding: res.headers["content-encoding"], body: Buffer.concat(chunks) }));
    })
      .on("error", reject)
      .end();
  });
  expect(zipped.encoding).toBe("gzip");
  expect(JSON.parse(gunzipSync(zipped.body).toString()).totalSize).toBe(5000);
  const sent = await call("/secrets?secretId=z", {
    method: "POST",
    body: gzipSync('{"etag": "e"}'),
    headers: { "content-type": "application/json", "content-encoding": "gzip" },
  });
  expect(sent.body.etag).toBe("e");
  const broken = { "content-type": "application/json", "content-encoding": "gzip" };
  expect((await post("/secrets?secretId=z", "not gzip", broken)).status).toBe(400);
});

test("rest: bodies have a limit, also when they unfold", async () => {
  const bomb = gzipSync(Buffer.alloc(maxBodyBytes + 1, 32));
  const headers = { "content-type": "application/json", "content-encoding": "gzip" };
  const { body } = await call("/secrets?secretId=z", { method: "POST", body: bomb, headers });
  expect(body.error).toMatchObject({
    code: 400,
    message: `Request payload size exceeds the limit: ${maxBodyBytes} bytes.`,
  });
});

test("rest: odd bodies are refused, none brings the cloud down", async () => {
  for (const body of [
    "[]",
    "1",
    '"x"',
    "{",
    '{"a"',
    '{"labels": []}',
    '{"labels": {"a": {}}}',
    `{"annotations":${"[".repeat(5000)}`,
  ]) {
    expect((await post("/secrets?secretId=z", body)).status, body.slice(0, 40)).toBe(400);
  }
  const bytes = await fetch(`${cloud.url}/secretmanager.googleapis.com/v1/projects/demo/secrets`, {
    method: "POST",
    headers: { authorization: `Bearer ${cloud.token()}`, "content-type": "application/json" },
    body: new Uint8Array([0x7b, 0xff, 0xfe]),
  });
  expect(bytes.status).toBe(400);
  expect((await post("/secrets", "{}", { "content-type": "application/x-protobuf" })).status).toBe(400);
  expect((await call("/secrets/s")).status).toBe(200);
});
