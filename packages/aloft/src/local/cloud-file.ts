import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { Failure } from "@aloft/kit/failure";

/** `.aloft/cloud.json`, mode 0600: written by the cloud when it listens. */
export interface CloudFile {
  readonly port: number;
  readonly pid: number;
  readonly version: string;
  readonly adminToken: string;
  readonly startedAt: string;
}

/** Undefined where there is none. Throws `Failure` STATE_CORRUPT when it is not what the cloud writes. */
export function readCloudFile(dir: string): CloudFile | undefined {
  const path = join(dir, "cloud.json");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw corrupt(path, (error as Error).message);
  }
  try {
    const found = JSON.parse(text) as CloudFile;
    if (typeof found.port === "number" && typeof found.pid === "number" && typeof found.adminToken === "string") {
      return found;
    }
  } catch {
    // The parser's message would quote the text, and the text may hold the token.
  }
  throw corrupt(path, "It is not the JSON that the local cloud writes there.");
}

function corrupt(path: string, why: string): Failure {
  return new Failure({
    code: "STATE_CORRUPT",
    what: `${path} cannot be read`,
    why: `${why} It holds only where the cloud runs; no data is lost without it.`,
    next: `rm ${path}   (then: aloft cloud start)`,
  });
}

/** A cloud serves every folder of the laptop: this notes, by port, which state folder is behind it. */
function pointerPath(port: number, environ: NodeJS.ProcessEnv): string {
  const state = environ.XDG_STATE_HOME || join(environ.HOME || homedir(), ".local/state");
  return join(state, "aloft/clouds", `${port}.json`);
}

export function pointedDir(port: number, environ: NodeJS.ProcessEnv): string | undefined {
  try {
    const found = JSON.parse(readFileSync(pointerPath(port, environ), "utf8")) as { dir?: unknown };
    return typeof found.dir === "string" ? found.dir : undefined;
  } catch {
    return undefined;
  }
}

/** Best effort: without it the cloud is found from its own folder alone. */
export function pointTo(dir: string, port: number, environ: NodeJS.ProcessEnv): void {
  const path = pointerPath(port, environ);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, JSON.stringify({ dir }), { mode: 0o600 });
  } catch {
    // A read-only home.
  }
}

export function unpoint(port: number, environ: NodeJS.ProcessEnv): void {
  rmSync(pointerPath(port, environ), { force: true });
}
