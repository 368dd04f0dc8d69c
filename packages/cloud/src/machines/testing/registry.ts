import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { randomIds } from "@aloft/kit/ids";
import { pack } from "tar-stream";
import type { Registry, StoredManifest } from "../../services/artifactregistry/registry.ts";
import { createImages } from "../images/images.ts";

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

/** `also`: a folder of another one, whose blobs this one has too. */
export function fileRegistry(dir: string, also = dir): FileRegistry {
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
      for (const path of [pathOf(digest), join(also, basename(pathOf(digest)))]) {
        const size = statSync(path, { throwIfNoEntry: false })?.size;
        if (size !== undefined) return { path, size };
      }
      return undefined;
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
  // What `ldd` does: the loader lists what it would load, and runs nothing.
  const listed = execFileSync(process.execPath, { encoding: "utf8", env: { LD_TRACE_LOADED_OBJECTS: "1" } });
  const libraries = listed.match(/\/\S+\.so\S*/g) ?? [];
  return [
    { name: "usr/local/bin/node", from: realpathSync(process.execPath), mode: 0o755 },
    ...[...new Set(libraries)].map((path) => ({ name: path.slice(1), from: realpathSync(path), mode: 0o755 })),
    { name: "etc/passwd", text: "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n" },
  ];
}

export interface NodeLayer {
  /** Of the layer's blob: a folder of a `fileRegistry`. */
  readonly dir: string;
  readonly layer: Layer;
  /** The layer unpacked, under its chain id, as the machines keep it. */
  readonly roots: string;
  /** Where a test may keep its own folders, on the same file system. */
  readonly room: string;
}

let base: Promise<NodeLayer> | undefined;

/** The layer with node: made once on this machine for each node (it has 150 MB), under `node_modules/.cache`. */
export function nodeLayer(): Promise<NodeLayer> {
  base ??= findNodeLayer();
  return base;
}

async function findNodeLayer(): Promise<NodeLayer> {
  const { size, mtimeMs } = statSync(process.execPath);
  const key = digestOf(Buffer.from(`1 ${process.execPath} ${size} ${mtimeMs}`)).slice(7, 23);
  const home = join(cacheFolder(), `test-node-${key}`);
  const said = join(home, "layer.json");
  if (!existsSync(said)) await makeNodeLayer(home);
  const layer = JSON.parse(readFileSync(said, "utf8")) as Layer;
  return { dir: join(home, "blobs"), layer, roots: join(home, "roots"), room: home };
}

async function makeNodeLayer(home: string): Promise<void> {
  const work = mkdtempSync(join(cacheFolder(), ".making-"));
  const registry = fileRegistry(join(work, "blobs"));
  const layer = await registry.layer(nodeEntries());
  const images = createImages({ registry, dir: join(work, "roots"), temporaryName: () => "first" });
  await images.ready(registry.image([layer], {}));
  writeFileSync(join(work, "layer.json"), JSON.stringify(layer));
  try {
    renameSync(work, home);
  } catch (thrown) {
    rmSync(work, { recursive: true, force: true });
    if (!existsSync(home)) throw thrown;
  }
}

function cacheFolder(): string {
  const wanted = join(import.meta.dirname, "../../../../../node_modules/.cache/aloft");
  try {
    mkdirSync(wanted, { recursive: true });
    accessSync(wanted, constants.W_OK);
    return wanted;
  } catch {
    const other = join(tmpdir(), `aloft-test-${process.getuid?.() ?? 0}`);
    mkdirSync(other, { recursive: true });
    return other;
  }
}
