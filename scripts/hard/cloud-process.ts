import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const bin = join(import.meta.dirname, "../../packages/cloud/bin/aloft-cloud.js");
const startTimeoutMs = 20_000;

/** The cloud's own program, as a process that can be killed. */
export interface CloudProcess {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  readonly dir: string;
  readonly startedMs: number;
  /** An access token of the laptop's owner. */
  readonly token: string;
  /** Lines of its log, as they come. */
  readonly log: readonly string[];
  /** Undefined while it runs. */
  exit(): string | undefined;
  /** Resolves when the process is gone. */
  kill(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** Resident memory in MiB. */
  residentMiB(): number;
  /** A call of the admin API. */
  admin(method: string, path: string, body?: object): Promise<unknown>;
}

/** Starts it over the state in `dir`; resolves when its API answers. Throws with its log when it does not start. */
export async function startProcess(dir: string, args: readonly string[] = []): Promise<CloudProcess> {
  const began = performance.now();
  const child = spawn(process.execPath, [bin, "--port", "0", "--dir", dir, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const log: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => log.push(...text.split("\n").filter(Boolean)));
  const file = await announced(dir, child, log);
  const url = `http://127.0.0.1:${file.port}`;
  const admin = async (method: string, path: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${url}/_aloft/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${file.adminToken}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const { token } = (await admin("POST", "token", {})) as { token: string };
  const exit = (): string | undefined =>
    child.exitCode === null && child.signalCode === null ? undefined : `${child.exitCode ?? child.signalCode}`;
  return {
    pid: child.pid ?? 0,
    port: file.port,
    url,
    dir,
    startedMs: performance.now() - began,
    token,
    log,
    exit,
    kill: async (signal) => {
      if (exit() !== undefined) return;
      const gone = once(child, "exit");
      child.kill(signal);
      await gone;
    },
    residentMiB: () =>
      Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) / 1024,
    admin,
  };
}

interface Announced {
  readonly port: number;
  readonly pid: number;
  readonly adminToken: string;
}

/** What the process says of itself: an older file may still lie there, of one that was killed. */
async function announced(dir: string, child: ChildProcess, log: readonly string[]): Promise<Announced> {
  const until = Date.now() + startTimeoutMs;
  for (;;) {
    try {
      const file = JSON.parse(readFileSync(join(dir, "cloud.json"), "utf8")) as Announced;
      if (file.pid === child.pid) return file;
    } catch {
      // Not there yet.
    }
    if (child.exitCode !== null || Date.now() > until) {
      child.kill("SIGKILL");
      throw new Error(`the cloud did not start (${child.exitCode ?? "no answer"}):\n${log.join("\n")}`);
    }
    await sleep(5);
  }
}
