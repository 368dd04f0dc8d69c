import { OperationState } from "../../../gen/logging-v2.enums.ts";
import type {
  BucketMetadata,
  BucketMetadataSchema,
  ConfigServiceV2,
  LogBucket,
} from "../../../gen/types/google/logging/v2/logging_config_pb.js";
import type { Operation } from "../../../gen/types/google/longrunning/operations_pb.js";
import type { Host } from "../../host.ts";
import type { Methods } from "../../service.ts";
import { applyFieldMask } from "../../wire/field-mask.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { Buckets } from "./buckets.ts";
import { checkId, forms, idOf, invalid, placedAs } from "./config-names.ts";
import { type ConfigStore, numberedOperation, pageOf } from "./config-store.ts";
import { compileQuery } from "./query-eval.ts";
import { parseQuery } from "./query-parse.ts";

type Config = Methods<typeof ConfigServiceV2>;

/** Buckets: asked for, made and changed, at once or as an operation that is done when it is answered. */
export function bucketMethods(host: Host, store: ConfigStore, buckets: Buckets): Config {
  const { projects, schemas, operations } = host;
  const bucketName = (name: string): string => placedAs(forms.bucket, name, projects);
  const metadata = schemas.message<typeof BucketMetadataSchema>("google.logging.v2.BucketMetadata");

  const operation = (bucket: LogBucket, request: BucketMetadata["request"]): Operation => {
    const parent = bucket.name.slice(0, bucket.name.indexOf("/buckets/"));
    const handle = operations.start({
      api: "logging.googleapis.com",
      parent,
      target: bucket.name,
      response: store.buckets.schema,
      metadata: {
        schema: metadata,
        value: { startTime: store.now(), endTime: store.now(), state: OperationState.SUCCEEDED, request },
      },
    });
    handle.succeed(bucket);
    return numberedOperation(host, handle.name);
  };

  return {
    listBuckets: {
      permission: "logging.buckets.list",
      resource: ({ parent }) => placedAs(forms.location, parent, projects),
      audit: "ADMIN_READ",
      handle: (request) => {
        const parent = placedAs(forms.location, request.parent, projects);
        const { items, nextPageToken } = pageOf<typeof store.buckets.schema>(buckets.list(parent), request, parent);
        return { buckets: items, nextPageToken };
      },
    },
    getBucket: {
      permission: "logging.buckets.get",
      resource: ({ name }) => bucketName(name),
      audit: "ADMIN_READ",
      handle: ({ name }) => buckets.get(bucketName(name)),
    },
    createBucket: {
      permission: "logging.buckets.create",
      resource: ({ parent }) => placedAs(forms.location, parent, projects),
      audit: "ADMIN_WRITE",
      handle: ({ parent, bucketId, bucket }) => buckets.create(parent, bucketId, bucket),
    },
    createBucketAsync: {
      permission: "logging.buckets.create",
      resource: ({ parent }) => placedAs(forms.location, parent, projects),
      audit: "ADMIN_WRITE",
      handle: (request) =>
        operation(buckets.create(request.parent, request.bucketId, request.bucket), {
          case: "createBucketRequest",
          value: request,
        }),
    },
    updateBucket: {
      permission: "logging.buckets.update",
      resource: ({ name }) => bucketName(name),
      audit: "ADMIN_WRITE",
      handle: ({ name, bucket, updateMask }) => buckets.update(bucketName(name), bucket, updateMask?.paths ?? []),
    },
    updateBucketAsync: {
      permission: "logging.buckets.update",
      resource: ({ name }) => bucketName(name),
      audit: "ADMIN_WRITE",
      handle: (request) =>
        operation(buckets.update(bucketName(request.name), request.bucket, request.updateMask?.paths ?? []), {
          case: "updateBucketRequest",
          value: request,
        }),
    },
    deleteBucket: {
      permission: "logging.buckets.delete",
      resource: ({ name }) => bucketName(name),
      audit: "ADMIN_WRITE",
      handle: ({ name }) => {
        buckets.remove(bucketName(name));
        return {};
      },
    },
    undeleteBucket: {
      permission: "logging.buckets.undelete",
      resource: ({ name }) => bucketName(name),
      audit: "ADMIN_WRITE",
      handle: ({ name }) => {
        buckets.undelete(bucketName(name));
        return {};
      },
    },
  };
}

/** Views of buckets: which of a bucket's entries somebody may read. */
export function viewMethods(host: Host, store: ConfigStore, buckets: Buckets): Config {
  const { projects, schemas } = host;
  const viewName = (name: string): string => placedAs(forms.view, name, projects);
  const bucketName = (name: string): string => placedAs(forms.bucket, name, projects);
  const own = (name: string): string => {
    if (/\/views\/_(AllLogs|Default)$/.test(name)) throw invalid(`View ${idOf(name)} cannot be modified.`);
    return name;
  };

  return {
    listViews: {
      permission: "logging.views.list",
      resource: ({ parent }) => bucketName(parent),
      audit: "ADMIN_READ",
      handle: (request) => {
        const parent = bucketName(request.parent);
        const { items, nextPageToken } = pageOf<typeof store.views.schema>(buckets.views(parent), request, parent);
        return { views: items, nextPageToken };
      },
    },
    getView: {
      permission: "logging.views.get",
      resource: ({ name }) => viewName(name),
      audit: "ADMIN_READ",
      handle: ({ name }) => buckets.view(viewName(name)),
    },
    createView: {
      permission: "logging.views.create",
      resource: ({ parent }) => bucketName(parent),
      audit: "ADMIN_WRITE",
      handle: ({ parent, viewId, view: given }) => {
        checkId("View", viewId);
        const bucket = buckets.get(bucketName(parent)).name;
        const view = given ?? schemas.create(store.views.schema);
        compileQuery(parseQuery(view.filter));
        const name = `${bucket}/views/${viewId}`;
        const now = store.now();
        const made = schemas.create(store.views.schema, { ...view, name, createTime: now, updateTime: now });
        if (!store.views.insert(name, made)) throw new RpcError("ALREADY_EXISTS", `View ${viewId} already exists`);
        return made;
      },
    },
    updateView: {
      permission: "logging.views.update",
      resource: ({ name }) => viewName(name),
      audit: "ADMIN_WRITE",
      handle: ({ name, view: given, updateMask }) => {
        const view = schemas.clone(store.views.schema, buckets.view(own(viewName(name))));
        const from = given ?? schemas.create(store.views.schema);
        compileQuery(parseQuery(from.filter));
        const paths = updateMask === undefined || updateMask.paths.length === 0 ? ["*"] : updateMask.paths;
        applyFieldMask(store.views.schema, view, from, { paths, changeable: ["description", "filter"] });
        view.updateTime = store.now();
        store.views.put(view.name, view);
        return view;
      },
    },
    deleteView: {
      permission: "logging.views.delete",
      resource: ({ name }) => viewName(name),
      audit: "ADMIN_WRITE",
      handle: ({ name }) => {
        store.views.delete(buckets.view(own(viewName(name))).name);
        return {};
      },
    },
  };
}
