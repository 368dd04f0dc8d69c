import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type { EmptySchema } from "@bufbuild/protobuf/wkt";
import type { Operation, OperationSchema } from "../../../gen/types/google/longrunning/operations_pb.js";
import type { Host } from "../../host.ts";
import type { Json, RestMethod } from "../../service.ts";
import { toProtoJson } from "../../wire/json.ts";
import { notFound, type OperationStore } from "../../wire/operations.ts";
import type { SchemaSet } from "../../wire/schemas.ts";
import { api, resourceId } from "./rules.ts";

type OperationInit = MessageInitShape<typeof OperationSchema>;

const types = "google.cloud.resourcemanager.v3";

interface Work<R extends DescMessage, M extends DescMessage> {
  /** What the id begins with, where Google's tells what it is of: `cp` of a project's creation. */
  readonly prefix?: string;
  /** Whose it is: for permission checks on the operation. */
  readonly target: string;
  /** `Project`, of this API's types. */
  readonly response: string;
  readonly metadata?: { readonly type: string; readonly value?: MessageInitShape<M> };
  /** What came of it; what is thrown fails the operation, not the call. */
  readonly work: () => MessageInitShape<R>;
}

/**
 * Does the work, and answers its operation as one that has only begun, as Google's: clients ask for it, and find it done.
 */
export function begun<R extends DescMessage, M extends DescMessage>(host: Host, of: Work<R, M>): OperationInit {
  const { prefix, target, metadata } = of;
  const schema = metadata && host.schemas.message<M>(`${types}.${metadata.type}`);
  const value = (metadata?.value ?? {}) as MessageInitShape<M>;
  return host.db.tx(() => {
    const handle = host.operations.start<R, M>({
      api,
      parent: "",
      ...(prefix === undefined ? {} : { id: `${prefix}.${host.ids.digits(19)}` }),
      target,
      response: host.schemas.message<R>(`${types}.${of.response}`),
      ...(schema === undefined ? {} : { metadata: { schema, value } }),
    });
    let result: MessageInitShape<R> | undefined;
    try {
      result = host.db.tx(of.work);
    } catch (thrown) {
      handle.fail(thrown);
    }
    if (result !== undefined) handle.succeed(result);
    return {
      name: handle.name,
      ...(schema === undefined ? {} : { metadata: packed(host, schema, value) }),
    };
  });
}

/** An operation that is over with its answer, and has no name to ask for it by. */
export function done<R extends DescMessage>(host: Host, response: string, value: MessageInitShape<R>): OperationInit {
  const schema = host.schemas.message<R>(`${types}.${response}`);
  return { done: true, result: { case: "response", value: packed(host, schema, value) } };
}

export function doneEmpty(host: Host): OperationInit {
  const schema = host.schemas.message<typeof EmptySchema>("google.protobuf.Empty");
  return { done: true, result: { case: "response", value: packed(host, schema, {}) } };
}

function packed<S extends DescMessage>(host: Host, schema: S, value: MessageInitShape<S>) {
  const bytes = host.schemas.encode(schema, host.schemas.create(schema, value));
  return { typeUrl: `type.googleapis.com/${schema.typeName}`, value: bytes };
}

/** `operations.get` of version 1, where a project's creation has that version's types. */
export function operationsV1(host: Host): RestMethod {
  const schemas = host.schemas as SchemaSet;
  const stored = host.operations as OperationStore;
  return {
    id: "cloudresourcemanager.operations.get",
    verb: "GET",
    path: "/v1/operations/{operation}",
    permission: [],
    resource: ({ params }) => stored.find(`operations/${params.operation}`)?.target ?? "",
    handle: ({ params }) => {
      const name = `operations/${params.operation}`;
      if (stored.find(name)?.api !== api) throw notFound(name);
      const message = host.operations.message(name) as Operation;
      const shown = toProtoJson(schemas, schemas.message("google.longrunning.Operation"), message);
      return name.startsWith("operations/cp.") ? ofVersionOne(shown as { readonly [key: string]: Json }) : shown;
    },
  };
}

function ofVersionOne(operation: { readonly [key: string]: Json }): Json {
  const response = operation.response as { readonly [key: string]: string } | undefined;
  const metadata = operation.metadata as { readonly [key: string]: Json } | undefined;
  const type = "type.googleapis.com/google.cloudresourcemanager.v1";
  const { createTime: _, ...status } = metadata ?? {};
  return {
    ...operation,
    metadata: { ...status, "@type": `${type}.ProjectCreationStatus` },
    ...(response === undefined
      ? {}
      : {
          response: {
            "@type": `${type}.Project`,
            projectNumber: (response.name ?? "").replace("projects/", ""),
            projectId: response.projectId,
            lifecycleState: response.state,
            ...(response.displayName === undefined ? {} : { name: response.displayName }),
            ...(response.labels === undefined ? {} : { labels: response.labels }),
            createTime: response.createTime,
            ...(response.parent === undefined ? {} : { parent: resourceId(response.parent) }),
          },
        }),
  };
}
