import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { Exchange } from "../../service.ts";
import { StorageError } from "./errors.ts";
import { objectEtag } from "./object-view.ts";
import { pour } from "./pour.ts";
import type { Storage } from "./storage.ts";
import type { StoredObject } from "./store.ts";

export interface SendOptions {
  /** Headers that an answer of the XML API has besides: `x-goog-meta-…`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What a signed URL lets its maker set: `response-content-type`, `response-content-disposition`. */
  readonly overrides?: Readonly<Record<string, string>>;
}

/** Writes an object's data, or the range of it that was asked for, as fast as the client takes it. */
export async function sendContent(
  { content }: Storage,
  object: StoredObject,
  { req, res, verb }: Exchange,
  options: SendOptions = {},
): Promise<void> {
  const { resource, size } = object;
  const zipped = resource.contentEncoding === "gzip";
  const unzips =
    zipped &&
    !/\bgzip\b/.test(String(req.headers["accept-encoding"] ?? "")) &&
    !/no-transform/.test(resource.cacheControl ?? "");
  const head: Record<string, string> = {
    "content-type": resource.contentType ?? "application/octet-stream",
    etag: objectEtag(object),
    "last-modified": new Date(resource.updated ?? 0).toUTCString(),
    "cache-control": resource.cacheControl ?? "private, max-age=0",
    "x-goog-generation": String(object.generation),
    "x-goog-metageneration": resource.metageneration ?? "1",
    "x-goog-stored-content-encoding": resource.contentEncoding ?? "identity",
    "x-goog-stored-content-length": String(size),
    "x-goog-storage-class": resource.storageClass ?? "STANDARD",
    "x-goog-hash": [`crc32c=${resource.crc32c}`, ...(resource.md5Hash ? [`md5=${resource.md5Hash}`] : [])].join(","),
    "accept-ranges": unzips ? "none" : "bytes",
    server: "aloft-cloud",
    ...(resource.contentDisposition ? { "content-disposition": resource.contentDisposition } : {}),
    ...(resource.contentLanguage ? { "content-language": resource.contentLanguage } : {}),
    ...(zipped && !unzips ? { "content-encoding": "gzip" } : {}),
    ...(resource.contentEncoding && !zipped ? { "content-encoding": resource.contentEncoding } : {}),
    ...(zipped ? { vary: "Accept-Encoding" } : {}),
    ...options.headers,
    ...options.overrides,
  };
  if (unzips) {
    res.writeHead(200, { ...head, warning: '214 UploadServer "gunzipped"' });
    if (verb === "HEAD") return void res.end();
    await pipeline(content.read(object.file), createGunzip(), res);
    return;
  }
  const range = rangeOf(req.headers.range, size);
  if (range === undefined) res.writeHead(200, { ...head, "content-length": size });
  else {
    const length = range.end - range.start + 1;
    const part = { "content-length": length, "content-range": `bytes ${range.start}-${range.end}/${size}` };
    res.writeHead(206, { ...head, ...part });
  }
  if (verb === "HEAD" || size === 0) return void res.end();
  await pour(content.open(object.file), range?.start ?? 0, range?.end ?? size - 1, res);
}

/** The one range of `bytes=…` (several are answered whole, as Google does). Throws 416 for one beyond the end. */
export function rangeOf(
  header: string | undefined,
  size: number,
): { readonly start: number; readonly end: number } | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (start <= end && start < size) return { start, end };
  throw new StorageError({
    status: 416,
    reason: "requestedRangeNotSatisfiable",
    message: "Request range not satisfiable",
    at: ["header", "Range"],
    xml: ["InvalidRange", "The requested range cannot be satisfied."],
    headers: { "content-range": `bytes */${size}` },
  });
}
