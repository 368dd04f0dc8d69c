import type { MessageInitShape } from "@bufbuild/protobuf";
import { AuditLogConfig_LogType } from "../gen/common.enums.ts";
import type {
  GetIamPolicyRequestSchema,
  SetIamPolicyRequestSchema,
  TestIamPermissionsRequestSchema,
  TestIamPermissionsResponseSchema,
} from "../gen/types/google/iam/v1/iam_policy_pb.js";
import type { Policy as PolicyMessage, PolicySchema } from "../gen/types/google/iam/v1/policy_pb.js";
import type { AuditConfig, Binding, Policy } from "./host.ts";
import type { Call, Method } from "./service.ts";
import { RpcError } from "./wire/rpc-error.ts";

/** The three methods that every resource with a policy of its own has alike. */
export interface IamMethods {
  readonly getIamPolicy: Method<typeof GetIamPolicyRequestSchema, typeof PolicySchema>;
  readonly setIamPolicy: Method<typeof SetIamPolicyRequestSchema, typeof PolicySchema>;
  readonly testIamPermissions: Method<typeof TestIamPermissionsRequestSchema, typeof TestIamPermissionsResponseSchema>;
}

/**
 * `google.iam.v1` for a kind of resource. `permissions` is the start of its permissions
 * (`secretmanager.secrets` for `secretmanager.secrets.setIamPolicy`); `exists` throws when the named resource (with the
 * project's id) is not there.
 */
export function iamMethods(of: {
  readonly permissions: string;
  readonly exists: (name: string, call: Call) => void;
}): IamMethods {
  const place = (resource: string, call: Call): string => {
    const name = call.host.projects.canonical(resource);
    of.exists(name, call);
    return `${call.api}/${name}`;
  };
  return {
    getIamPolicy: {
      permission: `${of.permissions}.getIamPolicy`,
      resource: (request) => request.resource,
      audit: "ADMIN_READ",
      handle: (request, call) => toMessage(call.host.iam.policy(place(request.resource, call))),
    },
    setIamPolicy: {
      permission: `${of.permissions}.setIamPolicy`,
      resource: (request) => request.resource,
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        if (request.policy === undefined) throw new RpcError("INVALID_ARGUMENT", "Field [policy] is required.");
        const resource = place(request.resource, call);
        const auditConfigs = request.updateMask?.paths.includes("audit_configs")
          ? auditConfigsOf(request.policy)
          : call.host.iam.policy(resource).auditConfigs;
        const etag = Buffer.from(request.policy.etag).toString("base64");
        return toMessage(
          call.host.iam.setPolicy(resource, {
            version: request.policy.version,
            bindings: bindingsOf(request.policy),
            ...(auditConfigs === undefined ? {} : { auditConfigs }),
            ...(etag === "" ? {} : { etag }),
          }),
        );
      },
    },
    testIamPermissions: {
      permission: [],
      resource: (request) => request.resource,
      audit: "ADMIN_READ",
      handle: (request, call) => {
        const resource = `${call.api}/${call.host.projects.canonical(request.resource)}`;
        return {
          permissions: request.permissions.filter((permission) =>
            call.host.iam.allowed(call.caller, permission, resource),
          ),
        };
      },
    },
  };
}

/** The bindings of a policy as it came over the wire. */
export function bindingsOf(policy: PolicyMessage): Binding[] {
  return policy.bindings.map(({ role, members, condition }) => ({
    role,
    members,
    ...(condition === undefined
      ? {}
      : {
          condition: {
            expression: condition.expression,
            ...(condition.title === "" ? {} : { title: condition.title }),
            ...(condition.description === "" ? {} : { description: condition.description }),
          },
        }),
  }));
}

/** The audit configs of a policy as it came over the wire. */
export function auditConfigsOf(policy: PolicyMessage): AuditConfig[] {
  const names = Object.fromEntries(Object.entries(AuditLogConfig_LogType).map(([name, number]) => [number, name]));
  return policy.auditConfigs.map((config) => ({
    service: config.service,
    auditLogConfigs: config.auditLogConfigs.map(({ logType, exemptedMembers }) => ({
      logType: names[logType] ?? "LOG_TYPE_UNSPECIFIED",
      ...(exemptedMembers.length === 0 ? {} : { exemptedMembers }),
    })),
  }));
}

/** A policy as `google.iam.v1.Policy`. One that was never set has no version, only its etag, as Google answers. */
export function toMessage(policy: Policy): MessageInitShape<typeof PolicySchema> {
  const bare = policy.bindings.length === 0 && (policy.auditConfigs ?? []).length === 0;
  return {
    version: bare ? 0 : policy.version,
    etag: Buffer.from(policy.etag, "base64"),
    bindings: policy.bindings.map(({ role, members, condition }) => ({
      role,
      members: [...members],
      ...(condition === undefined ? {} : { condition: { ...condition } }),
    })),
    auditConfigs: (policy.auditConfigs ?? []).map((config) => ({
      service: config.service,
      auditLogConfigs: config.auditLogConfigs.map(({ logType, exemptedMembers }) => ({
        logType: AuditLogConfig_LogType[logType as keyof typeof AuditLogConfig_LogType] ?? 0,
        exemptedMembers: [...(exemptedMembers ?? [])],
      })),
    })),
  };
}
