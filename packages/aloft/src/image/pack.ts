import { readFile } from "node:fs/promises";
import { Failure } from "@aloft/kit/failure";
import { defaultBase } from "./base.ts";
import { type BlobStore, createBlobStore, digestOf } from "./blobs.ts";
import { bundle, bundleName } from "./bundle.ts";
import type { EntrySpec, Image, Pack, PackOptions } from "./image.ts";
import { type IncludedFile, includedFiles } from "./include.ts";
import { type Stamp, stampsOf, unchanged, watchedPaths } from "./inputs.ts";
import { type Layer, type LayerEntry, writeLayer } from "./layer.ts";
import { type Base, imageOf } from "./oci.ts";
import { remoteBase } from "./remote-base.ts";

/** Raised when a bundle or its layer is made in another way, so that an older cache is not used. */
const recipe = 1;

/** Bases being made or fetched now, by cache and name: several services share one. */
const basesUnderWay = new Map<string, Promise<Base>>();

export const pack: Pack = async (spec, options) => {
  const store = createBlobStore(options.cache);
  const [base, layer] = await Promise.all([baseFor(spec, options, store), appLayer(spec, options, store)]);
  return image(spec, base, layer, store);
};

function image(spec: EntrySpec, base: Base, layer: Layer, store: BlobStore): Image {
  return imageOf(base, {
    layer,
    blob: store.blob(layer, layer.mediaType),
    config: { WorkingDir: "/app", Cmd: ["node", "--enable-source-maps", `/app/${bundleName(spec.entry)}`] },
  });
}

async function baseFor(spec: EntrySpec, options: PackOptions, store: BlobStore): Promise<Base> {
  const key = `${options.cache} ${spec.base ?? ""}`;
  const running = basesUnderWay.get(key);
  if (running !== undefined) return running;
  const work = spec.base === undefined ? defaultBase(store, options.onProgress) : remoteBase(spec.base, store, options);
  basesUnderWay.set(key, work);
  try {
    return await work;
  } finally {
    basesUnderWay.delete(key);
  }
}

interface KeptLayer {
  readonly layer: Layer;
  readonly stamps: readonly Stamp[];
  readonly include: readonly IncludedFile[];
}

/** The app's own layer, from the cache when none of its inputs was touched. */
async function appLayer(spec: EntrySpec, options: PackOptions, store: BlobStore): Promise<Layer> {
  const include = await includedFiles(spec.include ?? [], spec.folder);
  const key = `app-${digestOf(JSON.stringify([recipe, spec.entry, spec.folder, spec.include ?? []])).slice(7, 39)}`;
  const kept = await store.record<KeptLayer>(key);
  if (
    kept &&
    JSON.stringify(kept.include) === JSON.stringify(include) &&
    unchanged(kept.stamps) &&
    (await store.size(kept.layer.digest)) === kept.layer.size
  ) {
    return kept.layer;
  }
  const startedMs = Date.now();
  const made = await bundle(spec.entry, spec.folder);
  const stamps = stampsOf([...watchedPaths(made.inputs), ...include.map((file) => file.path)]);
  for (const warning of made.warnings) options.onProgress?.(warning);
  const layer = await writeLayer(await entriesOf(made.files, include), store);
  // A file touched meanwhile may have been read before: that layer is good for now, but not to be trusted later.
  const settled = stamps.every(([, , modifiedMs]) => modifiedMs < startedMs);
  if (settled) await store.keep(key, { layer, stamps, include } satisfies KeptLayer);
  return layer;
}

async function entriesOf(
  bundled: readonly { readonly name: string; readonly data: Uint8Array }[],
  include: readonly IncludedFile[],
): Promise<readonly LayerEntry[]> {
  const entries = new Map<string, LayerEntry>([["app", { path: "app", type: "folder" }]]);
  for (const file of include) {
    const parts = file.name.split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const path = `app/${parts.slice(0, depth).join("/")}`;
      entries.set(path, { path, type: "folder" });
    }
    const path = `app/${file.name}`;
    entries.set(path, {
      path,
      type: "file",
      data: await readFile(file.path),
      mode: file.executable ? 0o755 : 0o644,
    });
  }
  for (const file of bundled) {
    const path = `app/${file.name}`;
    if (entries.has(path)) {
      throw new Failure({
        code: "ENTRY_INVALID",
        what: `include brings a file ${file.name}, which is the name of the bundle`,
        next: "rename one of the two",
      });
    }
    entries.set(path, { path, type: "file", data: file.data });
  }
  return [...entries.values()];
}
