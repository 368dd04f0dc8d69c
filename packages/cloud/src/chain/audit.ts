import type { AuditConfig, Iam, LogEntry, Logs, Projects, Schemas } from "../host.ts";
import type { Access, AuditKind, Call, JsonObject } from "../service.ts";
import { codes, RpcError } from "../wire/rpc-error.ts";
import { deltasOf, projectIn, qualified, target } from "./admit.ts";
import { auditBody } from "./audit-body.ts";
import { auditedMethod, auditedName, auditedResource } from "./audit-resource.ts";
import type { BindingDelta } from "./modified-grants.ts";

export interface AuditParts {
  readonly iam: Iam;
  readonly projects: Projects;
  readonly logs: Logs;
  readonly schemas: Schemas;
}

/**
 * Writes the Cloud Audit Logs entry that a finished call deserves: Admin Activity always, Data Access where the
 * project's `auditConfigs` ask for it. A refused call is written like any other, with its status.
 */
export function audit<I>(
  call: Call,
  access: Access<I>,
  request: I,
  outcome: { readonly answer?: unknown; readonly error?: unknown },
  parts: AuditParts,
): void {
  if (access.audit === undefined) return;
  const resource = named(access, request);
  if (resource === undefined) return;
  const { api, name: given } = target(call.api, resource);
  const name = parts.projects.canonical(given);
  const project = parts.projects.get(projectIn(name) ?? "");
  if (project === undefined) return;
  const activity = access.audit === "ADMIN_WRITE";
  if (!activity && !asked(parts.iam.policy(`projects/${project.id}`).auditConfigs, call, access.audit)) return;

  const wanted = typeof access.permission === "function" ? access.permission(request) : access.permission;
  const permissions = typeof wanted === "string" ? [wanted] : wanted;
  const error = outcome.error;
  const status = error === undefined ? undefined : statusOf(error);
  const refused = error instanceof RpcError && error.code === "PERMISSION_DENIED";
  const deltas = error === undefined ? deltasOf(call) : undefined;
  const entry: LogEntry = {
    logName: `projects/${project.id}/logs/cloudaudit.googleapis.com%2F${activity ? "activity" : "data_access"}`,
    resource: auditedResource(call, name, project.id),
    severity: status !== undefined ? "ERROR" : activity ? "NOTICE" : "INFO",
    protoPayload: {
      "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
      ...(status === undefined ? { status: {} } : { status }),
      authenticationInfo: {
        ...(call.caller.kind === "federated"
          ? { principalSubject: call.caller.email }
          : { principalEmail: call.caller.email }),
        ...(call.caller.kind === "serviceAccount" ? { principalSubject: `serviceAccount:${call.caller.email}` } : {}),
        ...(call.caller.kind === "user" ? { principalSubject: `user:${call.caller.email}` } : {}),
        ...(call.caller.delegation && call.caller.delegation.length > 0
          ? {
              serviceAccountDelegationInfo: call.caller.delegation.map((name) =>
                name.startsWith("principal:")
                  ? { principalSubject: name }
                  : { firstPartyPrincipal: { principalEmail: name } },
              ),
            }
          : {}),
      },
      requestMetadata: {
        callerIp: "127.0.0.1",
        ...(call.headers["user-agent"] === undefined ? {} : { callerSuppliedUserAgent: call.headers["user-agent"] }),
      },
      serviceName: call.api,
      methodName: auditedMethod(call),
      authorizationInfo: permissions.map((permission) => ({
        resource: auditedName(call, given),
        permission,
        ...(refused ? {} : { granted: parts.iam.holds(call.caller, permission, qualified(api, name)) }),
        permissionType: access.audit,
      })),
      resourceName: auditedName(call, given),
      ...(deltas === undefined ? {} : { serviceData: policyDelta(deltas) }),
      request: auditBody(request, parts.schemas),
      ...(outcome.answer === undefined ? {} : { response: auditBody(outcome.answer, parts.schemas) }),
    } satisfies JsonObject,
  };
  parts.logs.write(entry);
  // Before the write is acknowledged: its entry is not lost either when the process is killed.
  if (activity) parts.logs.flush();
}

/** What the request is about; undefined where it was refused because it names nothing. */
function named<I>(access: Access<I>, request: I): string | undefined {
  try {
    return access.resource(request);
  } catch (thrown) {
    if (thrown instanceof RpcError) return undefined;
    throw thrown;
  }
}

/** Whether the project wants this kind of Data Access entry of this service for this caller. */
function asked(configs: readonly AuditConfig[] | undefined, call: Call, kind: AuditKind): boolean {
  return (configs ?? []).some(
    ({ service, auditLogConfigs }) =>
      (service === "allServices" || service === call.api) &&
      auditLogConfigs.some(
        ({ logType, exemptedMembers }) =>
          logType === kind &&
          !exemptedMembers?.includes(`user:${call.caller.email}`) &&
          !exemptedMembers?.includes(`serviceAccount:${call.caller.email}`),
      ),
  );
}

/** What became of a policy, as Google's entries of SetIamPolicy carry it. */
function policyDelta(deltas: readonly BindingDelta[]): JsonObject {
  return {
    "@type": "type.googleapis.com/google.iam.v1.logging.AuditData",
    policyDelta: { bindingDeltas: deltas.map((delta) => ({ ...delta })) },
  };
}

function statusOf(error: unknown): JsonObject {
  return error instanceof RpcError
    ? { code: codes[error.code].number, message: error.message }
    : { code: codes.INTERNAL.number, message: "Internal error encountered." };
}
