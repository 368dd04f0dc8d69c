import { Failure } from "@aloft/kit/failure";
import type { LocalCloud } from "../local/ensure.ts";
import type { ProgramOptions } from "../local/program-env.ts";
import type { Context } from "./command.ts";
import { aloftVersion } from "./versions.ts";

export const programFlags = {
  as: { type: "string", value: "EMAIL", what: "a service account (default: you@local.aloft, the owner)" },
  project: {
    type: "string",
    value: "ID",
    what: "the project (default: GOOGLE_CLOUD_PROJECT, else that of aloft.config.ts)",
  },
  pass: { type: "string", value: "HOST", multiple: true, what: "a host of Google's that is really reached" },
} as const;

type ProgramContext = Context<typeof programFlags>;

/** The local cloud, started where it does not run. */
export async function openCloud(ctx: ProgramContext): Promise<LocalCloud> {
  const { ensureLocalCloud } = await import("../local/ensure.ts");
  return ensureLocalCloud({
    ...{ cwd: ctx.cwd, environ: ctx.environ, version: aloftVersion(), note: ctx.ui.note, signal: ctx.signal },
    ...(ctx.global.config === undefined ? {} : { config: ctx.global.config }),
  });
}

export async function programOptions(ctx: ProgramContext): Promise<ProgramOptions> {
  const { as, pass = [] } = ctx.flags;
  const project = ctx.flags.project ?? (ctx.environ.GOOGLE_CLOUD_PROJECT || (await configProject(ctx)));
  return {
    pass,
    environ: ctx.environ,
    ...(as === undefined ? {} : { as }),
    ...(project === undefined ? {} : { project }),
  };
}

/** The local project of the config here or above; a config is not needed. */
async function configProject(ctx: ProgramContext): Promise<string | undefined> {
  try {
    const { openDeclared } = await import("./session.ts");
    return (await openDeclared({ ...ctx, global: { ...ctx.global, env: "local" } })).graph.project;
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    if (thrown.code !== "CONFIG_NOT_FOUND" || ctx.global.config !== undefined) {
      ctx.ui.note(`No project is set: ${thrown.what} Name one with --project.`);
    }
    return undefined;
  }
}
