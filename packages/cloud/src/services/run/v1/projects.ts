import { create, type DescMessage, type MessageInitShape, toJson } from "@bufbuild/protobuf";
import type {
  GetIamPolicyRequestSchema,
  SetIamPolicyRequestSchema,
  TestIamPermissionsRequestSchema,
  TestIamPermissionsResponseSchema,
} from "../../../../gen/types/google/iam/v1/iam_policy_pb.js";
import type { PolicySchema } from "../../../../gen/types/google/iam/v1/policy_pb.js";
import { iamMethods } from "../../../chain/iam-methods.ts";
import type { Json, Method, RestMethod, RestRequest } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import type { Control } from "../control.ts";
import { messageOf } from "./json.ts";

/** The policies of services and jobs as v1 has them: the same methods at other paths. */
export function policiesRest(control: Control, exists: (name: string) => void): readonly RestMethod[] {
  const schemas = control.host.schemas;
  const policy = schemas.message<typeof PolicySchema>("google.iam.v1.Policy");
  const iam = "google.iam.v1";
  const requests = {
    get: schemas.message<typeof GetIamPolicyRequestSchema>(`${iam}.GetIamPolicyRequest`),
    set: schemas.message<typeof SetIamPolicyRequestSchema>(`${iam}.SetIamPolicyRequest`),
    test: schemas.message<typeof TestIamPermissionsRequestSchema>(`${iam}.TestIamPermissionsRequest`),
  };
  const tested = schemas.message<typeof TestIamPermissionsResponseSchema>(`${iam}.TestIamPermissionsResponse`);

  return (["services", "jobs"] as const).flatMap((plural) => {
    const methods = iamMethods({ permissions: `run.${plural}`, exists });
    const resource = ({ params }: RestRequest): string =>
      `projects/${params.project}/locations/${params.location}/${plural}/${params.id}`;
    const over = <I extends DescMessage, O extends DescMessage>(
      name: string,
      verb: "GET" | "POST",
      method: Method<I, O>,
      input: I,
      output: O,
      body: (request: RestRequest) => object,
    ): RestMethod => ({
      id: `google.cloud.run.v1.${plural === "jobs" ? "Jobs" : "Services"}.${name}`,
      verb,
      path: `/v1/projects/{project}/locations/{location}/${plural}/{id}:${name.charAt(0).toLowerCase()}${name.slice(1)}`,
      permission: (request) => {
        const { permission } = method;
        return typeof permission === "function"
          ? permission(messageOf(input, { ...body(request), resource: resource(request) }))
          : permission;
      },
      resource,
      ...(method.audit === undefined ? {} : { audit: method.audit }),
      handle: async (request, call): Promise<Json> => {
        const asked = messageOf(input, { ...body(request), resource: resource(request) });
        const answer = (await method.handle(asked, call)) as MessageInitShape<O>;
        return toJson(output, create(output, answer)) as Json;
      },
    });
    const asked = ({ query }: RestRequest): object => {
      const version = query.get("options.requestedPolicyVersion");
      return version === null ? {} : { options: { requestedPolicyVersion: Number(version) } };
    };
    const whole = ({ body }: RestRequest): object => body;
    return [
      over("GetIamPolicy", "GET", methods.getIamPolicy, requests.get, policy, asked),
      over("SetIamPolicy", "POST", methods.setIamPolicy, requests.set, policy, whole),
      over("TestIamPermissions", "POST", methods.testIamPermissions, requests.test, tested, whole),
    ];
  });
}

/** Domains: none is verified here, and none can be mapped. */
export function domainsRest(): readonly RestMethod[] {
  const path = "/apis/domains.cloudrun.com/v1/namespaces/{project}/domainmappings";
  const resource = ({ params }: RestRequest): string => `projects/${params.project}`;
  const unbuilt = (name: string, verb: RestMethod["verb"], at: string): RestMethod => ({
    id: `google.cloud.run.v1.DomainMappings.${name}`,
    verb,
    path: at,
    permission: [],
    resource,
    handle: () => {
      throw new RpcError("UNIMPLEMENTED", "Not implemented by the local Cloud Run: domain mappings.");
    },
  });
  return [
    {
      id: "google.cloud.run.v1.AuthorizedDomains.ListAuthorizedDomains",
      verb: "GET",
      path: "/v1/projects/{project}/authorizeddomains",
      permission: [],
      resource,
      handle: () => ({}),
    },
    {
      ...{ id: "google.cloud.run.v1.DomainMappings.ListDomainMappings", verb: "GET", path, permission: [], resource },
      handle: () => ({ apiVersion: "domains.cloudrun.com/v1", kind: "DomainMappingList", metadata: {} }),
    },
    unbuilt("CreateDomainMapping", "POST", path),
    unbuilt("GetDomainMapping", "GET", `${path}/{id}`),
    unbuilt("DeleteDomainMapping", "DELETE", `${path}/{id}`),
  ];
}
