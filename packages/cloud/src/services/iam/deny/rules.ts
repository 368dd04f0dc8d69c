import { checkTagExpression } from "../../../chain/conditions.ts";
import type { DenyRule } from "../../../chain/deny.ts";
import { badRequest, RpcError } from "../../../wire/rpc-error.ts";

const mostRules = 500;
const principal = new RegExp(
  "^(deleted:)?(principal://goog/subject/[^/]+" +
    "|principalSet://goog/(public:all|group/[^/]+|cloudIdentityCustomerId/\\w+)" +
    "|principal://iam\\.googleapis\\.com/projects/-/serviceAccounts/[^/]+" +
    "|principal(Set)?://iam\\.googleapis\\.com/(projects/[^/]+/locations/global/workloadIdentityPools|locations/global/workforcePools)/.+" +
    "|principalSet://cloudresourcemanager\\.googleapis\\.com/(projects|folders|organizations)/\\d+)$",
);
const permission = /^[a-z0-9-]+\.googleapis\.com\/([a-zA-Z0-9-]+|\*)\.([a-zA-Z0-9]+|\*)$/;

/** Throws INVALID_ARGUMENT for an id that a deny policy cannot have. */
export function checkDenyId(id: string): void {
  if (/^[a-z][a-z0-9.-]{2,62}$/.test(id)) return;
  const description = `The policy ID "${id}" is not valid: it must be 3-63 characters of [a-z0-9.-], a letter first.`;
  throw badRequest(description, [{ field: "policy_id", description }]);
}

/** Throws INVALID_ARGUMENT for rules that Google refuses. */
export function checkDenyRules(rules: readonly DenyRule[]): void {
  if (rules.length === 0) throw invalid("policy.rules", "A deny policy must have at least one rule.");
  if (rules.length > mostRules) throw invalid("policy.rules", `A deny policy has at most ${mostRules} rules.`);
  rules.forEach((rule, index) => {
    const at = (field: string): string => `policy.rules[${index}].deny_rule.${field}`;
    if (rule.deniedPrincipals.length === 0) {
      throw invalid(at("denied_principals"), "A deny rule must have at least one denied principal.");
    }
    if (rule.deniedPermissions.length === 0) {
      throw invalid(at("denied_permissions"), "A deny rule must have at least one denied permission.");
    }
    for (const field of ["deniedPrincipals", "exceptionPrincipals"] as const) {
      for (const each of rule[field]) {
        const isPublic = field === "exceptionPrincipals" && each === "principalSet://goog/public:all";
        if (!principal.test(each) || isPublic) throw invalid(at(snake(field)), `Invalid principal: ${each}.`);
      }
    }
    for (const field of ["deniedPermissions", "exceptionPermissions"] as const) {
      for (const each of rule[field]) {
        if (!permission.test(each)) {
          const form = "it must be in the form SERVICE_FQDN/RESOURCE.ACTION, like iam.googleapis.com/roles.list";
          throw invalid(at(snake(field)), `Invalid permission: ${each}: ${form}.`);
        }
      }
    }
    if (rule.condition !== undefined) checkTagExpression(rule.condition.expression);
  });
}

/**
 * What a policy is attached to, and its id: `projects/p` (by id or number), `folders/1` or `organizations/1` of
 * `policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp/denypolicies/d`.
 */
export function parseDenyName(name: string): { readonly point: string; readonly id: string } {
  const [, encoded = "", kind, id = ""] = /^policies\/(.+)\/([a-z]+policies)(?:\/([^/]+))?$/.exec(name) ?? [];
  if (kind !== "denypolicies") throw new RpcError("INVALID_ARGUMENT", `Invalid policy name: ${name}.`);
  const attached = decoded(encoded);
  const place = /^cloudresourcemanager\.googleapis\.com\/(projects\/[^/]+|(?:folders|organizations)\/\d+)$/.exec(
    attached,
  );
  if (place?.[1] === undefined) throw new RpcError("INVALID_ARGUMENT", `Invalid attachment point: ${attached}.`);
  return { point: place[1], id };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function snake(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function invalid(field: string, description: string): RpcError {
  return badRequest(description, [{ field, description }]);
}
