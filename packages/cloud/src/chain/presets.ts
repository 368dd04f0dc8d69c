import type { Host } from "../host.ts";
import { errorInfo, RpcError } from "../wire/rpc-error.ts";

/** What a project may suffer from at Google, taken on as a whole. */
export const presets = ["no-billing", "org"] as const;
export type Preset = (typeof presets)[number];

const key = "presets";
export const presetsKey: string = key;

export function hasPreset(host: Host, preset: Preset): boolean {
  return host.shared<ReadonlySet<Preset>>(key, () => new Set()).has(preset);
}

/** APIs that Google turns on without a billing account. */
const free: ReadonlySet<string> = new Set(
  (
    "cloudapis cloudresourcemanager cloudtrace iam iamcredentials logging monitoring orgpolicy pubsub servicemanagement " +
    "serviceusage sts storage storage-api storage-component sql-component"
  )
    .split(" ")
    .map((name) => `${name}.googleapis.com`),
);

/** Throws FAILED_PRECONDITION as Service Usage does for a project without a billing account. */
export function refuseWithoutBilling(number: string, apis: readonly string[]): void {
  const paid = apis.filter((api) => !free.has(api));
  if (paid.length === 0) return;
  const services = paid.join(",");
  throw new RpcError(
    "FAILED_PRECONDITION",
    `Billing account for project '${number}' is not found. Billing must be enabled for activation of service(s) '${services}' to proceed.`,
    [
      {
        "@type": "type.googleapis.com/google.rpc.PreconditionFailure",
        violations: [
          {
            type: "googleapis.com/billing-enabled",
            subject: `?error_code=390001&project=${number}&services=${paid.join("&services=")}`,
          },
        ],
      },
      errorInfo("UREQ_PROJECT_BILLING_NOT_FOUND", "serviceusage.googleapis.com/billing-enabled", {
        project: number,
        services,
      }),
    ],
  );
}

/** The refusal of members from anywhere, where the organisation restricts domains. */
export function notPermitted(member: string, resource: string): RpcError {
  return orgPolicy(
    "One or more users named in the policy do not belong to a permitted customer.",
    "constraints/iam.allowedPolicyMemberDomains",
    resource,
    `User ${member} is not in permitted organization.`,
  );
}

/** The refusal of service account keys. */
export function noKeys(account: string): RpcError {
  return orgPolicy(
    "Key creation is not allowed on this service account.",
    "constraints/iam.disableServiceAccountKeyCreation",
    account,
    "Key creation is not allowed on this service account.",
  );
}

function orgPolicy(message: string, type: string, subject: string, description: string): RpcError {
  return new RpcError("FAILED_PRECONDITION", message, [
    { "@type": "type.googleapis.com/google.rpc.PreconditionFailure", violations: [{ type, subject, description }] },
  ]);
}
