import { parseDuration } from "@aloft/kit/duration";
import { Failure } from "@aloft/kit/failure";
import { adminAt, type CloudClock } from "../local/admin.ts";
import { checkRate } from "./clock-rate.ts";
import { cloudPlace, dirFlag } from "./cloud-place.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  name: "cloud clock",
  summary: "Show the local cloud's clock, move it forward, or let it run faster",
  about:
    "One clock for everything: tokens and secrets expire by it, schedules fire by it, logs are stamped with it. What falls due by the move happens at once. At a rate, programs run no faster: what they are given time for, and tokens, go by the computer's time. A rate holds until the cloud is stopped.",
  flags: {
    ...dirFlag,
    advance: { type: "string", value: "DURATION", what: "how far: 90s, 5m, 36h, 7d" },
    rate: { type: "string", value: "N", what: "how many times as fast as the computer's time it runs, 1 to 10000" },
  },
  examples: ["aloft cloud clock", "aloft cloud clock --advance 36h", "aloft cloud clock --rate 60"],
  run: async (ctx) => {
    const { advance } = ctx.flags;
    if (advance !== undefined && parseDuration(advance) === undefined) {
      throw new Failure({
        code: "INPUT_INVALID",
        what: `--advance ${advance} is no duration`,
        next: "aloft cloud clock --advance 36h",
      });
    }
    const rate = checkRate("--rate", ctx.flags.rate);
    const change = {
      ...(advance === undefined ? {} : { advance }),
      ...(rate === undefined ? {} : { rate }),
    };
    const admin = adminAt(cloudPlace(ctx), ctx.signal);
    const told = await admin.clock(Object.keys(change).length === 0 ? undefined : change);
    return { data: { ...told, ...(advance === undefined ? {} : { advanced: advance }) } };
  },
  text: ({ now, rate, advanced }: CloudClock & { readonly advanced?: string }) =>
    [
      `It is ${now} in the local cloud`,
      ...(advanced === undefined ? [] : [`${advanced} later`]),
      ...(rate === 1 ? [] : [`where time runs ${rate} times as fast`]),
    ].join(", "),
});
