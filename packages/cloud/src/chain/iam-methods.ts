import { createHash } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { AuditLogConfig_LogType } from "../../gen/common.enums.ts";
import type {
  GetIamPolicyRequestSchema,
  SetIamPolicyRequestSchema,
  TestIamPermissionsRequestSchema,
  TestIamPermissionsResponseSchema,
} from "../../gen/types/google/iam/v1/iam_policy_pb.js";
import type { Policy as PolicyMessage, PolicySchema } from "../../gen/types/google/iam/v1/policy_pb.js";
import type { AuditConfig, Binding, Policy } from "../host.ts";
import type { Call, Method } from "../service.ts";
import { badRequest, RpcError } from "../wire/rpc-error.ts";
import { localIam } from "./iam.ts";
import { unsetEtag } from "./policies.ts";

/** The three methods that every resource with a policy of its own has alike. */
export interface IamMethods {
  readonly getIamPolicy: Method<typeof GetIamPolicyRequestSchema, typeof PolicySchema>;
  readonly setIamPolicy: Method<typeof SetIamPolicyRequestSchema, typeof PolicySchema>;
  readonly testIamPermissions: Method<typeof TestIamPermissionsRequestSchema, typeof TestIamPermissionsResponseSchema>;
}

export interface IamKind {
  /** How its permissions begin: `secretmanager.secrets` for `secretmanager.secrets.setIamPolicy`. */
  readonly permissions: string;
  /** Throws NOT_FOUND when the named resource (with the project's id) is not there. */
  readonly exists: (name: string, call: Call) => void;
  /** The canonical name of what a request names, where it may be named in another way (`projects/-/…`). */
  readonly canonical?: (resource: string) => string;
  /** Where its policy is kept, from the canonical name; `API/NAME` by default, as permission checks look for it. */
  readonly place?: (name: string, call: Call) => string;
}

/** `google.iam.v1` for a kind of resource: policies are read, written with their etag, and asked about truthfully. */
export function iamMethods(kind: IamKind): IamMethods {
  const nameOf = (resource: string, call: Call): string =>
    call.host.projects.canonical(kind.canonical?.(resource) ?? resource);
  const placeOf = (name: string, call: Call): string => kind.place?.(name, call) ?? `${call.api}/${name}`;
  const checked = (request: { readonly resource: string }): string =>
    kind.canonical?.(request.resource) ?? request.resource;
  return {
    getIamPolicy: {
      permission: `${kind.permissions}.getIamPolicy`,
      resource: checked,
      audit: "ADMIN_READ",
      handle: (request, call) => {
        const version = request.options?.requestedPolicyVersion ?? 0;
        if (![0, 1, 2, 3].includes(version)) {
          throw new RpcError("INVALID_ARGUMENT", `The requested policy version ${version} is invalid.`);
        }
        const name = nameOf(request.resource, call);
        kind.exists(name, call);
        const policy = call.host.iam.policy(placeOf(name, call));
        return toMessage(version < 3 ? asVersionOne(policy) : policy);
      },
    },
    setIamPolicy: {
      permission: `${kind.permissions}.setIamPolicy`,
      resource: checked,
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const { policy } = request;
        if (policy === undefined) {
          throw badRequest("Invalid value for field policy: it is required.", [
            { field: "policy", description: "it is required" },
          ]);
        }
        const name = nameOf(request.resource, call);
        kind.exists(name, call);
        const resource = placeOf(name, call);
        const iam = localIam(call.host.iam);
        const next = wanted(policy, request.updateMask?.paths, iam.policy(resource));
        return toMessage(iam.setPolicy(resource, next, true));
      },
    },
    testIamPermissions: {
      permission: [],
      resource: checked,
      handle: (request, call) => {
        for (const permission of request.permissions) {
          if (!/^[\w.-]+\.[\w-]+$/.test(permission) || permission.includes("*")) {
            throw new RpcError("INVALID_ARGUMENT", `Permission ${permission} is not valid.`);
          }
        }
        const resource = `${call.api}/${nameOf(request.resource, call)}`;
        return {
          permissions: request.permissions.filter((permission) =>
            call.host.iam.holds(call.caller, permission, resource),
          ),
        };
      },
    },
  };
}

/** The policy that a request asks for: its mask is `bindings,etag` unless it says otherwise (`audit_configs`). */
function wanted(
  policy: PolicyMessage,
  paths: readonly string[] | undefined,
  present: Policy,
): Omit<Policy, "etag"> & { readonly etag?: string } {
  const has = (path: string): boolean => paths?.includes(path) || paths?.includes("*") || false;
  const defaults = paths === undefined || paths.length === 0;
  const auditConfigs = has("audit_configs") ? auditConfigsOf(policy) : present.auditConfigs;
  const etag = Buffer.from(policy.etag).toString("base64");
  if (![0, 1, 3].includes(policy.version)) {
    throw new RpcError("INVALID_ARGUMENT", `The policy version ${policy.version} is invalid.`);
  }
  // Without an etag it is a blind set: Google compares no versions then.
  if (etag !== "" && policy.version < 3 && (isConditional(policy.bindings) || isConditional(present.bindings))) {
    throw new RpcError(
      "INVALID_ARGUMENT",
      `Specified policy version (${policy.version}) cannot be less than the existing policy version (3). For more information, please refer to https://cloud.google.com/iam/docs/policies#versions.`,
    );
  }
  const bindings = defaults || has("bindings") ? bindingsOf(policy) : present.bindings;
  return {
    version: isConditional(bindings) ? 3 : 1,
    bindings,
    ...(auditConfigs === undefined ? {} : { auditConfigs }),
    ...(etag === "" ? {} : { etag }),
  };
}

function isConditional(bindings: readonly { readonly condition?: unknown }[]): boolean {
  return bindings.some(({ condition }) => condition !== undefined);
}

/**
 * A policy for who did not ask for version 3: a conditional binding is shown without its condition, under a role that
 * is none (`roles/x_withcond_HASH`), so that nobody takes it for a plain one.
 */
export function asVersionOne(policy: Policy): Policy {
  if (!isConditional(policy.bindings)) return policy;
  return {
    ...policy,
    version: 1,
    bindings: policy.bindings.map(({ role, members, condition }) => {
      if (condition === undefined) return { role, members };
      const hash = createHash("sha256").update(JSON.stringify(condition)).digest("hex").slice(0, 20);
      return { role: `${role}_withcond_${hash}`, members };
    }),
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

const logTypes = new Map<number, string>(
  Object.entries(AuditLogConfig_LogType).map(([name, number]) => [number, name]),
);

/** The audit configs of a policy as it came over the wire. */
export function auditConfigsOf(policy: PolicyMessage): AuditConfig[] {
  return policy.auditConfigs.map((config) => ({
    service: config.service,
    auditLogConfigs: config.auditLogConfigs.map(({ logType, exemptedMembers }) => ({
      logType: logTypes.get(logType) ?? "LOG_TYPE_UNSPECIFIED",
      ...(exemptedMembers.length === 0 ? {} : { exemptedMembers }),
    })),
  }));
}

/** A policy as `google.iam.v1.Policy`. One that was never set has no version, only its etag, as Google answers. */
export function toMessage(policy: Policy): MessageInitShape<typeof PolicySchema> {
  return {
    version: policy.etag === unsetEtag ? 0 : policy.version,
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
