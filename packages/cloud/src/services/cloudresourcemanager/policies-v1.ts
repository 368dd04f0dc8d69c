import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import type {
  GetIamPolicyRequestSchema,
  SetIamPolicyRequestSchema,
  TestIamPermissionsRequestSchema,
  TestIamPermissionsResponseSchema,
} from "../../../gen/types/google/iam/v1/iam_policy_pb.js";
import type { PolicySchema } from "../../../gen/types/google/iam/v1/policy_pb.js";
import type { IamMethods } from "../../chain/iam-methods.ts";
import type { Host } from "../../host.ts";
import type { Json, Method, RestMethod, RestRequest } from "../../service.ts";
import { fromProtoJson, toProtoJson } from "../../wire/json.ts";
import type { JsonIn } from "../../wire/json-text.ts";
import type { SchemaSet } from "../../wire/schemas.ts";

/** The three methods of policies behind the paths of older versions. */
export function policyMethods(
  host: Host,
  kind: "folders" | "organizations" | "projects",
  policies: IamMethods,
  version = "v1",
): readonly RestMethod[] {
  return [
    policyMethod<typeof GetIamPolicyRequestSchema, typeof PolicySchema>(host, {
      ...{ version, kind, name: "getIamPolicy", output: "Policy", method: policies.getIamPolicy },
    }),
    policyMethod<typeof SetIamPolicyRequestSchema, typeof PolicySchema>(host, {
      ...{ version, kind, name: "setIamPolicy", output: "Policy", method: policies.setIamPolicy },
    }),
    policyMethod<typeof TestIamPermissionsRequestSchema, typeof TestIamPermissionsResponseSchema>(host, {
      ...{ version, kind, name: "testIamPermissions", output: "TestIamPermissionsResponse" },
      method: policies.testIamPermissions,
    }),
  ];
}

/** One of them; its JSON is that of `google.iam.v1`. */
function policyMethod<I extends DescMessage, O extends DescMessage>(
  host: Host,
  of: {
    readonly version: string;
    readonly kind: string;
    readonly name: string;
    readonly output: string;
    readonly method: Method<I, O>;
  },
): RestMethod {
  const schemas = host.schemas as SchemaSet;
  const { permission, audit } = of.method;
  const named = ({ params }: RestRequest): string => `${of.kind}/${params.resource ?? ""}`;
  const input = `google.iam.v1.${of.name.slice(0, 1).toUpperCase()}${of.name.slice(1)}Request`;
  return {
    id: `cloudresourcemanager.${of.kind}.${of.name}`,
    verb: "POST",
    path: `/${of.version}/${of.kind}/{resource}:${of.name}`,
    permission: typeof permission === "function" ? [] : permission,
    resource: named,
    ...(audit === undefined ? {} : { audit }),
    handle: async (request, call): Promise<Json> => {
      const message = fromProtoJson(schemas, schemas.message<I>(input), request.body as JsonIn) as MessageShape<I>;
      Object.assign(message, { resource: named(request) });
      const output = schemas.message<O>(`google.iam.v1.${of.output}`);
      const answer = (await of.method.handle(message, call)) as MessageInitShape<O>;
      return toProtoJson(schemas, output, create(output, answer));
    },
  };
}
