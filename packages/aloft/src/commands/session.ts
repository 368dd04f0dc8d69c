import { join } from "node:path";
import type { Google } from "@aloft/google";
import type { Graph } from "../app/graph.ts";
import type { LocalCloud } from "../local/ensure.ts";
import type { LoadedApp } from "../plan/engine.ts";
import type { Context } from "./command.ts";
import { aloftVersion } from "./versions.ts";

export interface Declared {
  readonly loaded: LoadedApp;
  readonly graph: Graph;
}

export interface Session extends Declared {
  readonly google: Google;
  /** Only in the environment `local`. */
  readonly local: LocalCloud | undefined;
}

/** The config, evaluated for `--env`. No calls are made. Throws `Failure` CONFIG_NOT_FOUND, CONFIG_INVALID, ENV_UNKNOWN. */
export async function openDeclared(ctx: Context): Promise<Declared> {
  const { config, env } = ctx.global;
  const [{ loadConfig }, { graphOf }] = await Promise.all([import("../app/load.ts"), import("../app/evaluate.ts")]);
  const loaded = await loadConfig({ cwd: ctx.cwd, ...(config === undefined ? {} : { config }) });
  return { loaded, graph: graphOf(loaded, env) };
}

/** The config and a connection to the environment's cloud. For `local` the cloud is started where it does not run. */
export async function openSession(ctx: Context, opened?: Declared): Promise<Session> {
  const google = import("@aloft/google");
  const declared = opened ?? (await openDeclared(ctx));
  const { project } = declared.graph;
  if (ctx.global.env !== "local") {
    return { ...declared, google: (await google).connect({ project }), local: undefined };
  }
  const { ensureLocalCloud } = await import("../local/ensure.ts");
  const local = await ensureLocalCloud({
    cwd: ctx.cwd,
    environ: ctx.environ,
    config: declared.loaded.file,
    version: aloftVersion(),
    note: ctx.ui.note,
    signal: ctx.signal,
  });
  const { origin, credentials } = local;
  return { ...declared, google: (await google).connect({ project, origin, credentials }), local };
}

/** Where packed images are kept between runs: with the rest of what is not in git. */
export async function imageCache(ctx: Context, { loaded }: Declared): Promise<string> {
  const { stateDir } = await import("../local/place.ts");
  return join(stateDir({ cwd: ctx.cwd, environ: ctx.environ, config: loaded.file }), "images");
}

/** `aloft secrets set X` with `--env staging`, where the environment needs naming. */
export function forEnv(command: string, env: string): string {
  const named = env === "local" || !command.startsWith("aloft ") || command.includes(" --env ");
  return named ? command : `${command} --env ${env}`;
}
