import { LifecycleState, OperationState } from "../../../gen/logging-v2.enums.ts";
import type {
  ConfigServiceV2,
  Link,
  LinkMetadata,
  LinkMetadataSchema,
} from "../../../gen/types/google/logging/v2/logging_config_pb.js";
import type { Operation } from "../../../gen/types/google/longrunning/operations_pb.js";
import type { Host } from "../../host.ts";
import type { Methods } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { Buckets } from "./buckets.ts";
import { forms, idOf, invalid, nameAs, projectNameOf } from "./config-names.ts";
import { type ConfigStore, numberedOperation, pageOf } from "./config-store.ts";

/** Links of buckets to datasets of BigQuery: kept, and nothing can be queried by them, which is said. */
export function linkMethods(host: Host, store: ConfigStore, buckets: Buckets): Methods<typeof ConfigServiceV2> {
  const { projects, schemas, operations } = host;
  const metadataSchema = schemas.message<typeof LinkMetadataSchema>("google.logging.v2.LinkMetadata");
  const empty = schemas.message("google.protobuf.Empty");
  const bucketName = (name: string): string => nameAs(forms.bucket, name, projects);
  const linkName = (name: string): string => nameAs(forms.link, name, projects);

  const find = (given: string): Link => {
    const name = linkName(given);
    buckets.get(name.slice(0, name.indexOf("/links/")));
    const found = store.links.get(name);
    if (found === undefined) throw new RpcError("NOT_FOUND", `${given} does not exist`);
    return found;
  };
  /** Answered as it was begun; who asks again sees it done. */
  const operation = (name: string, request: LinkMetadata["request"], made?: Link): Operation => {
    const response = made === undefined ? empty : store.links.schema;
    const begun = { startTime: store.now(), state: OperationState.SCHEDULED, request };
    return host.db.tx(() => {
      const handle = operations.start({
        api: "logging.googleapis.com",
        parent: name.slice(0, name.indexOf("/buckets/")),
        target: name,
        response,
        metadata: { schema: metadataSchema, value: begun },
      });
      const answer = numberedOperation(host, handle.name);
      handle.metadata({ ...begun, endTime: store.now(), state: OperationState.SUCCEEDED });
      handle.succeed(made ?? {});
      return answer;
    });
  };

  return {
    listLinks: {
      permission: "logging.links.list",
      resource: ({ parent }) => bucketName(parent),
      audit: "ADMIN_READ",
      handle: (request) => {
        const parent = buckets.get(bucketName(request.parent)).name;
        const all = store.links.list({ parent }).items;
        const { items, nextPageToken } = pageOf<typeof store.links.schema>(all, request, parent);
        return { links: items, nextPageToken };
      },
    },
    getLink: {
      permission: "logging.links.get",
      resource: ({ name }) => linkName(name),
      audit: "ADMIN_READ",
      handle: ({ name }) => find(name),
    },
    createLink: {
      permission: "logging.links.create",
      resource: ({ parent }) => bucketName(parent),
      audit: "ADMIN_WRITE",
      handle: ({ parent, linkId, link }) => {
        if (!/^[A-Za-z0-9_]{1,100}$/.test(linkId)) {
          const why = "it may have letters, digits and underscores, and has at most 100 characters.";
          throw invalid(`Link id "${linkId}" is invalid: ${why}`);
        }
        const bucket = buckets.get(bucketName(parent));
        if (!bucket.analyticsEnabled) {
          const why = "cannot be linked: it has no Log Analytics.";
          throw new RpcError("FAILED_PRECONDITION", `Bucket \`${idOf(bucket.name)}\` ${why}`);
        }
        const others = store.links.list({ parent: bucket.name }).items;
        const name = `${bucket.name}/links/${linkId}`;
        if (others.some((each) => each.name === name)) {
          throw new RpcError("ALREADY_EXISTS", `${name} already exists`);
        }
        if (others.length > 0) {
          throw new RpcError("FAILED_PRECONDITION", `Bucket \`${idOf(bucket.name)}\` has a link already.`);
        }
        const made = schemas.create(store.links.schema, {
          name,
          description: link?.description ?? "",
          createTime: store.now(),
          lifecycleState: LifecycleState.ACTIVE,
          bigqueryDataset: { datasetId: `bigquery.googleapis.com/${projectNameOf(name)}/datasets/${linkId}` },
        });
        store.links.put(name, made);
        host.note("logging.links", "Logging: links to BigQuery are kept; nothing can be queried by them.");
        const described = made.description === "" ? {} : { link: { description: made.description } };
        const value = { parent, linkId, ...described } as never;
        return operation(name, { case: "createLinkRequest", value }, made);
      },
    },
    deleteLink: {
      permission: "logging.links.delete",
      resource: ({ name }) => linkName(name),
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { name } = find(request.name);
        store.links.delete(name);
        return operation(name, { case: "deleteLinkRequest", value: request });
      },
    },
  };
}
