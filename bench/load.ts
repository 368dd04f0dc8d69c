/**
 * A client process that loads one address with a fixed number of callers, each waiting for its answer.
 *
 *   node bench/load.ts '{"kind":"grpc","port":4510,"path":"/pkg.Service/Method","body":"base64","headers":{},"callers":32,"ms":2000}'
 */
import { Agent, request } from "node:http";
import { connect } from "node:http2";
import { median } from "./bench.ts";

interface Load {
  readonly kind: "grpc" | "rest";
  readonly port: number;
  readonly path: string;
  /** Base64 of the request message (gRPC: with its five-byte frame). */
  readonly body?: string;
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly callers: number;
  readonly ms: number;
}

const load = JSON.parse(process.argv[2] as string) as Load;
const latencies: number[] = [];
const body = Buffer.from(load.body ?? "", "base64");
const agent = new Agent({ keepAlive: true, maxSockets: load.callers });
const session = load.kind === "grpc" ? connect(`http://127.0.0.1:${load.port}`) : undefined;

function grpcCall(): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session?.request({
      ":method": "POST",
      ":path": load.path,
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

function restCall(): Promise<void> {
  return new Promise((resolve, reject) => {
    const req = request(
      {
        host: "127.0.0.1",
        port: load.port,
        path: load.path,
        method: load.method ?? "GET",
        headers: load.headers,
        agent,
      },
      (res) => {
        res.on("data", () => {});
        res.on("end", () => (res.statusCode === 200 ? resolve() : reject(new Error(`HTTP ${res.statusCode}`))));
      },
    );
    req.on("error", reject);
    req.end(body.length > 0 ? body : undefined);
  });
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
