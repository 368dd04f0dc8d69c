import { select } from "./permissions.ts";
import { roleTable } from "./role-table.ts";

export interface Role {
  /** `roles/secretmanager.secretAccessor` */
  readonly name: string;
  readonly title: string;
  readonly permissions: ReadonlySet<string>;
}

const prefix = "roles/";
const resolved = new Map<string, Role>();

/** A predefined role of the table; undefined when there is none of this name. Its permissions are worked out once. */
export function roleOf(name: string): Role | undefined {
  const known = resolved.get(name);
  if (known !== undefined) return known;
  const key = name.slice(prefix.length);
  if (!name.startsWith(prefix) || !Object.hasOwn(roleTable, key)) return undefined;
  const row = roleTable[key];
  if (row === undefined) return undefined;
  const role: Role = { name, title: row.title, permissions: select(row.holds) };
  resolved.set(name, role);
  return role;
}

/** All roles of the table, by name. */
export function allRoles(): readonly Role[] {
  return Object.keys(roleTable)
    .sort()
    .flatMap((key) => roleOf(prefix + key) ?? []);
}

/** Services of whose roles all names are known: another is a slip. */
const complete: ReadonlySet<string> = new Set(["artifactregistry", "cloudkms", "redis", "run", "secretmanager"]);
/** Their roles that are Google's and not in the table. */
const beyond: ReadonlySet<string> = new Set(["run.sourceDeveloper"]);

/**
 * What a role's name is to us: `known`; `foreign`, one that may well be Google's and is not in the table (it grants
 * nothing here); `custom`, of a project or organisation; `none`, a name that no role has.
 */
export function roleKind(name: string): "known" | "foreign" | "custom" | "none" {
  if (roleOf(name) !== undefined) return "known";
  if (/^(projects|organizations)\/[^/]+\/roles\/[\w.]+$/.test(name)) return "custom";
  const key = /^roles\/([a-zA-Z0-9]+\.[\w.]+)$/.exec(name)?.[1];
  // What a reader of version 1 gets in place of a conditional binding is no role.
  if (key === undefined || key.includes("_withcond_")) return "none";
  return complete.has(key.split(".")[0] ?? "") && !beyond.has(key) ? "none" : "foreign";
}

const basic = new Set(["roles/owner", "roles/editor", "roles/viewer"]);

/** The role with the fewest permissions that holds all of these, no basic one unless no other does. */
export function leastRole(wanted: readonly string[]): string | undefined {
  const fitting = allRoles().filter(({ permissions }) => wanted.every((permission) => permissions.has(permission)));
  fitting.sort(
    (a, b) =>
      Number(basic.has(a.name)) - Number(basic.has(b.name)) ||
      a.permissions.size - b.permissions.size ||
      (a.name < b.name ? -1 : 1),
  );
  return fitting[0]?.name;
}
