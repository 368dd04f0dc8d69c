import type { Groups } from "./chain/groups.ts";
import type { JsonObject } from "./service.ts";
import { RpcError } from "./wire/rpc-error.ts";

const email = /^[^@\s:]+@[^@\s:]+\.[^@\s:]+$/;

/**
 * Changes who is in a group, as the admin API takes it: `{ "group": "devs@example.com", "add"?: [MEMBER], "remove"?: [MEMBER] }`.
 * A member is an e-mail, or `user:`, `serviceAccount:` or `group:` with one. Throws INVALID_ARGUMENT.
 */
export function changeGroup(groups: Groups, { group, add, remove, ...rest }: JsonObject): void {
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw wrong(`A group has no ${unknown}: group, add, remove.`);
  const name = typeof group === "string" ? group.replace(/^group:/, "").toLowerCase() : "";
  if (!email.test(name)) throw wrong(`group ${JSON.stringify(group)} is no group's e-mail, like devs@example.com.`);
  if (add !== undefined) groups.add(name, members(add));
  if (remove !== undefined) groups.remove(name, members(remove));
}

/** Removes a group: `{ "group": … }`. Throws NOT_FOUND. */
export function removeGroup(groups: Groups, { group }: JsonObject): void {
  const name = String(group)
    .replace(/^group:/, "")
    .toLowerCase();
  if (!groups.has(name)) throw new RpcError("NOT_FOUND", `There is no group ${name}.`);
  groups.remove(name);
}

function members(given: unknown): readonly string[] {
  if (!Array.isArray(given)) throw wrong("add and remove are lists of members.");
  return given.map((each: unknown) => {
    const [, type, name = ""] = /^(?:(user|serviceAccount|group):)?(.*)$/.exec(String(each)) ?? [];
    if (!email.test(name))
      throw wrong(`${String(each)} is no member: an e-mail, or user:, serviceAccount: or group: with one.`);
    return `${type ?? (name.endsWith("gserviceaccount.com") ? "serviceAccount" : "user")}:${name.toLowerCase()}`;
  });
}

function wrong(text: string): RpcError {
  return new RpcError("INVALID_ARGUMENT", text);
}
