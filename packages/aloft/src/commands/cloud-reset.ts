import { Failure } from "@aloft/kit/failure";
import { adminAt } from "../local/admin.ts";
import { cloudPlace, dirFlag } from "./cloud-place.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  name: "cloud reset",
  summary: "Delete everything in the local cloud: every project, secret and service",
  flags: dirFlag,
  uses: ["dry-run"],
  examples: ["aloft cloud reset --yes"],
  run: async (ctx) => {
    const admin = adminAt(cloudPlace(ctx), ctx.signal);
    const { running } = await admin.status();
    const { dryRun, yes } = ctx.global;
    if (dryRun) return { data: { address: admin.address, reset: false, services: running.length } };
    const asked =
      yes || (ctx.ui.interactive && (await ctx.ui.ask(`Delete everything in the local cloud at ${admin.address}?`)));
    if (!asked) {
      throw new Failure({
        code: "CONFIRMATION_NEEDED",
        what: `deleting everything at ${admin.address} was not approved; nothing was done`,
        next: "aloft cloud reset --yes",
      });
    }
    await admin.reset();
    return { data: { address: admin.address, reset: true, services: running.length } };
  },
  text: (data: { readonly address: string; readonly reset: boolean }) =>
    data.reset ? `The local cloud at ${data.address} is empty` : `Everything at ${data.address} would be deleted`,
});
