import type { Policy } from "../host.ts";
import type { ApiAttributes } from "./conditions.ts";

interface Grants {
  readonly bindings?: readonly {
    readonly role?: string;
    readonly members?: readonly string[];
    readonly condition?: { readonly expression?: string; readonly title?: string; readonly description?: string };
  }[];
}

/** `google.iam.v1.BindingDelta` */
export interface BindingDelta {
  readonly action: "ADD" | "REMOVE";
  readonly role: string;
  readonly member: string;
  readonly condition?: { readonly expression: string; readonly title: string };
}

/**
 * What a setIamPolicy tells to conditions: the roles whose members it changes, as
 * `iam.googleapis.com/modifiedGrantsByRole`. Undefined for a request without a policy.
 */
export function modifiedGrants(request: unknown, present: Policy): ApiAttributes | undefined {
  const wanted = policyOf(request);
  if (wanted === undefined) return undefined;
  const before = membersByRole(present);
  const after = membersByRole(wanted);
  const roles = [...new Set([...before.keys(), ...after.keys()])].filter(
    (role) => before.get(role) !== after.get(role),
  );
  return { "iam.googleapis.com/modifiedGrantsByRole": roles };
}

/** What a setIamPolicy changes, member by member, as audit logs tell it. Undefined for a request without a policy. */
export function bindingDeltas(request: unknown, present: Policy): readonly BindingDelta[] | undefined {
  const wanted = policyOf(request);
  if (wanted === undefined) return undefined;
  const before = flat(present);
  const after = flat(wanted);
  const only = (of: typeof before, not: typeof before, action: BindingDelta["action"]): BindingDelta[] =>
    [...of].filter(([key]) => !not.has(key)).map(([, grant]) => ({ action, ...grant }));
  return [...only(before, after, "REMOVE"), ...only(after, before, "ADD")];
}

function flat({ bindings }: Grants): ReadonlyMap<string, Omit<BindingDelta, "action">> {
  const grants = new Map<string, Omit<BindingDelta, "action">>();
  for (const { role = "", members = [], condition } of bindings ?? []) {
    const { expression = "", title = "" } = condition ?? {};
    for (const member of members) {
      const grant = { role, member, ...(condition === undefined ? {} : { condition: { expression, title } }) };
      grants.set(JSON.stringify(grant), grant);
    }
  }
  return grants;
}

/** Of a message of `google.iam.v1`, or of a REST request with such a body. */
function policyOf(request: unknown): Grants | undefined {
  if (typeof request !== "object" || request === null) return undefined;
  const holder = "body" in request && typeof request.body === "object" ? request.body : request;
  const policy = holder !== null && "policy" in holder ? holder.policy : undefined;
  return typeof policy === "object" && policy !== null ? (policy as Grants) : undefined;
}

function membersByRole({ bindings }: Grants): ReadonlyMap<string, string> {
  const sets = new Map<string, Set<string>>();
  for (const { role = "", members = [] } of bindings ?? []) {
    const set = sets.get(role) ?? new Set();
    for (const member of members) set.add(member);
    sets.set(role, set);
  }
  return new Map([...sets].filter(([, set]) => set.size > 0).map(([role, set]) => [role, [...set].sort().join(" ")]));
}
