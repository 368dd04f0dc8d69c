/** What a manifest refers to, as far as the registry checks it. */
export interface Manifest {
  readonly mediaType: string;
  /** Config and layers that the registry itself must hold: digest and size. */
  readonly blobs: readonly Descriptor[];
  /** The manifests that an index lists. */
  readonly manifests: readonly Descriptor[];
  readonly config: Descriptor | undefined;
  /** The digest of the manifest that this one is about (`subject`), which need not be here. */
  readonly subject: string | undefined;
}

export interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

export const indexType = "application/vnd.oci.image.index.v1+json";

const indexTypes: readonly string[] = [indexType, "application/vnd.docker.distribution.manifest.list.v2+json"];
const manifestTypes: readonly string[] = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/**
 * Reads a pushed manifest. `contentType` is the request's. The answer is a sentence when it is not one that the
 * registry takes.
 */
export function readManifest(bytes: Uint8Array, contentType: string | undefined): Manifest | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return "The manifest is not valid JSON.";
  }
  if (!isObject(parsed)) return "The manifest is not a JSON object.";
  if (parsed.schemaVersion !== 2) return "The manifest's schemaVersion is not 2.";
  const sent = contentType?.split(";")[0]?.trim();
  const mediaType = typeof parsed.mediaType === "string" ? parsed.mediaType : sent;
  if (mediaType === undefined) return "The manifest has no media type.";
  if (sent !== undefined && sent !== mediaType && (indexTypes.includes(sent) || manifestTypes.includes(sent))) {
    return `The manifest's mediaType ${mediaType} differs from the Content-Type ${sent}.`;
  }
  const about = parsed.subject === undefined ? [] : descriptors([parsed.subject]);
  if (about === undefined) return "The manifest's subject is malformed.";
  const subject = about[0]?.digest;
  if (indexTypes.includes(mediaType)) {
    const manifests = descriptors(parsed.manifests);
    return manifests === undefined
      ? "The index's manifests are malformed."
      : { mediaType, blobs: [], manifests, config: undefined, subject };
  }
  if (!manifestTypes.includes(mediaType)) return `Manifests of media type ${mediaType} are not accepted.`;
  const config = descriptors([parsed.config]);
  const layers = descriptors(parsed.layers);
  if (config === undefined || layers === undefined) return "The manifest's config or layers are malformed.";
  return { mediaType, blobs: [...config, ...layers], manifests: [], config: config[0], subject };
}

/** Undefined when something in it is no descriptor. Layers that live elsewhere (`urls`) are left out. */
function descriptors(value: unknown): Descriptor[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const found: Descriptor[] = [];
  for (const item of value as unknown[]) {
    if (!isObject(item) || typeof item.digest !== "string" || typeof item.size !== "number") return undefined;
    if (Array.isArray(item.urls) && item.urls.length > 0) continue;
    found.push({ digest: item.digest, size: item.size });
  }
  return found;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
