import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { messageOf } from "@aloft/kit/failure";
import { backoff } from "@aloft/kit/retry";
import { end, isAlive, type Processes, type ProcessRecord } from "../../processes.ts";
import type { Relay } from "./relay.ts";
import { ask } from "./resp.ts";
import { port } from "./rules.ts";
import { makeRoomFor, socketOf } from "./socket.ts";

/** What one `redis-server` is to be. */
export interface ServerSpec {
  /** Under which it is on record: `redis/projects/p/locations/l/instances/i`. */
  readonly owner: string;
  /** Where people and programs reach it, by a relay. */
  readonly host: string;
  /** Its data, config and log. */
  readonly dir: string;
  /** None: everyone who reaches it may use it. */
  readonly password: string | undefined;
  /** By Redis's own names; each can be changed while it runs. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Lines of its configuration that stay as they are as long as it runs. */
  readonly lines?: readonly string[];
}

/** A `redis-server` that is kept running until it is stopped; its relay listens while it answers. */
export interface Server {
  /** Resolves when it answers. Rejects when it cannot be started; it is not tried again then. */
  start(): Promise<void>;
  /** Makes a running one what the spec says now, without a restart. */
  apply(spec: ServerSpec): Promise<void>;
  /** Ends it, its data on disk (SIGTERM; SIGKILL after 10 s). */
  stop(): Promise<void>;
}

export const program = "redis-server";
const readyWithinMs = 20_000;
const adoptedPollMs = 500;
/** When it has run this long, the next end counts as the first. */
const steadyMs = 30_000;

/**
 * Processes live in the computer's time, so this waits by it and not by the cloud's clock. `tell` gets one line for
 * each time the process ended by itself.
 */
export function createServer(
  initial: ServerSpec,
  parts: { readonly processes: Processes; readonly relay: Relay; readonly tell: (line: string) => void },
): Server {
  const { processes, relay, tell } = parts;
  const inside = { path: socketOf(initial.dir) };
  let spec = initial;
  let record: ProcessRecord | undefined;
  let stopped = false;
  let ends = 0;
  let startedMs = 0;
  let timer: NodeJS.Timeout | undefined;

  const launch = async (): Promise<void> => {
    const adopted = await adopt();
    if (!adopted) await spawnAnew();
    try {
      if (stopped) throw new Error("it is stopped");
      await relay.open();
    } catch (thrown) {
      const mine = record;
      clearInterval(timer);
      record = undefined;
      if (mine !== undefined) await end(mine);
      processes.forget(spec.owner);
      throw thrown;
    }
    startedMs = performance.now();
  };

  /** Takes over the process of a cloud that was killed, when it answers; ends it when it does not. */
  const adopt = async (): Promise<boolean> => {
    const found = processes.adopt(spec.owner);
    if (found === undefined) return false;
    try {
      await ask(inside, ["PING"], { password: spec.password });
    } catch {
      await end(found);
      return false;
    }
    record = found;
    timer = setInterval(() => {
      if (!isAlive(found)) gone("it is no longer there");
    }, adoptedPollMs).unref();
    await configure();
    return true;
  };

  const spawnAnew = async (): Promise<void> => {
    mkdirSync(spec.dir, { recursive: true, mode: 0o700 });
    makeRoomFor(inside.path);
    writeConfig(spec);
    const logPath = join(spec.dir, "redis.log");
    const logStart = statSync(logPath, { throwIfNoEntry: false })?.size ?? 0;
    const log = openSync(logPath, "a", 0o600);
    const child = spawn(program, [join(spec.dir, "redis.conf")], {
      cwd: spec.dir,
      // A group of its own: Ctrl-C in the terminal of the cloud must not reach it before the cloud says so.
      detached: true,
      env: { PATH: process.env.PATH ?? "" },
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    let ended: string | undefined;
    const mine = child.pid === undefined ? undefined : processes.record(spec.owner, child.pid);
    child.on("error", (error: NodeJS.ErrnoException) => {
      ended = error.code === "ENOENT" ? missing : error.message;
    });
    child.on("exit", (code, signal) => {
      const last = lastLine(logPath, logStart);
      ended = `exit ${signal ?? code}${last === "" ? "" : `: ${last}`}`;
      if (record?.pid === child.pid) gone(ended);
    });
    child.unref();
    try {
      await answering(() => ended);
      if (ended !== undefined) throw new Error(ended);
      record = mine;
    } catch (thrown) {
      if (mine !== undefined) await end(mine);
      processes.forget(spec.owner);
      throw thrown;
    }
  };

  const answering = async (ended: () => string | undefined): Promise<void> => {
    const until = performance.now() + readyWithinMs;
    for (let pauseMs = 5; ; pauseMs = Math.min(100, pauseMs * 2)) {
      await wait(pauseMs);
      const why = ended();
      if (why !== undefined) throw new Error(why);
      try {
        await ask(inside, ["PING"], { password: spec.password });
        return;
      } catch (thrown) {
        if (performance.now() > until) throw new Error(`redis-server does not answer: ${messageOf(thrown)}`);
      }
    }
  };

  const gone = (why: string): void => {
    clearInterval(timer);
    relay.close();
    record = undefined;
    processes.forget(spec.owner);
    if (stopped) return;
    if (performance.now() - startedMs > steadyMs) ends = 0;
    ends += 1;
    const delayMs = backoff(ends, { firstDelayMs: 200, maxDelayMs: 10_000 });
    tell(`redis-server at ${spec.host}:${port} ended by itself (${why}); it is started again.`);
    timer = setTimeout(() => {
      launch().catch((thrown) => gone(messageOf(thrown)));
    }, delayMs).unref();
  };

  /** What can be told a running server; the password last, as it changes who may tell. */
  const configure = async (before = spec): Promise<void> => {
    for (const [name, value] of Object.entries(spec.parameters)) {
      await ask(inside, ["CONFIG", "SET", name, value], { password: before.password });
    }
    if (before.password !== spec.password) {
      await ask(inside, ["CONFIG", "SET", "requirepass", spec.password ?? ""], { password: before.password });
    }
  };

  return {
    start: launch,
    apply: async (next) => {
      const before = spec;
      spec = next;
      writeConfig(spec);
      if (record !== undefined) await configure(before);
    },
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      relay.close();
      const found = record ?? processes.adopt(spec.owner);
      record = undefined;
      if (found !== undefined) await end(found);
      processes.forget(spec.owner);
    },
  };
}

export const missing = "redis-server is not installed; type: apt-get install redis-server";

/** The password is here and nowhere else that others can read: not in arguments, not in the environment. */
function writeConfig(spec: ServerSpec): void {
  mkdirSync(spec.dir, { recursive: true, mode: 0o700 });
  const lines = [
    "port 0",
    `unixsocket ${JSON.stringify(socketOf(spec.dir))}`,
    "unixsocketperm 700",
    "daemonize no",
    `dir ${JSON.stringify(spec.dir)}`,
    "appendonly yes",
    "appendfsync everysec",
    'save ""',
    ...(spec.password === undefined ? [] : [`requirepass ${JSON.stringify(spec.password)}`]),
    ...(spec.lines ?? []),
    ...Object.entries(spec.parameters).map(([name, value]) => `${name} ${value === "" ? '""' : value}`),
  ];
  const path = join(spec.dir, "redis.conf");
  writeFileSync(`${path}.new`, `${lines.join("\n")}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** What the server said last, without what could be a password. */
function lastLine(path: string, from: number): string {
  if (!existsSync(path)) return "";
  const lines = readFileSync(path)
    .subarray(from)
    .toString()
    .split("\n")
    .map((line) => line.replace(/^\d+:[A-Z] \d+ \w+ \d+ [\d:.]+ [.*#-] /, "").trim())
    .filter((line) => line !== "" && !/requirepass|masterauth/.test(line));
  return lines.at(-1) ?? "";
}
