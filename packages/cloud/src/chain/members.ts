import type { Binding } from "../host.ts";
import type { Principal } from "../service.ts";
import { RpcError } from "../wire/rpc-error.ts";
import type { Account, Accounts } from "./accounts.ts";
import { checkCondition } from "./conditions.ts";
import { roleKind } from "./roles.ts";

/** The names by which policies may mean this caller, the groups that it is in apart. */
export function namesOf(
  caller: Principal,
  numberOf: (projectId: string) => string | undefined = () => undefined,
): readonly string[] {
  if (caller.kind === "anonymous") return ["allUsers"];
  const names = ["allUsers", "allAuthenticatedUsers", ...(caller.sets ?? [])];
  if (caller.kind === "federated") return [...names, caller.email];
  if (caller.kind === "serviceAccount") {
    const all = allAccountsOf(caller.email, numberOf);
    return [...names, `serviceAccount:${caller.email}`, ...(all === undefined ? [] : [all])];
  }
  return [...names, `user:${caller.email}`, `domain:${caller.email.split("@")[1] ?? ""}`];
}

/** The name that all service accounts of a project go by: https://cloud.google.com/iam/docs/principal-identifiers */
function allAccountsOf(address: string, numberOf: (projectId: string) => string | undefined): string | undefined {
  const project = /@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(address)?.[1];
  const number = project === undefined ? /^(\d+)-compute@/.exec(address)?.[1] : numberOf(project);
  if (number === undefined) return undefined;
  return `principalSet://cloudresourcemanager.googleapis.com/projects/${number}/type/ServiceAccount`;
}

const allAccounts = /^\/\/cloudresourcemanager\.googleapis\.com\/projects\/\d+\/type\/ServiceAccount$/;

export interface BindingRules {
  readonly accounts: Accounts;
  /** Whether this is a project here, so that its service accounts are all known. */
  readonly isLocalProject: (id: string) => boolean;
  readonly note: (topic: string, text: string) => void;
  /** Whether a custom role may be bound: it is there, or stood in the policy before. */
  readonly hasRole: (name: string) => boolean;
  /** Whether anybody is known to be in a group. */
  readonly isGroup: (email: string) => boolean;
  /** Members that stood in the policy before: a deleted account's may stay. */
  readonly present: ReadonlySet<string>;
  /** Whether an account is too new to be known. */
  readonly isLate?: ((account: Account) => boolean) | undefined;
  /** Throws for a member that the organisation does not permit. */
  readonly permit?: ((member: string) => void) | undefined;
}

/** Throws INVALID_ARGUMENT in Google's words for a member, role or condition that Google refuses. */
export function checkBindings(bindings: readonly Binding[], rules: BindingRules): void {
  for (const binding of bindings) {
    checkRole(binding.role, rules);
    for (const member of binding.members) {
      checkMember(member, rules);
      if (!rules.present.has(member)) rules.permit?.(member);
    }
    checkCondition(binding);
  }
}

function checkRole(role: string, rules: BindingRules): void {
  const kind = roleKind(role);
  if (kind === "known") return;
  if (kind === "none") throw new RpcError("INVALID_ARGUMENT", `Role ${role} is not supported for this resource.`);
  if (kind === "custom") {
    if (rules.hasRole(role)) return;
    throw new RpcError("INVALID_ARGUMENT", `Role (${role}) does not exist in the resource's hierarchy.`);
  }
  const text = `The permissions of ${role} are not known here: it is stored in the policy, and grants nothing.`;
  rules.note(`iam.role.${role}`, text);
}

const email = /^[^@\s:]+@[^@\s:]+\.[^@\s:]+$/;

function checkMember(member: string, rules: BindingRules): void {
  if (member === "allUsers" || member === "allAuthenticatedUsers") return;
  const colon = member.indexOf(":");
  const type = member.slice(0, Math.max(0, colon));
  const name = member.slice(colon + 1);
  switch (type) {
    case "serviceAccount":
      if (!email.test(name)) break;
      if (rules.present.has(member) || !isMissing(name, rules)) return;
      throw new RpcError("INVALID_ARGUMENT", `Service account ${name} does not exist.`);
    case "user":
      if (!email.test(name)) break;
      return;
    case "group":
      if (!email.test(name)) break;
      if (!rules.isGroup(name)) {
        rules.note("iam.groups", `Nobody is in ${name} here: aloft cloud groups add ${name} MEMBER says who is.`);
      }
      return;
    case "domain":
      if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(name)) break;
      return;
    case "deleted":
      if (!/^(user|group|serviceAccount):[^?]+\?uid=\d+$/.test(name)) break;
      return;
    case "principal":
    case "principalSet":
      if (!name.startsWith("//iam.googleapis.com/") && !(type === "principalSet" && allAccounts.test(name))) break;
      return;
    case "projectOwner":
    case "projectEditor":
    case "projectViewer":
      return;
    default:
      throw new RpcError(
        "INVALID_ARGUMENT",
        `The member ${member} is of an unknown type. Please set a valid type prefix for the member.`,
      );
  }
  throw new RpcError("INVALID_ARGUMENT", `Invalid member: ${member}: the name after "${type}:" is not valid.`);
}

/** True when it would be an account of a project here and is none; of other projects nothing is known. */
function isMissing(address: string, rules: BindingRules): boolean {
  const project = /@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(address)?.[1];
  if (project === undefined || !rules.isLocalProject(project)) return false;
  const account = rules.accounts.get(address);
  return account === undefined || rules.isLate?.(account) === true;
}
