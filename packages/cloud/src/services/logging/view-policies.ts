import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { iamMethods } from "../../chain/iam-methods.ts";
import type { Host } from "../../host.ts";
import type { Json, Method, RestMethod, RestRequest } from "../../service.ts";
import { fromProtoJson, toProtoJson } from "../../wire/json.ts";
import type { JsonIn } from "../../wire/json-text.ts";
import type { SchemaSet } from "../../wire/schemas.ts";
import type { Buckets } from "./buckets.ts";

/** Policies of views, which Google defines over REST alone: who may read a part of a bucket. */
export function viewPolicies(host: Host, buckets: Buckets): readonly RestMethod[] {
  const schemas = host.schemas as SchemaSet;
  const { getIamPolicy, setIamPolicy, testIamPermissions } = iamMethods({
    permissions: "logging.views",
    exists: (name) => void buckets.view(name),
  });
  const named = ({ params }: RestRequest): string => params.resource ?? "";

  const method = <I extends DescMessage, O extends DescMessage>(
    id: string,
    output: string,
    { permission, audit, handle }: Method<I, O>,
  ): RestMethod => {
    const input = `google.iam.v1.${id}Request`;
    return {
      id: `google.logging.v2.ConfigServiceV2.${id}`,
      verb: "POST",
      path: `/v2/{resource=projects/*/locations/*/buckets/*/views/*}:${id.slice(0, 1).toLowerCase()}${id.slice(1)}`,
      permission: typeof permission === "function" ? [] : permission,
      resource: named,
      ...(audit === undefined ? {} : { audit }),
      handle: async (request, call): Promise<Json> => {
        const message = fromProtoJson(schemas, schemas.message<I>(input), request.body as JsonIn) as MessageShape<I>;
        Object.assign(message, { resource: named(request) });
        const schema = schemas.message<O>(`google.iam.v1.${output}`);
        return toProtoJson(schemas, schema, create(schema, (await handle(message, call)) as MessageInitShape<O>));
      },
    };
  };

  return [
    method("GetIamPolicy", "Policy", getIamPolicy),
    method("SetIamPolicy", "Policy", setIamPolicy),
    method("TestIamPermissions", "TestIamPermissionsResponse", testIamPermissions),
  ];
}
