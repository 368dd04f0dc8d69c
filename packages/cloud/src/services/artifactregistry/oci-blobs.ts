import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { Refusal } from "./blobs.ts";
import { isDigest } from "./names.ts";
import type { RegistryParts, Target } from "./oci.ts";
import { type Exchange, OciError, parseRange, send } from "./oci-http.ts";

/** GET and HEAD of a blob, with ranges; DELETE forgets it in this repository. */
export async function serveBlob(
  { blobs, content }: RegistryParts,
  exchange: Exchange,
  target: Target,
  digest: string,
): Promise<void> {
  const { req, res } = exchange;
  if (!isDigest(digest)) throw new OciError("DIGEST_INVALID", `The digest ${digest} is not a sha256 one.`);
  if (req.method !== "GET" && req.method !== "HEAD") {
    throw new OciError("UNSUPPORTED", `${req.method} of a blob is not built; delete its images or the repository.`);
  }
  const known = target.sources.some((repository) => content.blobSize(repository, digest) !== undefined);
  const blob = known ? blobs.find(digest) : undefined;
  if (blob === undefined) throw new OciError("BLOB_UNKNOWN", `Blob ${digest} not found`);
  const headers = {
    "content-type": "application/octet-stream",
    "docker-content-digest": digest,
    etag: `"${digest}"`,
    "accept-ranges": "bytes",
    "docker-distribution-api-version": "registry/2.0",
  };
  const range = parseRange(req.headers.range, blob.size);
  if (range === null) return send(exchange, 416, { "content-range": `bytes */${blob.size}` });
  const { start, end } = range ?? { start: 0, end: blob.size - 1 };
  res.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    "content-length": end - start + 1,
    ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end}/${blob.size}` }),
  });
  if (req.method === "HEAD" || blob.size === 0) {
    res.end();
    return;
  }
  try {
    await pipeline(createReadStream(blob.path, { start, end }), res);
  } catch (thrown) {
    // The client went away; its connection is gone with it.
    if ((thrown as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw thrown;
  }
}

/** Uploads: begun by POST (or done at once by `mount` or `digest`), filled by PATCH, ended by PUT, given up by DELETE. */
export async function serveUploads(
  parts: RegistryParts,
  exchange: Exchange,
  target: Target,
  id: string,
): Promise<void> {
  const { blobs } = parts;
  const { req, query } = exchange;
  if (req.method === "POST" && id === "") return begin(parts, exchange, target);
  const size = blobs.sizeOf(id);
  if (size === undefined) throw refusal("unknown");
  switch (req.method) {
    case "GET":
      return accepted(exchange, target, id, size, 204);
    case "PATCH":
      return accepted(exchange, target, id, taken(await blobs.append(id, req, offset(exchange))), 202);
    case "PUT": {
      taken(await blobs.append(id, req, offset(exchange)));
      return finish(parts, exchange, target, id, query.get("digest") ?? "");
    }
    case "DELETE":
      if (!(await blobs.cancel(id))) throw refusal("busy");
      return send(exchange, 204);
    default:
      throw new OciError("UNSUPPORTED", `${req.method} of an upload is not known.`);
  }
}

async function begin(parts: RegistryParts, exchange: Exchange, target: Target): Promise<void> {
  const { blobs, content } = parts;
  const { req, query } = exchange;
  const mount = query.get("mount");
  const from = query.get("from");
  if (mount !== null && isDigest(mount)) {
    const source = from === null ? target : target.readable(from);
    const size = source && content.blobSize(source.repository, mount);
    if (size !== undefined && blobs.has(mount)) {
      content.addBlob(target.repository, mount, size);
      return created(exchange, target, mount);
    }
  }
  const id = await blobs.begin();
  const digest = query.get("digest");
  if (digest === null) {
    req.resume();
    return accepted(exchange, target, id, 0, 202);
  }
  taken(await blobs.append(id, req));
  return finish(parts, exchange, target, id, digest);
}

async function finish(
  { blobs, content }: RegistryParts,
  exchange: Exchange,
  target: Target,
  id: string,
  digest: string,
): Promise<void> {
  if (!isDigest(digest)) throw new OciError("DIGEST_INVALID", `The digest "${digest}" is not a sha256 one.`);
  const refused = await blobs.finish(id, digest, (size) => content.addBlob(target.repository, digest, size));
  if (refused !== undefined) throw refusal(refused, digest);
  created(exchange, target, digest);
}

function created(exchange: Exchange, target: Target, digest: string): void {
  send(exchange, 201, { location: `${target.base}/blobs/${digest}`, "docker-content-digest": digest });
}

function accepted(exchange: Exchange, target: Target, id: string, size: number, status: 202 | 204): void {
  send(exchange, status, {
    location: `${target.base}/blobs/uploads/${id}`,
    range: `0-${Math.max(0, size - 1)}`,
    "docker-upload-uuid": id,
  });
}

/** Where the client says its bytes begin: `Content-Range: 0-99` (the specification's form) or `bytes 0-99/200`. */
function offset({ req }: Exchange): number | undefined {
  const match = /^(?:bytes )?(\d+)-\d+/.exec(req.headers["content-range"] ?? "");
  return match === null ? undefined : Number(match[1]);
}

function taken(outcome: number | Refusal): number {
  if (typeof outcome === "number") return outcome;
  throw refusal(outcome);
}

function refusal(why: Refusal, digest = ""): OciError {
  switch (why) {
    case "unknown":
      return new OciError("BLOB_UPLOAD_UNKNOWN", "The upload is unknown; begin it again.");
    case "busy":
      return new OciError("BLOB_UPLOAD_INVALID", "Another request is writing to this upload.");
    case "range":
      return new OciError("RANGE_INVALID", "The chunk does not begin where the upload ends.");
    case "digest":
      return new OciError("DIGEST_INVALID", `The uploaded content does not match the digest ${digest}.`);
  }
}
