import type { MovableClock } from "@aloft/kit/clock";
import type { Iam, Policy } from "../host.ts";
import type { Principal } from "../service.ts";
import type { AccountKeys } from "./account-keys.ts";
import type { Accounts } from "./accounts.ts";
import { conditionResource } from "./condition-resource.ts";
import { type ApiAttributes, type ConditionContext, conditionHolds } from "./conditions.ts";
import type { CustomRoles } from "./custom-roles.ts";
import { denied } from "./denied.ts";
import type { DenyPolicies } from "./deny.ts";
import type { Groups } from "./groups.ts";
import type { LikeGoogle } from "./like-google.ts";
import { checkBindings, namesOf } from "./members.ts";
import type { Policies } from "./policies.ts";
import { notPermitted } from "./presets.ts";
import { leastRole, roleOf } from "./roles.ts";
import type { SignedClaims } from "./self-signed.ts";
import { inTeam } from "./teams.ts";

/** `Iam` with what the services of identity itself work on. */
export interface LocalIam extends Iam {
  readonly accounts: Accounts;
  readonly customRoles: CustomRoles;
  readonly deny: DenyPolicies;
  readonly policies: Policies;
  readonly keys: AccountKeys;
  readonly groups: Groups;
  /** `late`: as it came over the wire, so that it may take its time to count (`LikeGoogle`). */
  setPolicy(resource: string, policy: Parameters<Iam["setPolicy"]>[1], late?: boolean): Policy;
  /** Whether a deny policy forbids it, whoever grants it. */
  isDenied(caller: Principal, permission: string, resource: string, context?: () => ConditionContext): boolean;
  /** Reads what a service account signed with a key of its own; a text says why it is no good. */
  selfSigned(token: string): SignedClaims | string;
}

/** The cloud's own `Iam`, for the services that manage accounts and policies. */
export function localIam(iam: Iam): LocalIam {
  if (!("accounts" in iam)) throw new TypeError("This Iam was not made by createIam.");
  return iam as LocalIam;
}

/**
 * Who may do what: the union of the policies on the resource and on each of its ancestors up to the project.
 * Modes: `enforce` refuses; `explain` lets everything through and notes what would have been refused, with the
 * smallest role that mends it; `off` asks nothing.
 */
export function createIam(parts: {
  readonly policies: Policies;
  readonly accounts: Accounts;
  readonly customRoles: CustomRoles;
  readonly deny: DenyPolicies;
  readonly keys: AccountKeys;
  readonly groups: Groups;
  readonly selfSigned: LocalIam["selfSigned"];
  /** The number of a project here; undefined for any other. */
  readonly numberOf: (projectId: string) => string | undefined;
  /** The folders and the organisation above a project or a folder (`projects/p`), from the nearest on. */
  readonly above: (place: string) => readonly string[];
  /** What conditions may know of a resource's tags. */
  readonly tagFactsOf: (resource: string) => readonly string[];
  readonly clock: MovableClock;
  readonly mode: Iam["mode"];
  readonly note: (topic: string, text: string) => void;
  readonly likeGoogle?: LikeGoogle | undefined;
  /** Whether an organisation lets no members in from anywhere. */
  readonly restricted?: boolean;
}): LocalIam {
  const { policies, accounts, customRoles, deny, keys, selfSigned, numberOf, clock, mode, note, above } = parts;
  const { likeGoogle, groups, restricted = false } = parts;
  const isLocalProject = (id: string): boolean => numberOf(id) !== undefined;

  const permissionsOf = (role: string): ReadonlySet<string> | undefined =>
    roleOf(role)?.permissions ?? customRoles.permissions(role);

  const contextOf = (resource: string, api: ApiAttributes | undefined): ConditionContext => ({
    resource: conditionResource(resource, numberOf),
    nowMs: clock.now(),
    api,
    tags: parts.tagFactsOf(resource),
  });

  const isDenied: LocalIam["isDenied"] = (caller, permission, resource, context) => {
    if (deny.empty()) return false;
    const place = /(?:^|\.googleapis\.com\/)((?:projects|folders|organizations)\/[^/]+)/.exec(resource)?.[1];
    if (place === undefined) return false;
    const plain = (): ConditionContext => contextOf(resource, undefined);
    const who = { caller, groups: groups.of(namesOf(caller)) };
    return [place.replace("projects/", ""), ...above(place)].some((at) =>
      deny.denies(at, who, permission, context ?? plain),
    );
  };

  const holds = (caller: Principal, permission: string, resource: string, api?: ApiAttributes): boolean => {
    const own = namesOf(caller, numberOf);
    const names = [...own, ...groups.of(own)];
    let context: ConditionContext | undefined;
    const known = (): ConditionContext => {
      context ??= contextOf(resource, api);
      return context;
    };
    if (isDenied(caller, permission, resource, known)) return false;
    const applies = (expression: string): boolean => conditionHolds(expression, known());
    const places = placesOf(resource);
    const higher = above(places.at(-1) ?? "");
    for (const place of higher.length === 0 ? places : [...places, ...higher]) {
      const held = policies.effective(place);
      if (held === undefined) continue;
      const teams = held.teams.filter((team) => inTeam(team, names, policies.effective));
      for (const name of teams.length === 0 ? names : [...names, ...teams]) {
        for (const { role, condition } of held.grantsOf.get(name) ?? []) {
          if (!permissionsOf(role)?.has(permission)) continue;
          if (condition === undefined || applies(condition)) return true;
        }
      }
    }
    return false;
  };

  const explain = (caller: Principal, permission: string, resource: string): void => {
    const who = caller.email || "an anonymous caller";
    const role = leastRole([permission]) ?? "no role that is known here";
    const why = isDenied(caller, permission, resource)
      ? `a deny policy forbids ${permission} on ${resource} to ${who}, whatever it is granted.`
      : `${who} lacks ${permission} on ${resource}; the smallest role that holds it: ${role}.`;
    note(`iam.explain.${caller.email}.${permission}`, why);
  };

  const allowed = (caller: Principal, permission: string, resource: string, api?: ApiAttributes): boolean => {
    if (mode === "off" || holds(caller, permission, resource, api)) return true;
    if (mode === "enforce") return false;
    explain(caller, permission, resource);
    return true;
  };

  return {
    mode,
    accounts,
    customRoles,
    deny,
    isDenied,
    policies,
    keys,
    groups,
    selfSigned,
    holds,
    allowed,
    leastRole,
    policy: policies.get,
    setPolicy: (resource, policy, late = false) => {
      const held = policies.held(resource);
      const present = new Set(held?.grantsOf.keys());
      const presentRoles = new Set(held?.policy.bindings.map(({ role }) => role));
      const hasRole = (role: string): boolean => presentRoles.has(role) || customRoles.taken(role) === "live";
      const permit = (member: string): void => {
        if (member === "allUsers" || member === "allAuthenticatedUsers") throw notPermitted(member, resource);
      };
      checkBindings(policy.bindings, {
        ...{ accounts, isLocalProject, hasRole, note, present, isGroup: groups.has },
        isLate: late ? likeGoogle?.accountIsLate : undefined,
        permit: restricted ? permit : undefined,
      });
      return policies.put(resource, policy, late ? likeGoogle?.policyLagMs(resource) : undefined);
    },
    removePolicies: policies.removeUnder,
    require: (caller, permissions, resource, api) => {
      for (const permission of permissions) {
        if (!allowed(caller, permission, resource, api)) throw denied(permission, resource, caller);
      }
    },
  };
}

/** What has its policy under its own name, whichever API asks. */
const rooted: ReadonlySet<string> = new Set(["projects", "folders", "organizations"]);

/**
 * Where policies that count for a resource may stand: `api/projects/p/secrets/s`, …, and the project itself. Every
 * prefix that ends after a name is one.
 */
export function placesOf(resource: string): readonly string[] {
  const segments = resource.split("/");
  const first = segments[0]?.includes(".") ? 1 : 0;
  const places: string[] = [];
  for (let end = segments.length; end >= first + 2; end -= 1) {
    if ((end - first) % 2 === 1) continue;
    places.push(
      end === first + 2 && rooted.has(segments[first] ?? "")
        ? segments.slice(first, end).join("/")
        : segments.slice(0, end).join("/"),
    );
  }
  return places;
}
