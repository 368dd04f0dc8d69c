import type { Access, Call, Exchange, RawMethod, RawRequest } from "../../service.ts";
import { onBucket, onObject } from "./access.ts";
import { mustBeBucket } from "./bucket-writes.ts";
import { unimplemented } from "./errors.ts";
import { storeReceived } from "./insert.ts";
import { listObjects, readListQuery } from "./list.ts";
import type { ObjectMessage } from "./messages.ts";
import { objectEtag } from "./object-view.ts";
import { mustBeObject } from "./object-writes.ts";
import { removeObject } from "./objects.ts";
import { addressOf, beginSession, take } from "./resumable.ts";
import { sendContent } from "./send.ts";
import type { Storage } from "./storage.ts";
import type { StoredObject } from "./store.ts";
import { xmlList } from "./xml-list.ts";

/** Parameters of a signed URL that set a header of the answer. */
const overriding = ["cache-control", "content-disposition", "content-encoding", "content-language", "content-type"];

/** Sub-resources of the XML API that are not here: named, so that none is taken for an object or a list. */
const subresources = [
  "acl",
  "cors",
  "lifecycle",
  "logging",
  "versioning",
  "website",
  "uploads",
  "uploadId",
  "compose",
  "tagging",
  "encryption",
  "storageClass",
  "billing",
  "location",
];

/** Of the XML API: objects read, written and deleted, and lists; what signed URLs are made for. */
export function xmlMethods(storage: Storage): readonly RawMethod[] {
  const nameOf = (exchange: Exchange): string => decodeURIComponent(exchange.path.split("/").slice(2).join("/"));
  const object = (permission: string): Access<RawRequest> =>
    onObject(storage, permission, ({ params }) => (params.object ?? "").replace(/%2f/gi, "/"));
  const method = (
    verb: RawMethod["verb"],
    permission: string,
    stream: (request: RawRequest, call: Call, exchange: Exchange) => void | Promise<void>,
  ): RawMethod => ({
    id: `storage.objects.${permission.split(".")[2]}`,
    verb,
    path: "/{bucket}/{object=**}",
    ...object(permission),
    audit: verb === "GET" || verb === "HEAD" ? "DATA_READ" : "DATA_WRITE",
    stream: (request, call, exchange) => {
      const foreign = subresources.find((name) => request.query.has(name));
      if (foreign !== undefined) throw unimplemented(`the XML API's ?${foreign}`);
      if (request.headers["x-goog-encryption-key"] !== undefined)
        throw unimplemented("customer-supplied encryption keys");
      const params = { ...request.params, object: nameOf(exchange) };
      return stream({ ...request, params, query: conditions(request) }, call, exchange);
    },
  });
  const read = async (request: RawRequest, call: Call, exchange: Exchange): Promise<void> => {
    if (request.params.object === "") return list(request, call, exchange);
    const bucket = mustBeBucket(storage.store, request.params.bucket);
    const found = mustBeObject(storage, request);
    const etag = `"${objectEtag(found)}"`;
    if (request.headers["if-none-match"] === etag) return void exchange.res.writeHead(304, { etag }).end();
    const headers = { ...metaHeaders(found), etag };
    const overrides = Object.fromEntries(
      overriding.flatMap((name) => {
        const value = request.query.get(`response-${name}`);
        return value === null ? [] : [[name, value]];
      }),
    );
    await sendContent(storage, { ...found, bucket: bucket.name }, exchange, { headers, overrides });
  };
  const list = async (request: RawRequest, _call: Call, { res, verb }: Exchange): Promise<void> => {
    const foreign = subresources.find((name) => request.query.has(name));
    if (foreign !== undefined) throw unimplemented(`the XML API's ?${foreign}`);
    const bucket = mustBeBucket(storage.store, request.params.bucket);
    const query = new URLSearchParams(request.query);
    const v2 = query.get("list-type") === "2";
    query.set("maxResults", query.get("max-keys") ?? "1000");
    const after = query.get(v2 ? "start-after" : "marker");
    if (after !== null) query.set("startOffset", `${after}\0`);
    const token = query.get("continuation-token");
    if (token !== null) query.set("pageToken", token);
    const body = xmlList(bucket.name, query, listObjects(storage.store, bucket.name, readListQuery(query)), v2);
    res.writeHead(200, { "content-type": "application/xml; charset=UTF-8", "content-length": Buffer.byteLength(body) });
    res.end(verb === "HEAD" ? undefined : body);
  };
  const put = async (request: RawRequest, call: Call, exchange: Exchange): Promise<void> => {
    if (request.query.has("upload_id")) return take(storage, request, call, exchange);
    if (request.headers["x-goog-copy-source"] !== undefined) throw unimplemented("the XML API's x-goog-copy-source");
    const name = request.params.object ?? "";
    if (name === "") throw unimplemented("buckets of the XML API");
    const bucket = mustBeBucket(storage.store, request.params.bucket);
    const received = await storage.content.receive(exchange.req);
    const query = new URLSearchParams(request.query);
    query.set("name", name);
    const acl = request.headers["x-goog-acl"];
    if (acl !== undefined)
      query.set(
        "predefinedAcl",
        acl.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()),
      );
    const made = await storeReceived(
      storage,
      bucket,
      { query, headers: request.headers },
      call,
      givenBy(request),
      received,
    );
    exchange.res
      .writeHead(200, {
        ...metaHeaders(made),
        etag: `"${received.md5 === undefined ? "" : md5Hex(received.md5)}"`,
        "content-length": 0,
      })
      .end();
  };
  const start = async (request: RawRequest, call: Call, exchange: Exchange): Promise<void> => {
    if (request.headers["x-goog-resumable"] !== "start") throw unimplemented("this POST of the XML API");
    const bucket = mustBeBucket(storage.store, request.params.bucket);
    const name = request.params.object ?? "";
    const id = beginSession(storage, bucket, request, call, { name, metadata: givenBy(request) });
    const location = `${addressOf(exchange)}${exchange.path}?upload_id=${id}`;
    exchange.res.writeHead(201, { location, "x-guploader-uploadid": id, "content-length": 0 }).end();
  };
  const remove = async (request: RawRequest, _call: Call, { res }: Exchange): Promise<void> => {
    removeObject(storage, request);
    res.writeHead(204).end();
  };
  const listing = (verb: "GET" | "HEAD"): RawMethod => ({
    id: "storage.objects.list",
    verb,
    path: "/{bucket}",
    ...onBucket(storage, "storage.objects.list"),
    audit: "DATA_READ",
    stream: list,
  });
  return [
    listing("GET"),
    listing("HEAD"),
    method("GET", "storage.objects.get", read),
    method("HEAD", "storage.objects.get", read),
    { ...method("PUT", "storage.objects.create", put), permission: putPermission(storage) },
    method("POST", "storage.objects.create", start),
    method("DELETE", "storage.objects.delete", remove),
  ];
}

/** A piece of an upload needs no permission: its address is one. */
function putPermission(storage: Storage): Access<RawRequest>["permission"] {
  return ({ params, query }) =>
    query.has("upload_id") || storage.store.bucket(params.bucket ?? "") === undefined ? [] : "storage.objects.create";
}

/** The headers that state conditions here, as the parameters that state them in the JSON API. */
function conditions({ query, headers }: RawRequest): URLSearchParams {
  const all = new URLSearchParams(query);
  const generation = headers["x-goog-if-generation-match"];
  const metageneration = headers["x-goog-if-metageneration-match"];
  if (generation !== undefined) all.set("ifGenerationMatch", generation);
  if (metageneration !== undefined) all.set("ifMetagenerationMatch", metageneration);
  return all;
}

function givenBy({ headers }: RawRequest): ObjectMessage {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith("x-goog-meta-") && value !== undefined) metadata[name.slice("x-goog-meta-".length)] = value;
  }
  return {
    contentType: headers["content-type"] ?? null,
    contentEncoding: headers["content-encoding"] ?? null,
    contentDisposition: headers["content-disposition"] ?? null,
    contentLanguage: headers["content-language"] ?? null,
    cacheControl: headers["cache-control"] ?? null,
    storageClass: headers["x-goog-storage-class"] ?? null,
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}

function metaHeaders({ resource, generation }: StoredObject): Record<string, string> {
  const custom = Object.entries(resource.metadata ?? {}).map(([key, value]) => [
    `x-goog-meta-${key.toLowerCase()}`,
    value,
  ]);
  return {
    ...Object.fromEntries(custom),
    "x-goog-generation": String(generation),
    "x-goog-metageneration": resource.metageneration ?? "1",
    "x-goog-hash": [`crc32c=${resource.crc32c}`, ...(resource.md5Hash ? [`md5=${resource.md5Hash}`] : [])].join(","),
  };
}

const md5Hex = (base64: string): string => Buffer.from(base64, "base64").toString("hex");
