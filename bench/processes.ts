import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export const root = join(import.meta.dirname, "..");
export const aloftBin = join(root, "packages/aloft/bin/aloft.js");
const cloudBin = join(root, "packages/cloud/bin/aloft-cloud.js");

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Wall time of a whole process in ms. Throws with its output when it fails. */
export async function wallMs(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<number> {
  const started = performance.now();
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const ms = performance.now() - started;
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${output}`);
  return ms;
}

export function has(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" }).status === 0;
}

/** Resident memory of a process in MiB. */
export function residentMiB(pid: number): number {
  const line = readFileSync(`/proc/${pid}/status`, "utf8").match(/^VmRSS:\s+(\d+) kB$/m);
  return Number(line?.[1]) / 1024;
}

export interface CloudProcess extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly dir: string;
  readonly pid: number;
  readonly adminToken: string;
  /** From spawn to the first answer of an API, in ms. */
  readonly firstAnswerMs: number;
  token(): Promise<string>;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await gone;
}

/** The cloud's own program in a folder of its own, as `aloft cloud start` runs it. */
export async function cloudProcess(): Promise<CloudProcess> {
  const dir = mkdtempSync(join(tmpdir(), "aloft-bench-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = performance.now();
  const child = spawn(process.execPath, [cloudBin, "--port", String(port), "--dir", dir], { stdio: "ignore" });
  for (;;) {
    // No token: the answer is 401, and it is the API's own.
    const answer = await fetch(`${url}/secretmanager.googleapis.com/v1/projects/bench/secrets`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer !== undefined) break;
    if (child.exitCode !== null) throw new Error(`the cloud ended with ${child.exitCode}`);
    await sleep(2);
  }
  const firstAnswerMs = performance.now() - started;
  const { adminToken } = JSON.parse(readFileSync(join(dir, "cloud.json"), "utf8")) as { adminToken: string };
  return {
    port,
    url,
    dir,
    pid: child.pid as number,
    adminToken,
    firstAnswerMs,
    async token() {
      const answer = await fetch(`${url}/_aloft/v1/token`, {
        method: "POST",
        headers: { authorization: `Bearer ${adminToken}` },
        body: "{}",
      });
      return ((await answer.json()) as { token: string }).token;
    },
    async [Symbol.asyncDispose]() {
      await ended(child);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A bare `node:http2` and `node:http` server that answers fixed bytes: the floor that Node sets. */
export async function bareServer(): Promise<
  { readonly h2: number; readonly h1: number; readonly pid: number; readonly firstAnswerMs: number } & AsyncDisposable
> {
  const [h2, h1] = [await freePort(), await freePort()];
  const started = performance.now();
  const child = spawn(process.execPath, [join(import.meta.dirname, "bare-server.ts"), String(h2), String(h1)], {
    stdio: "ignore",
  });
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${h1}/`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer !== undefined) break;
    await sleep(2);
  }
  return {
    h2,
    h1,
    pid: child.pid as number,
    firstAnswerMs: performance.now() - started,
    async [Symbol.asyncDispose]() {
      await ended(child);
    },
  };
}
