import type { Call, Exchange, RawMethod, RawRequest, RestMethod } from "../../service.ts";
import { mustHold, onBucket, onObject } from "./access.ts";
import { checkEntry } from "./acl.ts";
import { mustBeBucket } from "./bucket-writes.ts";
import type { Received } from "./content.ts";
import { invalid, unimplemented } from "./errors.ts";
import { replyJson } from "./json-reply.ts";
import type { ObjectMessage } from "./messages.ts";
import { boundaryOf, readRelated } from "./multipart.ts";
import { checkObjectName, metadataOf } from "./object-rules.ts";
import { showObject, wantsFull } from "./object-view.ts";
import { writeObject } from "./object-writes.ts";
import { readText } from "./read-text.ts";
import { begin, take } from "./resumable.ts";
import type { Storage } from "./storage.ts";
import type { StoredBucket, StoredObject } from "./store.ts";

const paths = ["/upload/storage/v1/b/{bucket}/o", "/resumable/upload/storage/v1/b/{bucket}/o"];

/** `objects.insert`: data alone, data with its metadata, or the beginning of an upload in pieces. */
export function insertMethods(storage: Storage): {
  readonly raw: readonly RawMethod[];
  readonly rest: readonly RestMethod[];
} {
  const access = onObject(storage, "storage.objects.create", ({ query }) => query.get("name") ?? "");
  const needed = (request: RawRequest) =>
    typeof access.permission === "function" ? access.permission(request) : access.permission;
  const upload = async (request: RawRequest, call: Call, exchange: Exchange): Promise<void> => {
    const bucket = mustBeBucket(storage.store, request.params.bucket);
    if (request.headers["x-goog-encryption-key"] !== undefined)
      throw unimplemented("customer-supplied encryption keys");
    switch (request.query.get("uploadType") ?? request.headers["x-goog-upload-protocol"]) {
      case "resumable":
        // Go's clients send pieces by POST.
        if (isPiece(request)) return take(storage, request, call, exchange);
        return begin(storage, bucket, request, call, exchange);
      case "multipart": {
        const { metadata, mediaType, media } = await readRelated(
          exchange.req,
          boundaryOf(request.headers["content-type"]),
        );
        const given = parseMetadata(metadata);
        const typed =
          given.contentType == null && mediaType !== undefined ? { ...given, contentType: mediaType } : given;
        return finish(storage, bucket, request, call, exchange, typed, media);
      }
      case "media": {
        const { "content-type": contentType, "content-encoding": encoding } = request.headers;
        const contentEncoding = request.query.get("contentEncoding") ?? encoding;
        const given = {
          ...(contentType === undefined ? {} : { contentType }),
          ...(contentEncoding === undefined ? {} : { contentEncoding }),
        };
        return finish(storage, bucket, request, call, exchange, given, exchange.req);
      }
      default:
        throw invalid(`Invalid value for parameter uploadType: "${request.query.get("uploadType") ?? ""}".`);
    }
  };
  return {
    raw: paths.map((path) => ({
      id: "storage.objects.insert",
      verb: "POST",
      path,
      ...access,
      // Who knows a session may go on with it.
      permission: (request) => (isPiece(request) ? [] : needed(request)),
      audit: "DATA_WRITE",
      stream: upload,
    })),
    rest: [
      {
        id: "storage.objects.insert",
        verb: "POST",
        path: "/storage/v1/b/{bucket}/o",
        ...onBucket(storage, "storage.objects.create"),
        audit: "DATA_WRITE",
        handle: async (request, call) => {
          const bucket = mustBeBucket(storage.store, request.params.bucket);
          const given = request.body as ObjectMessage;
          const received = await storage.content.receive(nothing());
          const raw = { ...request, headers: call.headers };
          const made = await storeReceived(storage, bucket, raw, call, given, received);
          return showObject(storage, bucket, made, call, wantsFull(request));
        },
      },
    ],
  };
}

const isPiece = ({ query }: Pick<RawRequest, "query">): boolean => query.has("upload_id");

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function finish(
  storage: Storage,
  bucket: StoredBucket,
  request: RawRequest,
  call: Call,
  exchange: Exchange,
  given: ObjectMessage,
  media: AsyncIterable<Uint8Array>,
): Promise<void> {
  checkObjectName(request.query.get("name") ?? given.name ?? "");
  const received = await storage.content.receive(media);
  const made = await storeReceived(storage, bucket, request, call, given, received);
  const answer = showObject(storage, bucket, made, call, wantsFull({ ...request, body: given as RawRequest["body"] }));
  replyJson(exchange, request.query, answer);
}

/** What has arrived becomes an object, when its sums are those that the client gave. Throws 400, and the file is gone. */
export async function storeReceived(
  storage: Storage,
  bucket: StoredBucket,
  request: Pick<RawRequest, "query" | "headers">,
  call: Pick<Call, "caller">,
  given: ObjectMessage,
  received: Received,
): Promise<StoredObject> {
  const { query, headers } = request;
  try {
    const name = query.get("name") ?? given.name ?? "";
    checkObjectName(name);
    const present = storage.store.live(bucket.name, name);
    if (present !== undefined) {
      mustHold(storage, call, bucket, name, "storage.objects.delete", present.acl);
    }
    checkSums(given, headers, received);
    const encoding = query.get("contentEncoding");
    const kmsKeyName = query.get("kmsKeyName");
    const resource: ObjectMessage = {
      ...metadataOf({
        ...given,
        ...(encoding === null ? {} : { contentEncoding: encoding }),
        ...(kmsKeyName === null ? {} : { kmsKeyName }),
      }),
      crc32c: received.crc32c,
      ...(received.md5 === undefined ? {} : { md5Hash: received.md5 }),
    };
    const own = Array.isArray(given.acl) && given.acl.length > 0 ? given.acl : undefined;
    const acl =
      query.get("predefinedAcl") ??
      own?.map(({ entity, role }) => checkEntry(storage, entity, role, ["OWNER", "READER"]));
    return await storage.content.commit(received, (file) =>
      writeObject(storage, { bucket, name, file, size: received.size, resource, owner: call.caller, acl }, query),
    );
  } catch (thrown) {
    await storage.content.discard(received.path);
    throw thrown;
  }
}

function checkSums(given: ObjectMessage, headers: RawRequest["headers"], received: Received): void {
  const hashes = new Map<string, string>();
  for (const part of (headers["x-goog-hash"] ?? "").split(",")) {
    const equals = part.indexOf("=");
    if (equals > 0) hashes.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
  }
  const md5 = given.md5Hash ?? hashes.get("md5") ?? headers["content-md5"];
  const crc = given.crc32c ?? hashes.get("crc32c");
  if (md5 != null && received.md5 !== undefined && md5 !== received.md5) {
    throw invalid(`Provided MD5 hash "${md5}" doesn't match calculated MD5 hash "${received.md5}".`);
  }
  if (crc != null && crc !== received.crc32c) {
    throw invalid(`Provided CRC32C "${crc}" doesn't match calculated CRC32C "${received.crc32c}".`);
  }
}

/** Throws 400 for what is no JSON object. */
export function parseMetadata(text: string): ObjectMessage {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as ObjectMessage;
  } catch {
    // Refused below.
  }
  throw invalid("Parse Error", "parseError");
}

export const readMetadata = async (exchange: Exchange): Promise<ObjectMessage> =>
  parseMetadata(await readText(exchange.req));
