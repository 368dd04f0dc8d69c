import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type { Operation, OperationSchema } from "../../../gen/types/google/longrunning/operations_pb.js";
import type { Host, Project } from "../../host.ts";
import type { RestMethod } from "../../service.ts";
import { toProtoJson } from "../../wire/json.ts";
import { notFound, type OperationStore } from "../../wire/operations.ts";
import type { SchemaSet } from "../../wire/schemas.ts";

const api = "serviceusage.googleapis.com";

/**
 * The work is done already, and stored so. The answer has the name alone, as Google's: clients ask for the operation,
 * and find it done.
 */
export function begun<R extends DescMessage>(
  host: Host,
  project: Project,
  of: {
    /** What Google's ids begin with: `acf` for one service, `acat` for several. */
    readonly prefix: string;
    /** The package of the metadata. */
    readonly types: string;
    readonly response: string;
    readonly value: MessageInitShape<R>;
  },
): { readonly name: string } {
  const handle = host.operations.start({
    api,
    parent: "",
    id: `${of.prefix}.p2-${project.number}-${host.ids.uuid()}`,
    target: `projects/${project.id}`,
    response: host.schemas.message<R>(of.response),
    metadata: { schema: host.schemas.message(`${of.types}.OperationMetadata`), value: {} },
  });
  handle.succeed(of.value);
  return { name: handle.name };
}

/** An operation that is over when it is answered, under the name that Google gives to all of these. */
export function finished<R extends DescMessage>(
  host: Host,
  response: string,
  value: MessageInitShape<R>,
): MessageInitShape<typeof OperationSchema> {
  const schema = host.schemas.message<R>(response);
  const bytes = host.schemas.encode(schema, host.schemas.create(schema, value));
  return {
    name: "operations/finished.DONE_OPERATION",
    done: true,
    result: { case: "response", value: { typeUrl: `type.googleapis.com/${response}`, value: bytes } },
  };
}

/** `operations.get` under the path of version 1beta1. */
export function operationsBeta(host: Host): RestMethod {
  const schemas = host.schemas as SchemaSet;
  const stored = host.operations as OperationStore;
  return {
    id: "serviceusage.operations.get",
    verb: "GET",
    path: "/v1beta1/operations/{operation}",
    permission: [],
    resource: ({ params }) => stored.find(`operations/${params.operation}`)?.target ?? "",
    handle: ({ params }) => {
      const name = `operations/${params.operation}`;
      if (stored.find(name)?.api !== api) throw notFound(name);
      const schema = schemas.message("google.longrunning.Operation");
      return toProtoJson(schemas, schema, host.operations.message(name) as Operation);
    },
  };
}
