import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the main thread tells the thread that answers probes. */
export interface Snapshot {
  readonly status: 200 | 503;
  readonly body: string;
}

export interface ThreadOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Silence of the main thread after which the answer is 503. */
  readonly silenceMs: number;
}

/**
 * The thread's whole program. It is handed over as text, so that it works from a bundle of one file too: it may use nothing
 * from outside of itself.
 */
export function answerProbes(): void {
  const { createServer } = process.getBuiltinModule("node:http");
  const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
  const options = workerData as ThreadOptions;
  let snapshot: Snapshot = { status: 503, body: JSON.stringify({ status: "failing", detail: "starting" }) };
  let heardMs = Date.now();

  const say = (response: ServerResponse, status: number, body: string): void => {
    response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
    response.end(body);
  };
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? "").split("?")[0];
    if (path !== options.path)
      return say(response, 404, JSON.stringify({ error: `there is only ${options.path} here` }));
    if (request.method !== "GET" && request.method !== "HEAD") {
      return say(response, 405, JSON.stringify({ error: "only GET" }));
    }
    const silentMs = Date.now() - heardMs;
    if (silentMs <= options.silenceMs) return say(response, snapshot.status, snapshot.body);
    const detail = `the program has not reported for ${Math.round(silentMs / 1000)} s`;
    return say(response, 503, JSON.stringify({ status: "failing", detail }));
  });
  parentPort?.on("message", (message: Snapshot | "close") => {
    if (message === "close") {
      server.close();
      server.closeAllConnections();
      parentPort.close();
      return;
    }
    snapshot = message;
    heardMs = Date.now();
  });
  server.on("error", (error) => {
    throw error;
  });
  server.listen(options.port, options.host, () => parentPort?.postMessage((server.address() as AddressInfo).port));
}
