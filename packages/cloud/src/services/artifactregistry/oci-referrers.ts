import type { ManifestRow } from "./content.ts";
import { indexType, isObject } from "./manifest.ts";
import { isDigest } from "./names.ts";
import type { RegistryParts, Target } from "./oci.ts";
import { type Exchange, OciError, send } from "./oci-http.ts";

/** What refers to a manifest: signatures, attestations, lists of contents (version 1.1 of the specification). */
export function serveReferrers({ content }: RegistryParts, exchange: Exchange, target: Target, digest: string): void {
  const { method } = exchange.req;
  if (method !== "GET" && method !== "HEAD") throw new OciError("UNSUPPORTED", `${method} of referrers is not known.`);
  if (!isDigest(digest)) throw new OciError("DIGEST_INVALID", `"${digest}" is no digest.`);
  const wanted = exchange.query.get("artifactType");
  const found = new Map<string, object>();
  for (const row of target.sources.flatMap((repository) => content.manifests(repository, target.image))) {
    const descriptor = referrer(row, digest);
    if (descriptor === undefined || found.has(row.digest)) continue;
    if (wanted === null || descriptor.artifactType === wanted) found.set(row.digest, descriptor);
  }
  const body = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [...found.values()] });
  const headers = { "content-type": indexType };
  send(exchange, 200, wanted === null ? headers : { ...headers, "oci-filters-applied": "artifactType" }, body);
}

/** The descriptor of a manifest whose subject is this one; undefined for any other. */
function referrer(row: ManifestRow, subject: string): { readonly artifactType?: unknown } | undefined {
  const manifest: unknown = JSON.parse(Buffer.from(row.bytes).toString());
  if (!isObject(manifest) || !isObject(manifest.subject) || manifest.subject.digest !== subject) return undefined;
  const config = isObject(manifest.config) ? manifest.config.mediaType : undefined;
  const artifactType = manifest.artifactType ?? config;
  return {
    ...{ mediaType: row.mediaType, digest: row.digest, size: row.bytes.length },
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
  };
}
