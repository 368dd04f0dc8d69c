import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Clock } from "@aloft/kit/clock";
import type { Probe } from "../machines.ts";

/**
 * Where containers are probed and asked: a loopback address that is not 127.0.0.1, so that a program which listens on
 * 127.0.0.1 alone does not answer, as on Cloud Run, and one that listens on all addresses does.
 */
export const containerAddress = "127.0.0.2";

/** One try: undefined when the container is well, else why it is not. */
export async function probeOnce(probe: Probe, port: number): Promise<string | undefined> {
  const timeoutMs = Math.max(1, probe.timeoutS) * 1000;
  try {
    if (probe.kind === "tcp") return await probeTcp(port, Math.min(timeoutMs, 5000));
    return probe.kind === "http" ? await probeHttp(probe, port, timeoutMs) : await probeGrpc(probe, port, timeoutMs);
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

/**
 * Tries until the container is well, or the time that the probe allows is over on the clock (`initialDelayS`, then
 * `failureThreshold` times the period or the timeout, whichever is longer). Tries come sooner than the period says,
 * with growing pauses: a container is found ready early, and never given up earlier than Cloud Run would.
 */
export async function untilStarted(options: {
  readonly probe: Probe;
  readonly port: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<{ readonly ok: true; readonly tries: number } | { readonly ok: false; readonly why: string }> {
  const { probe, port, clock, signal } = options;
  if (probe.initialDelayS > 0) await clock.sleep(probe.initialDelayS * 1000, signal);
  let over = false;
  const allowedMs = Math.max(probe.periodS, probe.timeoutS) * Math.max(1, probe.failureThreshold) * 1000;
  const cancel = clock.after(allowedMs, () => {
    over = true;
  });
  try {
    let why = "no try yet";
    for (let tries = 1; ; tries++) {
      const wrong = await probeOnce(probe, port);
      if (wrong === undefined) return { ok: true, tries };
      why = wrong;
      const pauseMs =
        probe.kind === "tcp" || /ECONNREFUSED/.test(wrong)
          ? 15
          : Math.min(probe.periodS * 1000, 50 * 2 ** Math.min(tries, 8));
      const until = performance.now() + pauseMs;
      do {
        if (signal.aborted) throw signal.reason;
        if (over) return { ok: false, why };
        await wait(Math.min(25, pauseMs));
      } while (performance.now() < until);
    }
  } finally {
    cancel();
  }
}

/** Probes each period on the clock; calls `failed` once when `failureThreshold` tries in a row were bad. The answer ends it. */
export function watchLiveness(options: {
  readonly probe: Probe;
  readonly port: number;
  readonly clock: Clock;
  /** Whether the container has a CPU now: a stopped one is not asked. */
  readonly awake: () => boolean;
  readonly failed: (failures: number, why: string) => void;
}): () => void {
  const { probe, port, clock } = options;
  let failures = 0;
  let ended = false;
  let cancel = clock.after(probe.initialDelayS * 1000, next);

  function next(): void {
    if (ended) return;
    void (async () => {
      const wrong = options.awake() ? await probeOnce(probe, port) : undefined;
      if (ended) return;
      failures = wrong === undefined || !options.awake() ? 0 : failures + 1;
      if (wrong !== undefined && failures >= Math.max(1, probe.failureThreshold))
        return options.failed(failures, wrong);
      cancel = clock.after(Math.max(1, probe.periodS) * 1000, next);
    })();
  }

  return () => {
    ended = true;
    cancel();
  };
}

/** Whether something listens on that port of 127.0.0.1: what a program does that is not seen from outside. */
export const listensOnLoopback = async (port: number): Promise<boolean> =>
  (await probeTcp(port, 500, "127.0.0.1").catch(() => "closed")) === undefined;

function probeTcp(port: number, timeoutMs: number, host = containerAddress): Promise<undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host, timeout: timeoutMs });
    const end = (error?: Error): void => {
      socket.destroy();
      if (error === undefined) resolve(undefined);
      else reject(error);
    };
    socket.once("connect", () => end());
    socket.once("timeout", () => end(new Error("no connection in time")));
    socket.once("error", end);
  });
}

function probeHttp(probe: Probe, port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({
      host: containerAddress,
      port,
      path: probe.path || "/",
      agent: false,
      headers: {
        "user-agent": "GoogleHC/1.0",
        ...Object.fromEntries((probe.headers ?? []).map(({ name, value }) => [name, value])),
      },
      signal: AbortSignal.timeout(timeoutMs),
    });
    asked.once("error", reject);
    asked.once("response", (answer) => {
      answer.resume();
      answer.on("error", () => undefined);
      const status = answer.statusCode ?? 0;
      answer.once("close", () => resolve(status >= 200 && status < 400 ? undefined : `HTTP ${status}`));
    });
    asked.end();
  });
}

/** `grpc.health.v1.Health/Check`: a request of one string, an answer of one number, 1 for SERVING. */
function probeGrpc(probe: Probe, port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://${containerAddress}:${port}`);
    const timer = setTimeout(() => end(new Error("no answer in time")), timeoutMs);
    const end = (outcome: string | undefined | Error): void => {
      clearTimeout(timer);
      session.destroy();
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    };
    session.once("error", end);
    const stream = session.request({
      ":method": "POST",
      ":path": "/grpc.health.v1.Health/Check",
      "content-type": "application/grpc",
      te: "trailers",
    });
    const service = Buffer.from(probe.path ?? "");
    const message = service.length === 0 ? service : Buffer.concat([Buffer.from([0x0a, service.length]), service]);
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(message.length, 1);
    const chunks: Buffer[] = [];
    let status: string | undefined;
    stream.on("error", end);
    stream.on("response", (headers) => {
      status = headers["grpc-status"] as string | undefined;
    });
    stream.on("trailers", (trailers) => {
      status = trailers["grpc-status"] as string | undefined;
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => {
      const body = Buffer.concat(chunks).subarray(5);
      if (status !== "0") return end(`gRPC status ${status ?? "none"}`);
      end(body[0] === 0x08 && body[1] === 1 ? undefined : `not SERVING (${body[1] ?? 0})`);
    });
    stream.end(Buffer.concat([frame, message]));
  });
}
