import { Worker } from "node:worker_threads";
import type { Health } from "./health.ts";
import { answerProbes, type Snapshot, type ThreadOptions } from "./thread.ts";

export interface ServeHealthOptions {
  readonly health: Health;
  /** 0 takes a free one. `PORT`, or 8080, by default. */
  readonly port?: number;
  /** `0.0.0.0` by default, as Cloud Run wants it. */
  readonly host?: string;
  /** `/health` by default. */
  readonly path?: string;
  /** How often the thread hears from the program. 1 s by default. */
  readonly heartbeatMs?: number;
  /** For how long the program may be too busy to be heard. 30 s by default. */
  readonly silenceMs?: number;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Answers `GET /health` from a thread of its own, with what the checks said last: a consumer that keeps the event loop
 * busy does not keep the probe waiting. When the program has not been heard for `silenceMs` the answer is 503. Rejects when the port
 * cannot be had.
 */
export async function serveHealth(options: ServeHealthOptions): Promise<HealthServer> {
  const settings: ThreadOptions = {
    host: options.host ?? "0.0.0.0",
    port: options.port ?? Number(process.env.PORT || 8080),
    path: options.path ?? "/health",
    silenceMs: options.silenceMs ?? 30_000,
  };
  // Some compilers wrap functions in a helper of this name to keep what they are called.
  const program = `const __name = (f) => f; (${answerProbes.toString()})()`;
  const thread = new Worker(program, { eval: true, workerData: settings, env: {}, execArgv: [] });
  const port = await new Promise<number>((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
  });
  const tell = (): void => {
    const { status, body } = options.health.answer();
    thread.postMessage({ status, body: JSON.stringify(body) } satisfies Snapshot);
  };
  await options.health.ready();
  tell();
  const beat = setInterval(tell, options.heartbeatMs ?? 1000);
  const gone = new Promise<void>((resolve) => thread.once("exit", () => resolve()));
  return {
    port,
    close: async () => {
      clearInterval(beat);
      thread.postMessage("close");
      await gone;
    },
  };
}
