import type { RawMethod } from "../../service.ts";
import { onObject } from "./access.ts";
import { mustBeBucket } from "./bucket-writes.ts";
import { unimplemented } from "./errors.ts";
import { replyJson } from "./json-reply.ts";
import { objectEtag, showObject, wantsFull } from "./object-view.ts";
import { mustBeObject } from "./object-writes.ts";
import { checkPreconditions } from "./preconditions.ts";
import { sendContent } from "./send.ts";
import type { Storage } from "./storage.ts";

/** `objects.get`: the metadata as JSON, or with `alt=media` the data. */
export function mediaMethods(storage: Storage): readonly RawMethod[] {
  const get = (path: string): RawMethod => ({
    id: "storage.objects.get",
    verb: "GET",
    path,
    ...onObject(storage, "storage.objects.get"),
    audit: "DATA_READ",
    stream: async (request, call, exchange) => {
      if (request.headers["x-goog-encryption-key"] !== undefined)
        throw unimplemented("customer-supplied encryption keys");
      const bucket = mustBeBucket(storage.store, request.params.bucket);
      const object = mustBeObject(storage, request);
      checkPreconditions(request.query, { generation: object.generation, ...object.resource }, { read: true });
      if (request.query.get("alt") === "media") return sendContent(storage, object, exchange);
      const answer = showObject(storage, bucket, object, call, wantsFull(request));
      replyJson(exchange, request.query, answer, { etag: objectEtag(object) });
    },
  });
  return [get("/storage/v1/b/{bucket}/o/{object}"), get("/download/storage/v1/b/{bucket}/o/{object}")];
}
