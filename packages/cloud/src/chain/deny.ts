import type { MovableClock } from "@aloft/kit/clock";
import type { Ids } from "@aloft/kit/ids";
import type { Principal } from "../service.ts";
import { type OpenDatabase, rereadAfterRollback } from "../store/database.ts";
import { type ConditionContext, conditionHolds } from "./conditions.ts";
import { policyEtag } from "./policies.ts";

export interface DenyRule {
  readonly description: string;
  readonly deniedPrincipals: readonly string[];
  readonly exceptionPrincipals: readonly string[];
  /** `secretmanager.googleapis.com/secrets.delete`; `*` for the resource, the verb or both. */
  readonly deniedPermissions: readonly string[];
  readonly exceptionPermissions: readonly string[];
  readonly condition?: { readonly expression: string; readonly title?: string; readonly description?: string };
}

/** A deny policy of a project, a folder or an organisation. */
export interface DenyPolicy {
  /** A project's id, or `folders/1`. */
  readonly projectId: string;
  readonly id: string;
  readonly uid: string;
  readonly displayName: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly rules: readonly DenyRule[];
  /** Base64 as on the wire. */
  readonly etag: string;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** A caller, with the groups (`group:…`) that it is in. */
export interface Denied {
  readonly caller: Principal;
  readonly groups: readonly string[];
}

export type DenyContent = Pick<DenyPolicy, "displayName" | "annotations" | "rules">;

/** The deny policies of all projects: in the database, and in memory for the check of every call. */
export interface DenyPolicies {
  /** True while there are none at all. */
  empty(): boolean;
  get(projectId: string, id: string): DenyPolicy | undefined;
  /** By id. */
  list(projectId: string): readonly DenyPolicy[];
  put(projectId: string, id: string, content: DenyContent): DenyPolicy;
  remove(projectId: string, id: string): void;
  /** Whether a rule of the project (or folder) denies it. `context` is asked for only where a rule has a condition. */
  denies(projectId: string, who: Denied, permission: string, context: () => ConditionContext): boolean;
}

export function createDenyPolicies(parts: { db: OpenDatabase; clock: MovableClock; ids: Ids }): DenyPolicies {
  const { db, clock, ids } = parts;
  db.define(`
    CREATE TABLE IF NOT EXISTS deny_policies (
      project TEXT NOT NULL, id TEXT NOT NULL, policy TEXT NOT NULL, PRIMARY KEY (project, id)
    )
  `);
  const byProject = new Map<string, Map<string, DenyPolicy>>();
  const remember = (policy: DenyPolicy): void => {
    const held = byProject.get(policy.projectId) ?? new Map<string, DenyPolicy>();
    byProject.set(policy.projectId, held.set(policy.id, policy));
  };
  const read = (): void => {
    byProject.clear();
    for (const row of db.prepare("SELECT policy FROM deny_policies").iterate()) {
      remember(JSON.parse(String(row.policy)) as DenyPolicy);
    }
  };
  read();
  const touch = rereadAfterRollback(db, read);

  return {
    empty: () => byProject.size === 0,
    get: (projectId, id) => byProject.get(projectId)?.get(id),
    list: (projectId) => [...(byProject.get(projectId)?.values() ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1)),
    put: (projectId, id, content) => {
      const present = byProject.get(projectId)?.get(id);
      const policy: DenyPolicy = {
        projectId,
        id,
        ...content,
        uid: present?.uid ?? ids.uuid(),
        etag: policyEtag(clock.now(), present?.etag),
        createdMs: present?.createdMs ?? clock.now(),
        updatedMs: clock.now(),
      };
      db.prepare(
        `INSERT INTO deny_policies (project, id, policy) VALUES (?, ?, ?)
         ON CONFLICT (project, id) DO UPDATE SET policy = excluded.policy`,
      ).run(projectId, id, JSON.stringify(policy));
      remember(policy);
      touch();
      return policy;
    },
    remove: (projectId, id) => {
      db.prepare("DELETE FROM deny_policies WHERE project = ? AND id = ?").run(projectId, id);
      const held = byProject.get(projectId);
      held?.delete(id);
      if (held?.size === 0) byProject.delete(projectId);
      touch();
    },
    denies: (projectId, who, permission, context) => {
      const policies = byProject.get(projectId);
      if (policies === undefined) return false;
      const names = denyNames(who);
      const name = denyPermission(permission);
      for (const { rules } of policies.values()) {
        for (const rule of rules) {
          if (!rule.deniedPermissions.some((pattern) => covers(pattern, name))) continue;
          if (rule.exceptionPermissions.some((pattern) => covers(pattern, name))) continue;
          if (!rule.deniedPrincipals.some((each) => names.has(each))) continue;
          if (rule.exceptionPrincipals.some((each) => names.has(each))) continue;
          if (rule.condition === undefined || conditionHolds(rule.condition.expression, context())) return true;
        }
      }
      return false;
    },
  };
}

/** The names by which deny policies may mean this caller. */
function denyNames({ caller, groups }: Denied): ReadonlySet<string> {
  const names = new Set(["principalSet://goog/public:all", ...(caller.sets ?? [])]);
  for (const group of groups) names.add(`principalSet://goog/group/${group.slice("group:".length)}`);
  if (caller.kind === "federated") names.add(caller.email);
  if (caller.kind === "user") names.add(`principal://goog/subject/${caller.email}`);
  if (caller.kind === "serviceAccount") {
    names.add(`principal://iam.googleapis.com/projects/-/serviceAccounts/${caller.email}`);
  }
  return names;
}

/** Services whose permissions go by another host than their own name. */
const hosts: Readonly<Record<string, string>> = { resourcemanager: "cloudresourcemanager" };

/** `secretmanager.secrets.delete` → `secretmanager.googleapis.com/secrets.delete` */
function denyPermission(permission: string): string {
  const [service = "", ...rest] = permission.split(".");
  return `${hosts[service] ?? service}.googleapis.com/${rest.join(".")}`;
}

function covers(pattern: string, permission: string): boolean {
  if (pattern === permission) return true;
  if (!pattern.includes("*")) return false;
  const [service, rest = ""] = pattern.split("/");
  const [ofService, ofRest = ""] = permission.split("/");
  const [resource, verb] = rest.split(".");
  const [ofResource, ofVerb] = ofRest.split(".");
  return service === ofService && (resource === "*" || resource === ofResource) && (verb === "*" || verb === ofVerb);
}
