import type { IAMPolicy } from "../../../gen/types/google/iam/v1/iam_policy_pb.js";
import { type IamMethods, iamMethods } from "../../chain/iam-methods.ts";
import { unsetEtag } from "../../chain/policies.ts";
import { type JsonObject, type RestMethod, type RestRequest, type RpcService, rpc } from "../../service.ts";
import type { KmsParts } from "./parts.ts";
import { isName, notFound, requireName, unimplemented } from "./rules.ts";

type Policy = ReturnType<KmsParts["host"]["iam"]["policy"]>;

/** `google.iam.v1.IAMPolicy` on key rings, keys and import jobs. What a ring's policy grants holds for its keys, by their names. */
export function policyMethods({ host, store, jobs }: KmsParts): {
  readonly rpc: RpcService;
  readonly rest: RestMethod[];
} {
  const exists = (name: string): void => {
    if (isName("KeyRing", name)) {
      if (!store.rings.has(name)) throw notFound("KeyRing", name);
    } else if (isName("CryptoKey", name)) {
      if (!store.keys.has(name)) throw notFound("CryptoKey", name);
    } else if (isName("ImportJob", name)) {
      if (!jobs.all.has(name)) throw notFound("ImportJob", name);
    } else if (/\/ekmConnections\/|\/ekmConfig$/.test(name)) throw unimplemented(`policies on ${name}`);
    else requireName("CryptoKey", name);
  };
  const ofRings = iamMethods({ permissions: "cloudkms.keyRings", exists });
  const ofKeys = iamMethods({ permissions: "cloudkms.cryptoKeys", exists });
  const permission = (verb: "getIamPolicy" | "setIamPolicy") => (request: { readonly resource: string }) =>
    `cloudkms.${collectionOf(request.resource)}.${verb}`;

  const methods: IamMethods = {
    getIamPolicy: { ...ofRings.getIamPolicy, permission: permission("getIamPolicy") },
    setIamPolicy: { ...ofRings.setIamPolicy, permission: permission("setIamPolicy") },
    testIamPermissions: ofKeys.testIamPermissions,
  };
  // The proto's own bindings read a policy by POST; Cloud KMS does so by GET.
  const read = (path: string): RestMethod => ({
    id: "google.iam.v1.IAMPolicy.GetIamPolicy",
    verb: "GET",
    path: `/v1/{resource=${path}}:getIamPolicy`,
    permission: (request) => permission("getIamPolicy")({ resource: resourceOf(request) }),
    resource: resourceOf,
    audit: "ADMIN_READ",
    handle: (request, call) => {
      const name = host.projects.canonical(resourceOf(request));
      exists(name);
      return policyJson(host.iam.policy(`${call.api}/${name}`));
    },
  });
  const ring = "projects/*/locations/*/keyRings/*";
  return {
    rpc: rpc<typeof IAMPolicy>("google.iam.v1.IAMPolicy", methods),
    rest: [read(ring), read(`${ring}/cryptoKeys/*`), read(`${ring}/importJobs/*`)],
  };
}

/** What a policy's permissions are named after. */
function collectionOf(name: string): string {
  if (isName("KeyRing", name)) return "keyRings";
  return isName("ImportJob", name) ? "importJobs" : "cryptoKeys";
}

const resourceOf = (request: RestRequest): string => request.params.resource ?? "";

function policyJson({ version, bindings, auditConfigs, etag }: Policy): JsonObject {
  if (etag === unsetEtag) return { etag };
  return {
    version,
    ...(bindings.length === 0
      ? {}
      : {
          bindings: bindings.map((each) => ({ ...each, members: [...each.members] })) as unknown as JsonObject[],
        }),
    ...(auditConfigs === undefined ? {} : { auditConfigs: auditConfigs as unknown as JsonObject[] }),
    etag,
  };
}
