import { Failure } from "@aloft/kit/failure";
import { adminAt } from "../local/admin.ts";
import { cloudPlace, dirFlag } from "./cloud-place.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  name: "cloud snapshot",
  summary: "Keep the local cloud as it is now, or put it back: save, restore, list",
  about:
    "Projects, policies, secrets, services and their data; the clock only moves forward. Snapshots go with the cloud's process.",
  args: [
    { name: "ACTION", required: true, what: "save, restore or list" },
    { name: "NAME", what: "of the snapshot" },
  ],
  flags: dirFlag,
  examples: ["aloft cloud snapshot save before", "aloft cloud snapshot restore before", "aloft cloud snapshot list"],
  run: async (ctx) => {
    const [action = "", name] = ctx.args;
    const admin = adminAt(cloudPlace(ctx), ctx.signal);
    if (action === "list" && name === undefined) return { data: { snapshots: await admin.snapshots() } };
    if (action !== "save" && action !== "restore") {
      const what = action === "list" ? "list takes no name" : `${action} is none of save, restore, list`;
      throw new Failure({ code: "USAGE", what, next: "aloft help cloud snapshot" });
    }
    if (name === undefined) {
      const next = `aloft cloud snapshot ${action} NAME`;
      throw new Failure({ code: "USAGE", what: `${action} takes the snapshot's name`, next });
    }
    const snapshots = action === "save" ? await admin.saveSnapshot(name) : await restored(name, admin);
    return { data: { [action === "save" ? "saved" : "restored"]: name, snapshots } };
  },
  text: ({ saved, restored, snapshots }: Told) => {
    if (saved !== undefined) return `The local cloud is kept as ${saved}`;
    if (restored !== undefined) return `The local cloud is as it was at ${restored}`;
    return snapshots.length === 0 ? "None is kept." : snapshots.map((name) => `  ${name}`).join("\n");
  },
});

interface Told {
  readonly saved?: string;
  readonly restored?: string;
  readonly snapshots: readonly string[];
}

/** Says which there are where the name is none of them. */
async function restored(name: string, admin: ReturnType<typeof adminAt>): Promise<readonly string[]> {
  const known = await admin.snapshots();
  if (known.includes(name)) return admin.restoreSnapshot(name);
  throw new Failure({
    code: "INPUT_INVALID",
    what: `there is no snapshot ${name}`,
    next: known.length === 0 ? `aloft cloud snapshot save ${name}` : `one of: ${known.join(", ")}`,
  });
}
