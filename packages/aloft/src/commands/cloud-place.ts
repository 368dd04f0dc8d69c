import { type Place, placeOf } from "../local/place.ts";
import type { Context } from "./command.ts";

export const dirFlag = {
  dir: { type: "string", value: "DIR", what: "its state folder (default: ALOFT_CLOUD_DIR, .aloft)" },
} as const;

/** Where the cloud of a `cloud …` command is: by `--dir`, `ALOFT_CLOUD`, or from here. */
export function cloudPlace(ctx: Context<typeof dirFlag>): Place {
  return placeOf({
    ...{ cwd: ctx.cwd, environ: ctx.environ },
    ...(ctx.global.config === undefined ? {} : { config: ctx.global.config }),
    ...(ctx.flags.dir === undefined ? {} : { dir: ctx.flags.dir }),
  });
}
