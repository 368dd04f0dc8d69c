import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Failure } from "@aloft/kit/failure";
import { type FailureCode, failures } from "@aloft/kit/failures";
import { adminAt, type CloudStatus, probe } from "./admin.ts";
import { pointTo, readCloudFile } from "./cloud-file.ts";
import type { Place } from "./place.ts";
import { alive, identify, isCloud } from "./processes.ts";
import { stopCloud } from "./stop.ts";

export interface StartOptions {
  /** `enforce`, `explain`, `off`. */
  readonly iam?: string;
  /** False: a call that names an unknown project does not make it. */
  readonly newProjects?: boolean;
  /** `demo=123456789012` */
  readonly projects?: readonly string[];
  /** As a proxy it reaches no host but Google's, which are here, and this machine. */
  readonly offline?: boolean;
  /** Hosts of Google's that it lets through to the real ones. */
  readonly pass?: readonly string[];
  /** Changes take as long to count as at Google; with its limits. */
  readonly likeGoogle?: boolean;
  /** Some of what is late at Google: policies, apis, accounts, lists, metrics, creates, instances. */
  readonly late?: readonly string[];
  /** `no-billing`, `org` */
  readonly presets?: readonly string[];
  /** How many times as fast as the computer's time its clock runs. */
  readonly clockRate?: string;
  /** What faults and lags are drawn from. */
  readonly seed?: string;
  /** Google's limits count. */
  readonly quotas?: boolean;
  /** This program's version: a cloud of an older one is restarted. */
  readonly version: string;
  readonly environ: NodeJS.ProcessEnv;
  /** Talk: what is being done. */
  readonly note: (text: string) => void;
  readonly signal?: AbortSignal;
}

export interface Started {
  readonly place: Place;
  readonly status: CloudStatus;
  /** False: it ran already. */
  readonly started: boolean;
  /** The older version that was stopped for this one. */
  readonly replaced?: string;
  readonly log: string;
}

const startMs = 60_000;
const logLimit = 8 * 1024 * 1024;

/**
 * Makes sure that the local cloud runs at the place, in the background, and answers. Throws `Failure` PORT_IN_USE,
 * CLOUD_START_FAILED, or what the cloud itself said (STATE_CORRUPT, STATE_TOO_NEW, …).
 */
export async function startCloudAt(place: Place, options: StartOptions): Promise<Started> {
  const log = join(place.dir, "cloud.log");
  const found = await probe(place);
  if (found.found === "other") throw portInUse(place, found.what);
  let replaced: string | undefined;
  if (found.found === "ours") {
    const { status } = found;
    if (!isOlder(status.version, options.version)) return { place, status, started: false, log };
    replaced = status.version;
    options.note(`The local cloud is of version ${status.version}: restarting it with ${options.version}.`);
    await stopCloud(place, options);
  }
  refuseSecondCloud(place);
  const started = await launch(place, log, options);
  return { ...started, started: true, log, ...(replaced === undefined ? {} : { replaced }) };
}

async function launch(place: Place, log: string, options: StartOptions): Promise<Pick<Started, "place" | "status">> {
  mkdirSync(place.dir, { recursive: true, mode: 0o700 });
  if (existsSync(log) && statSync(log).size > logLimit) renameSync(log, `${log}.1`);
  const logFd = openSync(log, "a", 0o600);
  const logStart = statSync(log).size;
  const child = spawn(process.execPath, [cloudProgram(), ...cloudFlags(place, options)], {
    cwd: place.dir,
    detached: true,
    stdio: ["ignore", logFd, logFd],
    env: options.environ,
  });
  closeSync(logFd);
  let ended: string | undefined;
  child.on("error", (error) => {
    ended = error.message;
  });
  child.on("exit", (code, signal) => {
    ended = `it ended with ${signal ?? code}`;
  });
  child.unref();

  for (const end = performance.now() + startMs; performance.now() < end; await sleep(20)) {
    if (options.signal?.aborted) {
      child.kill("SIGTERM");
      options.signal.throwIfAborted();
    }
    if (ended !== undefined) throw startFailure(place, said(log, logStart), ended, log);
    const file = child.pid === undefined ? undefined : fileOf(place.dir, child.pid);
    if (file === undefined) continue;
    const there: Place = { ...place, port: file.port, file };
    const status = await adminAt(there)
      .status()
      .catch(() => undefined);
    if (status === undefined) continue;
    pointTo(place.dir, file.port, options.environ);
    return { place: there, status };
  }
  child.kill("SIGTERM");
  throw startFailure(place, said(log, logStart), `it did not answer within ${startMs / 1000} s`, log);
}

/** The file that this child wrote; undefined while there is none, or an older one. */
function fileOf(dir: string, pid: number) {
  try {
    const file = readCloudFile(dir);
    return file?.pid === pid ? file : undefined;
  } catch {
    return undefined;
  }
}

/** `@aloft/cloud`'s own program. It is started, never imported. */
function cloudProgram(): string {
  return fileURLToPath(new URL("../bin/aloft-cloud.js", import.meta.resolve("@aloft/cloud")));
}

function cloudFlags(place: Place, options: StartOptions): string[] {
  return [
    ...["--port", String(place.port), "--dir", place.dir],
    ...(options.iam === undefined ? [] : ["--iam", options.iam]),
    ...(options.newProjects === false ? ["--no-new-projects"] : []),
    ...(options.projects ?? []).flatMap((project) => ["--project", project]),
    ...(options.offline === true ? ["--offline"] : []),
    ...(options.pass ?? []).flatMap((host) => ["--pass", host]),
    ...(options.likeGoogle === true ? ["--like-google"] : []),
    ...(options.late ?? []).flatMap((kind) => ["--late", kind]),
    ...(options.presets ?? []).flatMap((preset) => ["--preset", preset]),
    ...(options.clockRate === undefined ? [] : ["--clock-rate", options.clockRate]),
    ...(options.seed === undefined ? [] : ["--seed", options.seed]),
    ...(options.quotas === true ? ["--quotas"] : []),
  ];
}

function refuseSecondCloud(place: Place): void {
  const { file } = place;
  if (file === undefined || file.port === place.port || !alive(identify(file.pid))) return;
  if (!isCloud(file.pid)) return;
  throw new Failure({
    code: "CLOUD_START_FAILED",
    what: `the state in ${place.dir} is in use by the local cloud at 127.0.0.1:${file.port}`,
    why: "Two clouds cannot share one state folder.",
    next: `ALOFT_CLOUD=127.0.0.1:${file.port} aloft cloud stop   (or: aloft cloud start --dir OTHER)`,
  });
}

function portInUse(place: Place, what: string): Failure {
  return new Failure({
    code: "PORT_IN_USE",
    what: `port ${place.port} of ${place.host} is taken by ${what}`,
    next: `aloft cloud start --port ${place.port === 0 ? 4511 : place.port + 1}`,
  });
}

function said(log: string, from: number): string {
  try {
    return readFileSync(log).subarray(from).toString("utf8").trim();
  } catch {
    return "";
  }
}

/** The cloud's own `error CODE  what` where it said one, else its last lines. */
function startFailure(place: Place, text: string, ended: string, log: string): Failure {
  if (/EADDRINUSE|PORT_IN_USE/.test(text)) return portInUse(place, "another program");
  const own = /^error ([A-Z_]+) +(.+)((?:\n {2}.+)*)/m.exec(text);
  const details = (own?.[3] ?? "").split("\n").map((line) => line.trim());
  const next = details
    .find((line) => line.startsWith("→"))
    ?.slice(1)
    .trim();
  const why = details.filter((line) => line !== "" && !line.startsWith("→")).join("\n");
  if (own?.[1] !== undefined && Object.hasOwn(failures, own[1])) {
    return new Failure({
      code: own[1] as FailureCode,
      what: own[2] ?? "",
      ...(why === "" ? {} : { why }),
      ...(next === undefined ? {} : { next }),
    });
  }
  const last = text.split("\n").slice(-8).join("\n");
  return new Failure({
    code: "CLOUD_START_FAILED",
    what: `the local cloud did not start: ${ended}`,
    ...(last === "" ? {} : { why: last }),
    next: `see ${log}`,
  });
}

/** Whether version `a` is older than `b`, by their numbers. */
export function isOlder(a: string, b: string): boolean {
  const numbers = (version: string): number[] => version.split(/[.+-]/).slice(0, 3).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (const at of [0, 1, 2]) {
    const difference = (left[at] || 0) - (right[at] || 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
