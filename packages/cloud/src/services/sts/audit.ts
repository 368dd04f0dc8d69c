import { auditAsked, requestOf } from "../../chain/audit.ts";
import type { Host, Project } from "../../host.ts";
import type { JsonObject } from "../../service.ts";
import { codes } from "../../wire/rpc-error.ts";
import { OauthError } from "./rules.ts";

const api = "sts.googleapis.com";

/** An exchange, as far as it came. */
export interface Exchanged {
  readonly fields: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** `projects/N/locations/global/workloadIdentityPools/POOL/providers/PROVIDER` */
  readonly provider: string;
  /** `sub` of the token that was given. */
  readonly subject?: string;
  /** `principal://iam.googleapis.com/…/subject/…`, whom it was mapped to. */
  readonly mapped?: string;
  readonly error?: unknown;
}

/**
 * The Data Access entry of an exchange, where the provider's project asks for reads of its settings at this API:
 * https://cloud.google.com/iam/docs/audit-logging/examples-workload-identity. No token stands in it.
 */
export function auditExchange(host: Host, project: Project, exchanged: Exchanged): void {
  const caller = { kind: "federated", email: exchanged.mapped ?? "" } as const;
  if (!auditAsked(host.iam.policy(`projects/${project.id}`).auditConfigs, api, "ADMIN_READ", caller)) return;
  const { error, subject, mapped, provider } = exchanged;
  const name = provider.replace(/^projects\/[^/]+/, `projects/${project.number}`);
  const method = "google.identity.sts.v1.SecurityTokenService.ExchangeToken";
  host.logs.write({
    logName: `projects/${project.id}/logs/cloudaudit.googleapis.com%2Fdata_access`,
    resource: { type: "audited_resource", labels: { project_id: project.id, service: api, method } },
    severity: error === undefined ? "INFO" : "ERROR",
    protoPayload: {
      "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
      status: error === undefined ? {} : statusOf(error),
      authenticationInfo: subject === undefined ? {} : { principalSubject: subject },
      requestMetadata: requestOf(exchanged.headers),
      serviceName: api,
      methodName: method,
      authorizationInfo: [
        {
          permission: "sts.identityProviders.checkLogging",
          resource: name,
          permissionType: "ADMIN_READ",
          granted: true,
        },
      ],
      resourceName: name,
      request: requested(exchanged.fields),
      ...(mapped === undefined ? {} : { metadata: { mapped_principal: mapped } }),
    },
  });
}

/** What was asked, without the token. */
function requested(fields: Exchanged["fields"]): JsonObject {
  const shown = ["audience", "grantType", "requestedTokenType", "subjectTokenType"] as const;
  const of = (name: string): string | undefined =>
    fields[name] ?? fields[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
  return {
    "@type": "type.googleapis.com/google.identity.sts.v1.ExchangeTokenRequest",
    ...Object.fromEntries(shown.map((name) => [name, of(name)])),
  };
}

function statusOf(error: unknown): JsonObject {
  if (error instanceof OauthError) return { code: codes.INVALID_ARGUMENT.number, message: error.message };
  return { code: codes.INTERNAL.number, message: "Internal error encountered." };
}
