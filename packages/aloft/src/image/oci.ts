import { digestOf, memoryBlob } from "./blobs.ts";
import type { Blob, Image } from "./image.ts";
import type { Layer } from "./layer.ts";

/** What an image says of how it is run, in the registry's own form (OCI image-spec, config.md). */
export interface RunConfig {
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

/** Something to lay an app on: layers with their blobs, and how it is run. */
export interface Base {
  readonly layers: readonly Layer[];
  readonly blobs: readonly Blob[];
  readonly config: RunConfig;
}

export const manifestType = "application/vnd.oci.image.manifest.v1+json";
const configType = "application/vnd.oci.image.config.v1+json";

/** The image of a base and one layer more. Same input, same digest: nothing in it tells when or where it was made. */
export function imageOf(
  base: Base,
  app: { readonly layer: Layer; readonly blob: Blob; readonly config: RunConfig },
): Image {
  const layers = [...base.layers, app.layer];
  const config = memoryBlob(
    json({
      created: "1970-01-01T00:00:00Z",
      architecture: "amd64",
      os: "linux",
      config: { ...base.config, ...app.config },
      rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
      history: layers.map((_, index) => ({
        created: "1970-01-01T00:00:00Z",
        created_by: index < base.layers.length ? "aloft base" : "aloft app",
      })),
    }),
    configType,
  );
  const manifest = json({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: configType, digest: config.digest, size: config.size },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  });
  return {
    digest: digestOf(manifest),
    manifest,
    mediaType: manifestType,
    blobs: [...unique([...base.blobs, app.blob]), config],
  };
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}

function unique(blobs: readonly Blob[]): readonly Blob[] {
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
}
