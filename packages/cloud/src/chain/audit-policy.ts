import type { Json, JsonObject, Principal } from "../service.ts";
import { RpcError } from "../wire/rpc-error.ts";
import type { LocalIam } from "./iam.ts";

/** Of `google.cloud.audit.ViolationInfo.PolicyType`; what is no list is a switch. */
const lists: ReadonlySet<string> = new Set(["constraints/iam.allowedPolicyMemberDomains"]);

/**
 * What a Policy Denied entry adds to that of the call: the organisation's constraints that refused it, or nothing more for
 * a deny policy. Undefined for every other refusal: whoever lacks a permission was denied nothing by a policy.
 * https://cloud.google.com/logging/docs/audit#policy_denied
 */
export function policyDenial(
  error: unknown,
  about: {
    readonly caller: Principal;
    readonly permissions: readonly string[];
    /** As permission checks take it. */
    readonly place: string;
    readonly iam: LocalIam;
  },
): JsonObject | undefined {
  if (!(error instanceof RpcError)) return undefined;
  const violationInfo = constraintsOf(error);
  if (violationInfo.length > 0) return { policyViolationInfo: { orgPolicyViolationInfo: { violationInfo } } };
  const { iam, caller, permissions, place } = about;
  const denied = error.code === "PERMISSION_DENIED" && permissions.some((each) => iam.isDenied(caller, each, place));
  return denied ? {} : undefined;
}

function constraintsOf(error: RpcError): readonly Json[] {
  return error.details.flatMap((detail): readonly Json[] => {
    const violations: unknown = (detail as JsonObject).violations;
    if (!Array.isArray(violations)) return [];
    return violations.flatMap(({ type, description }: Readonly<Record<string, string>>) =>
      type?.startsWith("constraints/") === true
        ? [
            {
              constraint: type,
              errorMessage: description ?? "",
              policyType: lists.has(type) ? "LIST_CONSTRAINT" : "BOOLEAN_CONSTRAINT",
            },
          ]
        : [],
    );
  });
}
