import { Failure } from "@aloft/kit/failure";
import { adminAt, type Group } from "../local/admin.ts";
import { cloudPlace, dirFlag } from "./cloud-place.ts";
import { defineCommand } from "./command.ts";

export const command = defineCommand({
  name: "cloud groups",
  summary: "Say who is in a group that the local cloud's policies name: add, remove, list",
  about:
    "Policies may grant to group:EMAIL. Google knows the members from Cloud Identity; the local cloud from here. A group may be in another.",
  args: [
    { name: "ACTION", required: true, what: "add, remove or list" },
    { name: "GROUP", what: "the group's e-mail" },
    {
      name: "MEMBER",
      many: true,
      what: "an e-mail, or user:, serviceAccount: or group: with one; remove: all without",
    },
  ],
  flags: { ...dirFlag },
  examples: [
    "aloft cloud groups add devs@example.com ann@example.com group:leads@example.com",
    "aloft cloud groups remove devs@example.com ann@example.com",
    "aloft cloud groups list",
  ],
  run: async (ctx) => {
    const [action = "", group, ...members] = ctx.args;
    const admin = adminAt(cloudPlace(ctx), ctx.signal);
    if (action === "list") return { data: { groups: await admin.groups() } };
    if (action !== "add" && action !== "remove") {
      throw wrong(`${action} is none of add, remove, list`, "aloft help cloud groups");
    }
    if (group === undefined || (action === "add" && members.length === 0)) {
      throw wrong(
        `${action} takes a group and its members`,
        `aloft cloud groups ${action} devs@example.com ann@example.com`,
      );
    }
    if (action === "add") return { data: { groups: await admin.changeGroup({ group, add: members }) } };
    const groups =
      members.length === 0 ? await admin.removeGroup(group) : await admin.changeGroup({ group, remove: members });
    return { data: { groups } };
  },
  text: ({ groups }: { readonly groups: readonly Group[] }, paint) =>
    groups.length === 0
      ? "Nobody is in any group."
      : groups.map(({ group, members }) => `  ${paint.bold(group)}  ${members.join(", ")}`).join("\n"),
});

function wrong(what: string, next: string): Failure {
  return new Failure({ code: "USAGE", what, next });
}
