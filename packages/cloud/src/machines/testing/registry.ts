import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { randomIds } from "@aloft/kit/ids";
import { pack } from "tar-stream";
import type { Registry, StoredManifest } from "../../services/artifactregistry/registry.ts";

/** A file of a layer: its text, or the machine's file that it is a copy of; `link`: a symbolic link. */
export interface LayerEntry {
  readonly name: string;
  readonly text?: string;
  readonly from?: string;
  readonly link?: string;
  readonly hardLink?: string;
  readonly type?: "directory" | "file";
  readonly mode?: number;
}

export interface Layer {
  readonly digest: string;
  readonly diffId: string;
  readonly size: number;
  readonly mediaType: string;
}

/** A registry over files: what `docker push` would have left. */
export interface FileRegistry extends Registry {
  layer(entries: readonly LayerEntry[], compress?: (tar: Buffer) => Buffer): Promise<Layer>;
  blobOf(bytes: Uint8Array): string;
  /** Answers the reference by digest. */
  image(
    layers: readonly Layer[],
    config: Record<string, unknown>,
    options?: { readonly architecture?: string },
  ): string;
  manifest(bytes: Uint8Array, mediaType: string): string;
}

const repository = "us-central1-docker.pkg.dev/demo/apps/app";

export function fileRegistry(dir: string): FileRegistry {
  mkdirSync(dir, { recursive: true });
  const manifests = new Map<string, StoredManifest>();
  const pathOf = (digest: string): string => join(dir, digest.replace(":", "-"));
  const blobOf = (bytes: Uint8Array): string => {
    const digest = digestOf(bytes);
    writeFileSync(pathOf(digest), bytes);
    return digest;
  };
  const manifest = (bytes: Uint8Array, mediaType: string): string => {
    const digest = digestOf(bytes);
    manifests.set(digest, { digest, mediaType, bytes });
    return `${repository}@${digest}`;
  };
  return {
    blobOf,
    manifest,
    resolve: (ref) => manifests.get(ref.split("@")[1] ?? ""),
    blob: (digest) => {
      const size = statSync(pathOf(digest), { throwIfNoEntry: false })?.size;
      return size === undefined ? undefined : { path: pathOf(digest), size };
    },
    layer: async (entries, compress) => {
      const work = join(dir, `.layer-${randomIds.short(8)}`);
      await writeTar(entries, work);
      const tar = readFileSync(work);
      rmSync(work);
      const packed = compress?.(tar) ?? tar;
      return {
        digest: blobOf(packed),
        diffId: digestOf(tar),
        size: packed.length,
        mediaType: "application/vnd.oci.image.layer.v1.tar",
      };
    },
    image: (layers, config, options = {}) => {
      const text = JSON.stringify({
        os: "linux",
        architecture: options.architecture ?? "amd64",
        config,
        rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
      });
      const body = {
        schemaVersion: 2,
        config: {
          mediaType: "application/vnd.oci.image.config.v1+json",
          digest: blobOf(Buffer.from(text)),
          size: text.length,
        },
        layers: layers.map(({ digest, size, mediaType }) => ({ digest, size, mediaType })),
      };
      return manifest(Buffer.from(JSON.stringify(body)), "application/vnd.oci.image.manifest.v1+json");
    },
  };
}

async function writeTar(entries: readonly LayerEntry[], to: string): Promise<void> {
  const tar = pack();
  const writing = pipeline(tar, createWriteStream(to));
  for (const entry of entries) {
    const { name, link, hardLink, type, mode } = entry;
    const common = { name, mtime: new Date(0), ...(mode === undefined ? {} : { mode }) };
    if (link !== undefined) tar.entry({ ...common, type: "symlink", linkname: link });
    else if (hardLink !== undefined) tar.entry({ ...common, type: "link", linkname: hardLink });
    else if (type === "directory") tar.entry({ ...common, type: "directory" });
    else
      tar.entry({ mode: 0o644, ...common }, entry.from === undefined ? (entry.text ?? "") : readFileSync(entry.from));
  }
  tar.finalize();
  await writing;
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** What a node program needs to run: this machine's own node with the libraries that it is linked with. */
export function nodeEntries(): readonly LayerEntry[] {
  const libraries = execFileSync("ldd", [process.execPath], { encoding: "utf8" }).match(/\/\S+\.so\S*/g) ?? [];
  return [
    { name: "usr/local/bin/node", from: realpathSync(process.execPath), mode: 0o755 },
    ...[...new Set(libraries)].map((path) => ({ name: path.slice(1), from: realpathSync(path), mode: 0o755 })),
    { name: "etc/passwd", text: "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n" },
  ];
}

let base: { readonly dir: string; readonly layer: Layer } | undefined;

/** The layer with node, made once for all tests of a file. */
export async function nodeLayer(): Promise<{ readonly dir: string; readonly layer: Layer }> {
  if (base === undefined) {
    const dir = mkdtempSync(join(tmpdir(), "aloft-base-"));
    process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
    base = { dir, layer: await fileRegistry(dir).layer(nodeEntries()) };
  }
  return base;
}
