import type { AuditConfig, LogEntry, Projects, Schemas } from "../host.ts";
import type { Access, AuditKind, Call, JsonObject, Principal } from "../service.ts";
import type { LogStore } from "../store/logs.ts";
import { codes, RpcError } from "../wire/rpc-error.ts";
import { deltasOf, projectIn, qualified, target } from "./admit.ts";
import { auditBody } from "./audit-body.ts";
import { auditedAs, auditedMethod } from "./audit-names.ts";
import { policyDenial } from "./audit-policy.ts";
import type { Repeats } from "./audit-repeats.ts";
import { auditedName, auditedResource } from "./audit-resource.ts";
import type { LocalIam } from "./iam.ts";
import type { BindingDelta } from "./modified-grants.ts";

export interface AuditParts {
  readonly iam: LocalIam;
  readonly projects: Projects;
  readonly logs: LogStore;
  readonly schemas: Schemas;
  readonly repeats: Repeats;
}

/**
 * Writes the Cloud Audit Logs entry that a finished call deserves: Admin Activity always, Data Access where the
 * project's `auditConfigs` ask for it. A refused call is written like any other, with its status; one that a policy
 * refused is written among the Policy Denied ones too.
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
  const wanted = typeof access.permission === "function" ? access.permission(request) : access.permission;
  const permissions = typeof wanted === "string" ? [wanted] : wanted;
  const configs = activity ? undefined : parts.iam.policy(`projects/${project.id}`).auditConfigs;
  const isPlainRead = !activity && configs !== undefined && outcome.error === undefined;
  const isSure = access.grants === undefined;
  const key =
    isPlainRead && isSure ? parts.repeats.key(call, [given, permissions], [request, outcome.answer]) : undefined;
  if (key !== undefined && parts.repeats.again(call.caller, key, configs)) return;
  const isLogged = activity || auditAsked(configs, call.api, access.audit, call.caller);
  if (!isLogged && outcome.error === undefined) return;

  const error = outcome.error;
  const place = qualified(api, name);
  const denial = policyDenial(error, { caller: call.caller, permissions, place, iam: parts.iam });
  if (!isLogged && denial === undefined) return;
  const status = error === undefined ? undefined : statusOf(error);
  const refused = error instanceof RpcError && error.code === "PERMISSION_DENIED";
  const deltas = error === undefined ? deltasOf(call) : undefined;
  const { accounts } = parts.iam;
  const logs = `projects/${project.id}/logs/cloudaudit.googleapis.com`;
  const entry: LogEntry = {
    logName: `${logs}%2F${activity ? "activity" : "data_access"}`,
    resource: auditedResource(call, name, project.id, accounts),
    severity: status !== undefined ? "ERROR" : activity ? "NOTICE" : "INFO",
    protoPayload: {
      "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
      ...(status === undefined ? { status: {} } : { status }),
      authenticationInfo: authenticationOf(call.caller),
      requestMetadata: requestOf(call.headers),
      serviceName: call.api,
      methodName: auditedMethod(call),
      authorizationInfo: permissions.map((permission) => ({
        resource: auditedName(call, given, accounts),
        permission,
        ...(refused ? {} : { granted: parts.iam.holds(call.caller, permission, place) }),
        permissionType: access.audit,
      })),
      resourceName: auditedName(call, given, accounts),
      ...(deltas === undefined ? {} : { serviceData: policyDelta(deltas) }),
      request: auditBody(request, parts.schemas),
      ...(outcome.answer === undefined ? {} : { response: auditBody(outcome.answer, parts.schemas) }),
    } satisfies JsonObject,
  };
  if (key !== undefined) parts.repeats.first(call.caller, key, configs, entry);
  // Before the write is acknowledged: its entry is not lost either when the process is killed.
  else if (activity) parts.logs.writeNow(entry);
  else if (isLogged) parts.logs.write(entry);
  if (denial !== undefined) {
    parts.logs.write({ ...entry, logName: `${logs}%2Fpolicy`, protoPayload: { ...entry.protoPayload, ...denial } });
  }
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

/** Whether a project wants this kind of Data Access entry of this API for this caller. */
export function auditAsked(
  configs: readonly AuditConfig[] | undefined,
  api: string,
  kind: AuditKind,
  caller: Principal,
): boolean {
  if (configs === undefined) return false;
  const { services, kinds } = auditedAs(api, kind);
  return configs.some(
    ({ service, auditLogConfigs }) =>
      services.includes(service) &&
      auditLogConfigs.some(
        ({ logType, exemptedMembers }) =>
          kinds.includes(logType) &&
          !exemptedMembers?.includes(`user:${caller.email}`) &&
          !exemptedMembers?.includes(`serviceAccount:${caller.email}`),
      ),
  );
}

/** Who called, as entries tell it; a service account that was impersonated with who did so. */
function authenticationOf({ kind, email, delegation = [] }: Principal): JsonObject {
  const subject = kind === "federated" ? email : kind === "anonymous" ? undefined : `${kind}:${email}`;
  return {
    ...(kind === "federated" ? {} : { principalEmail: email }),
    ...(subject === undefined ? {} : { principalSubject: subject }),
    ...(delegation.length === 0
      ? {}
      : {
          serviceAccountDelegationInfo: delegation.map((name) =>
            name.startsWith("principal:")
              ? { principalSubject: name }
              : { firstPartyPrincipal: { principalEmail: name } },
          ),
        }),
  };
}

/** Whence a call came, as entries tell it. */
export function requestOf(headers: Readonly<Record<string, string | undefined>>): JsonObject {
  const agent = headers["user-agent"];
  return { callerIp: "127.0.0.1", ...(agent === undefined ? {} : { callerSuppliedUserAgent: agent }) };
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
