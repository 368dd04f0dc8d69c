import type { Binding } from "../../host.ts";
import type { JsonObject, Principal } from "../../service.ts";
import { invalid } from "./errors.ts";
import type { AclEntry } from "./messages.ts";
import type { Storage } from "./storage.ts";
import type { StoredBucket } from "./store.ts";

const teams = [
  ["owners", "projectOwner"],
  ["editors", "projectEditor"],
  ["viewers", "projectViewer"],
] as const;

/** The members of policies that an entity of an access control list stands for. `user-…` is also a service account's. */
export function memberOf(storage: Storage, entity: string): readonly string[] {
  if (entity === "allUsers" || entity === "allAuthenticatedUsers") return [entity];
  const [, kind, rest = ""] = /^(user|group|domain)-(.+)$/.exec(entity) ?? [];
  if (kind === "user") return rest.endsWith(".gserviceaccount.com") ? [`serviceAccount:${rest}`] : [`user:${rest}`];
  if (kind !== undefined) return [`${kind}:${rest}`];
  const [, team, number = ""] = /^project-(owners|editors|viewers)-(.+)$/.exec(entity) ?? [];
  const member = teams.find(([name]) => name === team)?.[1];
  const project = storage.host.projects.get(number);
  return member === undefined || project === undefined ? [] : [`${member}:${project.id}`];
}

/** The entity of a policy's member; undefined for one that lists cannot name. */
export function entityOf(storage: Storage, member: string): string | undefined {
  if (member === "allUsers" || member === "allAuthenticatedUsers") return member;
  const colon = member.indexOf(":");
  const [kind, rest] = [member.slice(0, colon), member.slice(colon + 1)];
  if (kind === "user" || kind === "serviceAccount") return `user-${rest}`;
  if (kind === "group" || kind === "domain") return `${kind}-${rest}`;
  const team = teams.find(([, name]) => name === kind)?.[0];
  const project = storage.host.projects.get(rest);
  return team === undefined || project === undefined ? undefined : `project-${team}-${project.number}`;
}

/** Throws 400 for an entity or a role that is none. */
export function checkEntry(storage: Storage, entity: unknown, role: unknown, roles: readonly string[]): AclEntry {
  if (typeof entity !== "string" || memberOf(storage, entity).length === 0) {
    throw invalid(`Could not parse entity '${String(entity ?? "")}'`);
  }
  if (typeof role !== "string" || !roles.includes(role))
    throw invalid(`Invalid value for role: "${String(role ?? "")}"`);
  return { entity, role };
}

const bucketRoles = [
  ["OWNER", "roles/storage.legacyBucketOwner"],
  ["WRITER", "roles/storage.legacyBucketWriter"],
  ["READER", "roles/storage.legacyBucketReader"],
] as const;

/** A bucket's list is its policy seen another way: the legacy bucket roles are its entries. */
export function bucketAcl(storage: Storage, bindings: readonly Binding[]): readonly AclEntry[] {
  const entries = bucketRoles.flatMap(([role, name]) =>
    bindings
      .filter((binding) => binding.role === name)
      .flatMap(({ members }) => members)
      .flatMap((member) => {
        const entity = entityOf(storage, member);
        return entity === undefined ? [] : [{ entity, role }];
      }),
  );
  const rank = ({ entity }: AclEntry): number =>
    teams.findIndex(([team]) => entity.startsWith(`project-${team}-`)) >>> 0;
  return entries.toSorted((a, b) => rank(a) - rank(b));
}

/** The bindings with one entry set, or taken away (`role` undefined). */
export function withEntry(
  storage: Storage,
  bindings: readonly Binding[],
  entity: string,
  role: string | undefined,
): readonly Binding[] {
  const members = new Set(memberOf(storage, entity));
  const legacy = new Set<string>(bucketRoles.map(([, name]) => name));
  const kept = bindings.map((binding) =>
    legacy.has(binding.role)
      ? { ...binding, members: binding.members.filter((member) => !members.has(member)) }
      : binding,
  );
  const name = bucketRoles.find(([each]) => each === role)?.[1];
  return name === undefined ? kept : [...kept, { role: name, members: [...members] }];
}

/** The entries of a predefined list. Throws 400 for an unknown name. */
export function predefined(
  storage: Storage,
  name: string,
  at: { readonly bucket: StoredBucket; readonly owner: Principal },
): readonly AclEntry[] {
  const number = storage.host.projects.get(at.bucket.project)?.number ?? "";
  const team = (each: string, role: string): AclEntry => ({ entity: `project-${each}-${number}`, role });
  const own: readonly AclEntry[] = at.owner.email === "" ? [] : [{ entity: `user-${at.owner.email}`, role: "OWNER" }];
  switch (name) {
    case "private":
      return own;
    case "projectPrivate":
      return [team("owners", "OWNER"), team("editors", "OWNER"), team("viewers", "READER"), ...own];
    case "publicRead":
      return [...own, { entity: "allUsers", role: "READER" }];
    case "publicReadWrite":
      return [...own, { entity: "allUsers", role: "WRITER" }];
    case "authenticatedRead":
      return [...own, { entity: "allAuthenticatedUsers", role: "READER" }];
    case "bucketOwnerRead":
      return [...own, team("owners", "READER")];
    case "bucketOwnerFullControl":
      return [...own, team("owners", "OWNER")];
    default:
      throw invalid(`Invalid value for a predefined ACL: "${name}"`);
  }
}

/** The default list of objects of a new bucket: the project's teams. */
export function projectPrivate(number: string): readonly AclEntry[] {
  return [
    { entity: `project-owners-${number}`, role: "OWNER" },
    { entity: `project-editors-${number}`, role: "OWNER" },
    { entity: `project-viewers-${number}`, role: "READER" },
  ];
}

/** What an entry has besides entity and role: who is meant. */
export function entryDetails({ entity, role }: AclEntry): JsonObject {
  const [, team, number] = /^project-(owners|editors|viewers)-(.+)$/.exec(entity) ?? [];
  const email = /^(?:user|group)-(.+)$/.exec(entity)?.[1];
  const domain = /^domain-(.+)$/.exec(entity)?.[1];
  return {
    entity,
    role,
    ...(team === undefined ? {} : { projectTeam: { projectNumber: number, team } }),
    ...(email === undefined ? {} : { email }),
    ...(domain === undefined ? {} : { domain }),
  };
}
