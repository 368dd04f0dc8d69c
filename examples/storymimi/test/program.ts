import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { eventually, freePort } from "../../../packages/runtime/test/redis-server.ts";

const folder = join(import.meta.dirname, "..");

/** The stand-ins of `.env.example`. */
export const placeholders = parseEnv(readFileSync(join(folder, ".env.example"), "utf8")) as Record<string, string>;

export interface Program extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** What it has written so far. */
  readonly output: () => string;
  /** Sends SIGTERM and answers the exit code. */
  stop(): Promise<number | null>;
}

/** Starts a program as Cloud Run does, by its file and its environment, and waits until its `/health` answers 200. */
export async function startProgram(file: string, redisUrl: string, cwd = folder): Promise<Program> {
  const port = await freePort();
  const child = spawn(process.execPath, ["--enable-source-maps", file], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...placeholders,
      PORT: String(port),
      HOST: "127.0.0.1",
      LLM_BACKEND: "gemini",
      USE_MOCK_AI_SERVICES: "true",
      REDIS_URL: redisUrl,
      K_SERVICE: "storymimi",
      K_REVISION: "storymimi-00001-abc",
    },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => {
      said += data.toString();
    });
  }
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<number | null> => {
    if (child.exitCode !== null) return child.exitCode;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    await gone;
    return child.exitCode;
  };
  try {
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`${file} ended with ${child.exitCode}: ${said}`);
      const answer = await fetch(`${url}/health`).catch(() => undefined);
      return answer?.status === 200 ? true : undefined;
    }, 15_000);
  } catch (thrown) {
    child.kill("SIGKILL");
    throw thrown;
  }
  return {
    url,
    pid: child.pid ?? 0,
    output: () => said,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}
