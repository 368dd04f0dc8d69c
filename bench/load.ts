/**
 * A client process that loads one address with a fixed number of callers, each waiting for its answer.
 *
 *   node bench/load.ts '{"kind":"grpc","port":4510,"call":"access","name":"projects/p/secrets/s/versions/1","headers":{},"callers":32,"ms":2000}'
 */
import { Agent, request } from "node:http";
import { connect } from "node:http2";
import { median } from "./bench.ts";
import { accessVersion, createSecret } from "./secret-messages.ts";

export interface Load {
  readonly kind: "grpc" | "rest";
  /** `127.0.0.1` by default. */
  readonly host?: string;
  readonly port: number;
  /** What is called: a version read again and again, a secret made each time, or (with `name`) any path, by GET. */
  readonly call: "access" | "create" | "path";
  /** The version; the project in which secrets are made (`projects/p`); the path. */
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly callers: number;
  readonly ms: number;
}

const load = JSON.parse(process.argv[2] as string) as Load;
const { host = "127.0.0.1", port } = load;
const latencies: number[] = [];
const agent = new Agent({ keepAlive: true, maxSockets: load.callers });
const session = load.kind === "grpc" ? connect(`http://${host}:${port}`) : undefined;
const run = `b${process.pid}-${Date.now().toString(36)}`;
let made = 0;
const access = accessVersion(load.name);

function grpcCall(): Promise<void> {
  const { path, body } = load.call === "create" ? createSecret(load.name, `${run}-${made++}`) : access;
  return new Promise((resolve, reject) => {
    const stream = session?.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...load.headers,
    });
    if (stream === undefined) return reject(new Error("no session"));
    let status: unknown;
    stream.on("response", (headers) => (status ??= headers["grpc-status"]));
    stream.on("trailers", (trailers) => (status = trailers["grpc-status"]));
    stream.on("data", () => {});
    stream.on("end", () => (String(status) === "0" ? resolve() : reject(new Error(`grpc-status ${status}`))));
    stream.on("error", reject);
    stream.end(body);
  });
}

const secret = JSON.stringify({ replication: { automatic: {} } });

function restCall(): Promise<void> {
  const isCreate = load.call === "create";
  const path = isCreate
    ? `/v1/${load.name}/secrets?secretId=${run}-${made++}`
    : load.call === "access"
      ? `/v1/${load.name}:access`
      : load.name;
  const type = isCreate ? { "content-type": "application/json", "content-length": String(secret.length) } : {};
  return new Promise((resolve, reject) => {
    const headers = { ...load.headers, ...type };
    const req = request({ host, port, path, method: isCreate ? "POST" : "GET", headers, agent }, (res) => {
      res.on("data", () => {});
      res.on("end", () => (isGood(res.statusCode) ? resolve() : reject(new Error(`HTTP ${res.statusCode}`))));
    });
    req.on("error", reject);
    req.end(isCreate ? secret : undefined);
  });
}

/** Some emulators answer a creation with 201. */
function isGood(status: number | undefined): boolean {
  return status === 200 || status === 201;
}

const call = load.kind === "grpc" ? grpcCall : restCall;
const warmUntil = performance.now() + load.ms / 4;
while (performance.now() < warmUntil) await call();
const started = performance.now();
const until = started + load.ms;
await Promise.all(
  Array.from({ length: load.callers }, async () => {
    while (performance.now() < until) {
      const at = performance.now();
      await call();
      latencies.push(performance.now() - at);
    }
  }),
);
const elapsed = performance.now() - started;
session?.close();
agent.destroy();
latencies.sort((a, b) => a - b);
console.log(
  JSON.stringify({
    perSecond: (latencies.length / elapsed) * 1000,
    p50: median(latencies),
    p99: latencies[Math.floor(latencies.length * 0.99)],
  }),
);
