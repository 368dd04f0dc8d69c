import { Failure, messageOf } from "@aloft/kit/failure";
import type { BlobStore } from "./blobs.ts";
import { type Layer, layerType } from "./layer.ts";
import type { Base, RunConfig } from "./oci.ts";
import { createReader, type Reader } from "./reader.ts";
import { parseReference } from "./reference.ts";

const indexTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
/** Layer types as they are in OCI, by what they are elsewhere: the bytes are the same. */
const layerTypes: Readonly<Record<string, string>> = {
  [layerType]: layerType,
  "application/vnd.docker.image.rootfs.diff.tar.gzip": layerType,
  "application/vnd.oci.image.layer.v1.tar+zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
  "application/vnd.oci.image.layer.v1.tar": "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
};

interface Descriptor {
  readonly mediaType?: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os?: string; readonly architecture?: string };
}

interface Manifest {
  readonly mediaType?: string;
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

interface ImageConfig {
  readonly os?: string;
  readonly architecture?: string;
  readonly config?: RunConfig;
  readonly rootfs?: { readonly diff_ids?: readonly string[] };
}

/**
 * The base named by digest, for linux/amd64, fetched once and kept by its digests. Throws `Failure` IMAGE_INVALID when
 * it cannot be read, is not for linux/amd64, or its bytes are not those of its digest.
 */
export async function remoteBase(
  name: string,
  store: BlobStore,
  options: { readonly fetch?: typeof globalThis.fetch; readonly onProgress?: (message: string) => void } = {},
): Promise<Base> {
  const reference = parseReference(name);
  const reader = createReader(reference, options.fetch ?? globalThis.fetch);
  try {
    let manifest = await document<Manifest>(store, reader, reference.digest, "manifests");
    if (manifest.manifests !== undefined || indexTypes.includes(manifest.mediaType ?? "")) {
      const here = manifest.manifests?.find(
        ({ platform }) => platform?.os === "linux" && platform.architecture === "amd64",
      );
      if (here === undefined) throw invalid(name, `it has ${platformsOf(manifest)}, not linux/amd64`);
      manifest = await document<Manifest>(store, reader, here.digest, "manifests");
    }
    if (manifest.config === undefined || manifest.layers === undefined) throw invalid(name, "it is not an image");
    const image = await document<ImageConfig>(store, reader, manifest.config.digest, "blobs");
    if (image.os !== "linux" || image.architecture !== "amd64") {
      throw invalid(
        name,
        `it is for ${image.os ?? "?"}/${image.architecture ?? "?"}, and Cloud Run starts linux/amd64 only`,
      );
    }
    const diffIds = image.rootfs?.diff_ids ?? [];
    if (diffIds.length !== manifest.layers.length)
      throw invalid(name, "its config and its manifest disagree on the layers");
    const layers = manifest.layers.map((layer, index): Layer => {
      const mediaType = layerTypes[layer.mediaType ?? ""];
      if (mediaType === undefined) throw invalid(name, `a layer of it has the type ${layer.mediaType ?? "(none)"}`);
      return { digest: layer.digest, size: layer.size, mediaType, diffId: diffIds[index] as string };
    });
    for (const layer of layers) {
      if ((await store.size(layer.digest)) === layer.size) continue;
      options.onProgress?.(
        `base: fetching ${Math.max(1, Math.round(layer.size / 1e6))} MB from ${new URL(reference.endpoint).host}`,
      );
      await store.write(await reader.blob(layer.digest), layer.digest);
    }
    // The app is started by its own command: an entrypoint of the base would get that as its arguments.
    const config: RunConfig = { ...image.config, Entrypoint: [], Cmd: [] };
    return { layers, blobs: layers.map((layer) => store.blob(layer, layer.mediaType)), config };
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    throw invalid(name, messageOf(thrown), thrown);
  }
}

async function document<T>(store: BlobStore, reader: Reader, digest: string, kind: "manifests" | "blobs"): Promise<T> {
  if ((await store.size(digest)) === undefined) {
    await store.write(await (kind === "manifests" ? reader.manifest(digest) : reader.blob(digest)), digest);
  }
  return JSON.parse((await store.read(digest)).toString("utf8")) as T;
}

function platformsOf(manifest: Manifest): string {
  const names = (manifest.manifests ?? []).map(
    ({ platform }) => `${platform?.os ?? "?"}/${platform?.architecture ?? "?"}`,
  );
  return [...new Set(names)].join(", ") || "no platforms";
}

function invalid(name: string, why: string, cause?: unknown): Failure {
  return new Failure({
    code: "IMAGE_INVALID",
    what: `the base image ${name} cannot be used`,
    why,
    next: "check its name and digest (docker buildx imagetools inspect NAME), and that it can be read without signing in",
    ...(cause === undefined ? {} : { cause }),
  });
}
