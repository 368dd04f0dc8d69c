import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = "redis-server";

/** Whether there is a Redis to test with; says so once where there is none. */
export const redisInstalled = spawnSync(program, ["--version"]).status === 0;
if (!redisInstalled) process.stderr.write("skipped: no redis-server on this machine (apt-get install redis-server)\n");

export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Starts it again at the same port, empty. */
  start(): Promise<void>;
  /** Kills it. */
  stop(): Promise<void>;
}

/** A real redis-server on a free port, with nothing on disk. */
export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "aloft-redis-"));
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
    // As Memorystore has it.
    args.push("--maxmemory-policy", "volatile-lru");
    const started = spawn(program, args, { stdio: ["ignore", "pipe", "ignore"] });
    child = started;
    await new Promise<void>((resolve, reject) => {
      started.once("exit", (code) => reject(new Error(`redis-server ended with ${code}`)));
      started.stdout.on("data", (data: Buffer) => {
        if (data.includes("Ready to accept connections")) resolve();
      });
    });
  };
  const stop = async (): Promise<void> => {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null) return;
    const gone = once(ending, "exit");
    ending.kill("SIGKILL");
    await gone;
  };

  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    start,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Resolves with the first answer of `look` that is not undefined. Throws after `ms`. */
export async function eventually<T>(look: () => T | undefined | Promise<T | undefined>, ms = 10_000): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > deadline) throw new Error(`not seen in ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
