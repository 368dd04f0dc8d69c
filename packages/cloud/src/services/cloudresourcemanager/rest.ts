import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import type {
  GetIamPolicyRequestSchema,
  SetIamPolicyRequestSchema,
  TestIamPermissionsRequestSchema,
  TestIamPermissionsResponseSchema,
} from "../../../gen/types/google/iam/v1/iam_policy_pb.js";
import type { PolicySchema } from "../../../gen/types/google/iam/v1/policy_pb.js";
import { iamMethods } from "../../chain/iam-methods.ts";
import type { Host } from "../../host.ts";
import type { Json, Method, RestMethod, RestRequest } from "../../service.ts";
import { fromProtoJson, toProtoJson } from "../../wire/json.ts";
import type { JsonIn } from "../../wire/json-text.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { SchemaSet } from "../../wire/schemas.ts";
import { parseQuery } from "./rules.ts";
import { mustExist, pageOf, type StoredProject, visible } from "./store.ts";

const named = ({ params }: RestRequest): string => `projects/${params.projectId ?? params.resource ?? ""}`;

/** Version 1 of the API, which Google defines by a discovery document: what gcloud and Terraform call. */
export function projectsV1(host: Host): readonly RestMethod[] {
  const policies = iamMethods({
    permissions: "resourcemanager.projects",
    exists: (name) => void mustExist(host, name),
    place: (name) => name,
  });
  return [
    {
      id: "cloudresourcemanager.projects.get",
      verb: "GET",
      path: "/v1/projects/{projectId}",
      permission: "resourcemanager.projects.get",
      resource: named,
      audit: "ADMIN_READ",
      handle: (request) => show(mustExist(host, named(request))),
    },
    {
      id: "cloudresourcemanager.projects.list",
      verb: "GET",
      path: "/v1/projects",
      permission: [],
      resource: () => "",
      handle: ({ query }, call) => {
        const filter = query.get("filter") ?? "";
        const test = parseQuery(filter);
        if (test === undefined) throw new RpcError("INVALID_ARGUMENT", `The filter "${filter}" is not valid.`);
        const { items, nextPageToken } = pageOf(visible(host, call.caller).filter(test), {
          pageSize: Number(query.get("pageSize") ?? 0),
          pageToken: query.get("pageToken") ?? "",
          scope: filter,
        });
        return {
          ...(items.length === 0 ? {} : { projects: items.map(show) }),
          ...(nextPageToken === "" ? {} : { nextPageToken }),
        };
      },
    },
    {
      id: "cloudresourcemanager.projects.getAncestry",
      verb: "POST",
      path: "/v1/projects/{projectId}:getAncestry",
      permission: "resourcemanager.projects.get",
      resource: named,
      audit: "ADMIN_READ",
      handle: (request) => ({
        ancestor: [{ resourceId: { type: "project", id: mustExist(host, named(request)).id } }],
      }),
    },
    policyMethod<typeof GetIamPolicyRequestSchema, typeof PolicySchema>(host, {
      name: "getIamPolicy",
      input: "google.iam.v1.GetIamPolicyRequest",
      output: "google.iam.v1.Policy",
      method: policies.getIamPolicy,
    }),
    policyMethod<typeof SetIamPolicyRequestSchema, typeof PolicySchema>(host, {
      name: "setIamPolicy",
      input: "google.iam.v1.SetIamPolicyRequest",
      output: "google.iam.v1.Policy",
      method: policies.setIamPolicy,
    }),
    policyMethod<typeof TestIamPermissionsRequestSchema, typeof TestIamPermissionsResponseSchema>(host, {
      name: "testIamPermissions",
      input: "google.iam.v1.TestIamPermissionsRequest",
      output: "google.iam.v1.TestIamPermissionsResponse",
      method: policies.testIamPermissions,
    }),
    ...missing.map(
      ([name, verb, path]): RestMethod => ({
        id: `cloudresourcemanager.projects.${name}`,
        verb,
        path,
        permission: [],
        resource: () => "",
        handle: () => {
          throw new RpcError(
            "UNIMPLEMENTED",
            `The local cloud does not implement cloudresourcemanager.projects.${name}.`,
          );
        },
      }),
    ),
  ];
}

/** What version 1 also has: known by name, and not here. A project is made by the owner's first call that names it. */
const missing: readonly (readonly [name: string, verb: RestMethod["verb"], path: string])[] = [
  ["create", "POST", "/v1/projects"],
  ["update", "PUT", "/v1/projects/{projectId}"],
  ["delete", "DELETE", "/v1/projects/{projectId}"],
  ["undelete", "POST", "/v1/projects/{projectId}:undelete"],
  ["clearOrgPolicy", "POST", "/v1/projects/{projectId}:clearOrgPolicy"],
  ["getEffectiveOrgPolicy", "POST", "/v1/projects/{projectId}:getEffectiveOrgPolicy"],
  ["getOrgPolicy", "POST", "/v1/projects/{projectId}:getOrgPolicy"],
  ["listAvailableOrgPolicyConstraints", "POST", "/v1/projects/{projectId}:listAvailableOrgPolicyConstraints"],
  ["listOrgPolicies", "POST", "/v1/projects/{projectId}:listOrgPolicies"],
  ["setOrgPolicy", "POST", "/v1/projects/{projectId}:setOrgPolicy"],
];

/** A policy method behind version 1's path; its JSON is that of `google.iam.v1`. */
function policyMethod<I extends DescMessage, O extends DescMessage>(
  host: Host,
  of: { readonly name: string; readonly input: string; readonly output: string; readonly method: Method<I, O> },
): RestMethod {
  const schemas = host.schemas as SchemaSet;
  const { permission, audit } = of.method;
  return {
    id: `cloudresourcemanager.projects.${of.name}`,
    verb: "POST",
    path: `/v1/projects/{resource}:${of.name}`,
    permission: typeof permission === "function" ? [] : permission,
    resource: named,
    ...(audit === undefined ? {} : { audit }),
    handle: async (request, call): Promise<Json> => {
      const input = fromProtoJson(schemas, schemas.message<I>(of.input), request.body as JsonIn) as MessageShape<I>;
      Object.assign(input, { resource: named(request) });
      const output = schemas.message<O>(of.output);
      const answer = (await of.method.handle(input, call)) as MessageInitShape<O>;
      return toProtoJson(schemas, output, create(output, answer));
    },
  };
}

function show(project: StoredProject): Json {
  return {
    projectNumber: project.number,
    projectId: project.id,
    lifecycleState: "ACTIVE",
    name: project.id,
    createTime: new Date(project.createdMs).toISOString(),
  };
}
