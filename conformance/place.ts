import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cloud, startCloud } from "@aloft/cloud";
import { services } from "../packages/cloud/src/services/index.ts";
import type { Report } from "./suite.ts";
import { ownHeader, watched } from "./watched.ts";

/** How a program ended. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly input?: string;
  /** Then the program and all that it started are ended: 124. Two minutes by default. */
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** What else `aloft exec` is told: `["--as", EMAIL]`. */
  readonly exec?: readonly string[];
  /** Each line of its standard output as it comes. */
  readonly onLine?: (line: string) => void;
}

// biome-ignore lint/suspicious/noExplicitAny: JSON as an API answered it, looked into without ceremony
export type Answer = any;

/** A local cloud with an empty folder beside it, and programs that take it for Google. */
export interface Place extends AsyncDisposable {
  readonly cloud: Cloud;
  /** Where programs work. */
  readonly folder: string;
  /** Through `aloft exec`: nothing else is set. */
  exec(command: readonly [string, ...string[]], options?: RunOptions): Promise<Ran>;
  /** `api("GET", "secretmanager.googleapis.com/v1/projects/demo/secrets")`, as the owner. Throws where it is refused. */
  api(verb: string, path: string, body?: object): Promise<Answer>;
}

export const project = "demo";
export const projectNumber = 123456789012;

const cli = join(import.meta.dirname, "../packages/aloft/bin/aloft.js");

export async function openPlace(report: Pick<Report, "answered">): Promise<Place> {
  const home = mkdtempSync(join(tmpdir(), "aloft-conformance-"));
  const folder = mkdtempSync(join(home, "work-"));
  const log: string[] = [];
  const cloud = await startCloud({
    dir: join(home, ".aloft"),
    services: watched(services, report),
    projects: { [project]: projectNumber },
    log: (line) => log.push(line),
  });
  for (const { api } of services) cloud.host.projects.setEnabled(project, api, true);
  return {
    cloud,
    folder,
    exec: (command, options = {}) =>
      run([process.execPath, cli, "exec", ...(options.exec ?? []), "--", ...command], {
        ...options,
        cwd: options.cwd ?? folder,
        env: { ALOFT_CLOUD: `127.0.0.1:${cloud.port}`, ALOFT_CLOUD_DIR: join(home, ".aloft"), ...options.env },
      }),
    api: async (verb, path, body) => {
      const answer = await fetch(`${cloud.url}/${path}`, {
        method: verb,
        headers: { authorization: `Bearer ${cloud.token()}`, "content-type": "application/json", [ownHeader]: "1" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${verb} ${path}: ${answer.status} ${text}`);
      return text === "" ? {} : JSON.parse(text);
    },
    [Symbol.asyncDispose]: async () => {
      await cloud.close();
      rmSync(home, { recursive: true, force: true });
      for (const line of log.filter((each) => each.includes("bug:"))) process.stderr.write(`${line}\n`);
    },
  };
}

/** Runs a program in a process group of its own, which is ended with it. */
export function run(command: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [program = "", ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    let late = false;
    const endAll = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // All of them are gone.
      }
    };
    const timer = setTimeout(() => {
      late = true;
      endAll();
    }, options.timeoutMs ?? 120_000);
    let stdout = "";
    let stderr = "";
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (options.onLine === undefined) return;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) options.onLine(line);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      endAll();
      resolve({ code: late ? 124 : (code ?? 128), stdout, stderr });
    });
  });
}

/** Whether this machine has the program. */
export async function has(program: string): Promise<boolean> {
  return (await run(["bash", "-c", 'command -v "$1"', "bash", program])).code === 0;
}
