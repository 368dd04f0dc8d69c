import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Failure } from "@aloft/kit/failure";
import { type CloudFile, pointedDir, readCloudFile } from "./cloud-file.ts";

export const defaultPort = 4510;

/** Where the local cloud is, or would be started. */
export interface Place {
  readonly host: string;
  readonly port: number;
  /** The state folder, absolute: `…/.aloft`. */
  readonly dir: string;
  /** What the cloud that runs, or ran last, wrote there. */
  readonly file: CloudFile | undefined;
}

export interface PlaceOptions {
  readonly cwd: string;
  readonly environ: NodeJS.ProcessEnv;
  /** `--config FILE`. */
  readonly config?: string;
  /** `--dir DIR`. */
  readonly dir?: string;
  /** `--port N`; 0: any free one. */
  readonly port?: number;
}

/**
 * The address is `ALOFT_CLOUD`, else where the cloud of this state folder runs, else 127.0.0.1:4510. A cloud that was
 * started from another folder is found by its port. Throws `Failure` INPUT_INVALID, STATE_CORRUPT.
 */
export function placeOf(options: PlaceOptions): Place {
  const named = addressOf(options.environ.ALOFT_CLOUD);
  const own = options.dir === undefined ? stateDir(options) : resolve(options.cwd, options.dir);
  const file = readCloudFile(own);
  const host = named?.host ?? "127.0.0.1";
  const port = options.port ?? named?.port ?? file?.port ?? defaultPort;
  const chosen = options.dir !== undefined || Boolean(options.environ.ALOFT_CLOUD_DIR);
  if (file?.port === port || chosen) return { host, port, dir: own, file };
  const pointed = pointedDir(port, options.environ);
  const other = pointed === undefined ? undefined : readCloudFile(pointed);
  if (pointed !== undefined && other?.port === port) return { host, port, dir: pointed, file: other };
  return { host, port, dir: own, file };
}

/** `ALOFT_CLOUD_DIR`, else `.aloft` at the repository's root; outside git beside the config; without one, here. */
export function stateDir(options: Pick<PlaceOptions, "cwd" | "config" | "environ">): string {
  if (options.environ.ALOFT_CLOUD_DIR) return resolve(options.cwd, options.environ.ALOFT_CLOUD_DIR);
  const from = options.config === undefined ? options.cwd : dirname(resolve(options.cwd, options.config));
  const root = above(from, ".git") ?? above(from, "aloft.config.ts") ?? from;
  return join(root, ".aloft");
}

function above(from: string, name: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, name))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

function addressOf(text: string | undefined): { readonly host: string; readonly port: number } | undefined {
  if (text === undefined || text === "") return undefined;
  const match = /^(?:http:\/\/)?(?:([^:/]+):)?(\d{1,5})\/?$/.exec(text);
  if (match === null || Number(match[2]) > 65_535) {
    throw new Failure({
      code: "INPUT_INVALID",
      what: "ALOFT_CLOUD is not HOST:PORT",
      next: "export ALOFT_CLOUD=127.0.0.1:4510",
    });
  }
  const host = match[1] ?? "127.0.0.1";
  // The admin token goes there in the clear, and the local cloud listens nowhere else.
  if (!/^(localhost|127(\.\d{1,3}){3})$/.test(host)) {
    throw new Failure({
      code: "INPUT_INVALID",
      what: `ALOFT_CLOUD names another machine: ${host}`,
      why: "The local cloud is for this machine alone.",
      next: `export ALOFT_CLOUD=127.0.0.1:${match[2]}`,
    });
  }
  return { host, port: Number(match[2]) };
}
