import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Manifest, readManifest } from "./manifest.ts";
import { isDigest, isTag } from "./names.ts";
import { type RegistryParts, sendPage, type Target } from "./oci.ts";
import { type Exchange, OciError, readBody, send } from "./oci-http.ts";

/** Bytes; the distribution specification asks for 4 MiB at least. */
const maxManifestBytes = 4 * 1024 * 1024;

export async function serveManifest(
  parts: RegistryParts,
  exchange: Exchange,
  target: Target,
  reference: string,
): Promise<void> {
  if (!isDigest(reference) && !isTag(reference)) {
    throw new OciError("MANIFEST_INVALID", `"${reference}" is neither a tag nor a digest.`);
  }
  switch (exchange.req.method) {
    case "GET":
    case "HEAD":
      return fetchManifest(parts, exchange, target, reference);
    case "PUT":
      return putManifest(parts, exchange, target, reference);
    case "DELETE":
      return deleteManifest(parts, exchange, target, reference);
    default:
      throw new OciError("UNSUPPORTED", `${exchange.req.method} of a manifest is not known.`);
  }
}

export function serveTags({ content }: RegistryParts, exchange: Exchange, { sources, image, base }: Target): void {
  const tags = new Set(sources.flatMap((repository) => content.tags(repository, image).map((row) => row.tag)));
  if (tags.size === 0 && sources.every((repository) => content.manifests(repository, image).length === 0)) {
    throw new OciError("NAME_UNKNOWN", `Image "${image}" not found`);
  }
  const name = base.slice(exchange.prefix.length + "/v2/".length);
  sendPage(exchange, [...tags].sort(), `${base}/tags/list`, (page) => ({ name, tags: page }));
}

function fetchManifest({ content }: RegistryParts, exchange: Exchange, target: Target, reference: string): void {
  const row = content.pull(target.sources, target.image, reference);
  if (row === undefined) {
    throw new OciError("MANIFEST_UNKNOWN", `Failed to fetch "${reference}" from request "${exchange.path}".`);
  }
  const headers = { "content-type": row.mediaType, "docker-content-digest": row.digest, etag: `"${row.digest}"` };
  send(exchange, 200, headers, row.bytes);
}

async function putManifest(parts: RegistryParts, exchange: Exchange, target: Target, reference: string): Promise<void> {
  const { content, host } = parts;
  const { repository, image, base } = target;
  const bytes = await readBody(exchange.req, maxManifestBytes);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  if (isDigest(reference) && reference !== digest) {
    throw new OciError("DIGEST_INVALID", `The manifest's digest is ${digest}, not ${reference}.`);
  }
  const manifest = readManifest(bytes, exchange.req.headers["content-type"]);
  if (typeof manifest === "string") throw new OciError("MANIFEST_INVALID", manifest);
  const tag = isDigest(reference) ? undefined : reference;
  host.db.tx(() => {
    checkReferences(parts, target, manifest);
    const present = tag === undefined ? undefined : content.tagged(repository, image, tag);
    if (present !== undefined && present !== digest && parts.repositories.immutableTags(repository)) {
      throw new OciError(
        "DENIED",
        `The repository has enabled tag immutability. The tag "${tag}" cannot be moved to another manifest.`,
      );
    }
    const nowMs = host.clock.now();
    content.putManifest({
      repository,
      image,
      digest,
      bytes,
      mediaType: manifest.mediaType,
      size: manifest.blobs.reduce((sum, blob) => sum + blob.size, 0),
      createdMs: nowMs,
      updatedMs: nowMs,
      builtMs: builtMs(parts, manifest),
    });
    if (tag !== undefined) content.putTag(repository, { image, tag, digest });
  });
  const { subject } = manifest;
  send(exchange, 201, {
    location: `${base}/manifests/${digest}`,
    "docker-content-digest": digest,
    ...(subject === undefined ? {} : { "oci-subject": subject }),
  });
}

function checkReferences({ content }: RegistryParts, { repository, image }: Target, manifest: Manifest): void {
  for (const { digest, size } of manifest.blobs) {
    const have = content.blobSize(repository, digest);
    if (have === undefined) throw new OciError("MANIFEST_BLOB_UNKNOWN", `Manifest references unknown blob ${digest}`);
    if (have !== size) throw new OciError("MANIFEST_INVALID", `Blob ${digest} has ${have} bytes, not ${size}.`);
  }
  for (const { digest } of manifest.manifests) {
    if (content.manifest(repository, image, digest) === undefined) {
      throw new OciError("MANIFEST_BLOB_UNKNOWN", `Index references unknown manifest ${digest}`);
    }
  }
}

/** When the image says it was built; null where it does not. */
function builtMs({ blobs }: RegistryParts, { config }: Manifest): number | null {
  const file = config === undefined || config.size > 1024 * 1024 ? undefined : blobs.find(config.digest);
  if (file === undefined) return null;
  try {
    const { created } = JSON.parse(readFileSync(file.path, "utf8")) as { created?: unknown };
    const time = typeof created === "string" ? Date.parse(created) : Number.NaN;
    return Number.isNaN(time) ? null : time;
  } catch {
    return null;
  }
}

/** By tag: the tag goes. By digest: the image goes, once no tag names it. */
function deleteManifest({ content }: RegistryParts, exchange: Exchange, target: Target, reference: string): void {
  const { repository, image } = target;
  const missing = new OciError("MANIFEST_UNKNOWN", `Failed to delete "${reference}": not found`);
  if (!isDigest(reference)) {
    if (!content.removeTag(repository, image, reference)) throw missing;
    send(exchange, 202);
    return;
  }
  const tag = content.tags(repository, image).find((row) => row.digest === reference);
  if (tag !== undefined) {
    throw new OciError("GOOGLE_MANIFEST_DANGLING_TAG", `Manifest is still referenced by tag: ${tag.tag}`);
  }
  if (!content.removeManifest(repository, image, reference)) throw missing;
  send(exchange, 202);
}
