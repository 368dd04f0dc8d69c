import { parseDuration } from "@aloft/kit/duration";
import { Failure } from "@aloft/kit/failure";
import { adminAt } from "../local/admin.ts";
import { cloudPlace, dirFlag } from "./cloud-place.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  name: "cloud clock",
  summary: "Show the local cloud's clock, or move it forward",
  about:
    "One clock for everything: tokens and secrets expire by it, schedules fire by it, logs are stamped with it. What falls due by the move happens at once.",
  flags: {
    ...dirFlag,
    advance: { type: "string", value: "DURATION", what: "how far: 90s, 5m, 36h, 7d" },
  },
  examples: ["aloft cloud clock", "aloft cloud clock --advance 36h"],
  run: async (ctx) => {
    const { advance } = ctx.flags;
    if (advance !== undefined && parseDuration(advance) === undefined) {
      throw new Failure({
        code: "INPUT_INVALID",
        what: `--advance ${advance} is no duration`,
        next: "aloft cloud clock --advance 36h",
      });
    }
    const { now } = await adminAt(cloudPlace(ctx), ctx.signal).clock(advance);
    return { data: { now, ...(advance === undefined ? {} : { advanced: advance }) } };
  },
  text: ({ now, advanced }: { readonly now: string; readonly advanced?: string }) =>
    advanced === undefined ? `It is ${now} in the local cloud` : `It is ${now} in the local cloud, ${advanced} later`,
});
