import { spawn } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { cloneTree } from "../images/tree.ts";
import { insideRoot } from "./command.ts";
import { extrasFolder, layExtras } from "./extras.ts";
import { pipes } from "./fifo.ts";
import { descendantsOf, kill } from "./process-tree.ts";
import type { Exit, Launch, Program, Sandbox } from "./sandbox.ts";

/**
 * Runs programs without a sandbox, where Linux allows none: from a copy of the image's files, with the paths that it is
 * started by (program, arguments, working folder, the image's own variables) mapped into that copy, and the machine's
 * loader and libraries. What a program opens by an absolute path later is the machine's.
 */
export function plain(options: {
  readonly dir: string;
  readonly why: string;
  readonly temporaryName: () => string;
}): Sandbox {
  const { dir, temporaryName } = options;
  return {
    kind: "plain",
    why: options.why,
    launch: async (launch) => {
      const work = join(dir, launch.id);
      const root = join(work, "root");
      await mkdir(work, { recursive: true });
      await cloneTree(launch.root, root, "copy");
      await layExtras(await extrasFolder(dir, temporaryName), root);
      const cwd = join(root, launch.command.cwd);
      await mkdir(cwd, { recursive: true });
      const [out, err] = await pipes(work, ["out", "err"]);
      if (out === undefined || err === undefined) throw new Error("mkfifo made no pipes");
      const [file, ...args] = mapArguments(root, launch.command.argv);
      const child = spawn(file as string, args, {
        cwd,
        detached: true,
        env: mapEnvironment(root, launch),
        stdio: ["ignore", out.writeFd, err.writeFd],
      });
      out.handedOver();
      err.handedOver();
      const pid = child.pid;
      const destroy = (): void => {
        if (pid === undefined) return;
        for (const each of descendantsOf(pid)) kill(each, "SIGKILL");
        kill(-pid, "SIGKILL");
      };
      const exited = new Promise<Exit>((resolve) => {
        child.once("error", () => resolve({ code: 127 }));
        child.once("exit", (code, name) => resolve(code === null ? { signal: signalNumber(name) } : { code }));
      }).then(async (exit) => {
        destroy();
        await rm(work, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
        return exit;
      });
      const running = (): boolean => pid !== undefined && child.exitCode === null && child.signalCode === null;
      const program: Program = {
        holder: pid ?? -1,
        main: () => (running() ? pid : undefined),
        processes: () => (running() && pid !== undefined ? [pid, ...descendantsOf(pid)] : []),
        diskBytes: () => 0,
        stdout: out.reader,
        stderr: err.reader,
        exited,
        destroy,
      };
      return program;
    },
  };
}

/** Absolute paths that the root has become paths of this machine; a script is started by its `#!` interpreter in the root. */
function mapArguments(root: string, argv: readonly string[]): readonly string[] {
  const mapped = argv.map((arg) => mapPath(root, arg));
  const interpreter = interpreterOf(mapped[0] as string);
  if (interpreter === undefined) return mapped;
  const [program = "", ...options] = interpreter;
  if (program !== "/usr/bin/env") return [mapPath(root, program), ...options, ...mapped];
  const [name = "", ...rest] = options;
  const found = ["/usr/local/bin", "/usr/bin", "/bin"].find(
    (folder) => insideRoot(root, `${folder}/${name}`) !== undefined,
  );
  return [found === undefined ? name : mapPath(root, `${found}/${name}`), ...rest, ...mapped];
}

function mapEnvironment(root: string, launch: Launch): Record<string, string> {
  const env = { ...launch.env };
  for (const [name, value] of Object.entries(env)) {
    if (!value.startsWith("/") || !launch.imageEnv.has(name)) continue;
    env[name] = value
      .split(":")
      .map((path) => mapPath(root, path))
      .join(":");
  }
  env.PATH = (launch.env.PATH ?? "")
    .split(":")
    .flatMap((path) => [join(root, path), path])
    .join(":");
  return env;
}

function mapPath(root: string, path: string): string {
  if (!path.startsWith("/") || path === "/") return path;
  return insideRoot(root, path) ?? path;
}

function interpreterOf(file: string): readonly string[] | undefined {
  try {
    const fd = openSync(file, "r");
    const head = Buffer.alloc(256);
    const length = readSync(fd, head, 0, 256, 0);
    closeSync(fd);
    const line = head.toString("latin1", 0, length).split("\n")[0] ?? "";
    return line.startsWith("#!") ? line.slice(2).trim().split(/\s+/) : undefined;
  } catch {
    return undefined;
  }
}

const signals: Readonly<Record<string, number>> = {
  SIGTERM: 15,
  SIGINT: 2,
  SIGSEGV: 11,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGILL: 4,
};
const signalNumber = (name: string | null): number => signals[name ?? ""] ?? 9;
