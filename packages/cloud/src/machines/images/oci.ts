import { createHash } from "node:crypto";
import { invalidImage } from "../problem.ts";

/** A blob that a manifest names. */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:…` */
  readonly digest: string;
}

/** What an image says of how its program is run. */
export interface ImageConfig {
  /** `NAME=value` */
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
  /** `""`, a name, a number, or `user:group`. */
  readonly user: string;
  /** `sha256:…` of each layer's tar, unpacked. */
  readonly diffIds: readonly string[];
  readonly os: string;
  readonly architecture: string;
}

const indexTypes = new Set([
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
]);

export const isIndex = (mediaType: string): boolean => indexTypes.has(mediaType);

/** The linux/amd64 entry of an image index; undefined when it has none. */
export function amd64Of(index: Uint8Array): Descriptor | undefined {
  const manifests = list(parseJson(index, "image index").manifests);
  const found = manifests.find((entry) => {
    const platform = record(record(entry).platform);
    return platform.os === "linux" && platform.architecture === "amd64";
  });
  return found === undefined ? undefined : descriptor(found);
}

/** The config and the layers that an image manifest names. Throws ImageInvalid for anything else. */
export function parseManifest(bytes: Uint8Array): {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
} {
  const manifest = parseJson(bytes, "image manifest");
  return { config: descriptor(manifest.config), layers: list(manifest.layers).map(descriptor) };
}

/** Reads an image's config blob. Throws ImageInvalid. */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  const blob = parseJson(bytes, "image config");
  const config = record(blob.config);
  return {
    env: strings(config.Env),
    entrypoint: strings(config.Entrypoint),
    cmd: strings(config.Cmd),
    workingDir: text(config.WorkingDir),
    user: text(config.User),
    diffIds: strings(record(blob.rootfs).diff_ids),
    os: text(blob.os),
    architecture: text(blob.architecture),
  };
}

/** The chain ids of a stack of layers, lowest first, as the OCI image specification defines them: hex, without algorithm. */
export function chainIds(diffIds: readonly string[]): readonly string[] {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : `sha256:${sha256(`${below} ${diffId}`)}`);
  }
  return chain.map((id) => id.replace(/^sha256:/, ""));
}

export function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}

function parseJson(bytes: Uint8Array, what: string): Record<string, unknown> {
  try {
    return record(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw invalidImage(`The ${what} is not JSON.`, cause);
  }
}

function descriptor(value: unknown): Descriptor {
  const { mediaType, digest } = record(value);
  if (typeof digest !== "string" || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw invalidImage(`The image names a blob by ${JSON.stringify(digest)}, which is no sha256 digest.`);
  }
  return { mediaType: text(mediaType), digest };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const strings = (value: unknown): readonly string[] => list(value).filter((item) => typeof item === "string");
