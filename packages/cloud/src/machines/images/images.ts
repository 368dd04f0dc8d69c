import { existsSync, renameSync } from "node:fs";
import { mkdir, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Registry } from "../../services/artifactregistry/registry.ts";
import { invalidImage, RevisionProblem } from "../problem.ts";
import { words } from "../words.ts";
import { applyLayer, removeTree } from "./layer.ts";
import {
  amd64Of,
  chainIds,
  type Descriptor,
  type ImageConfig,
  isIndex,
  parseConfig,
  parseManifest,
  sha256,
} from "./oci.ts";
import { cloneTree } from "./tree.ts";

/** An image made ready: its file system, shared by all who run it and never written to, and how to run it. */
export interface ReadyImage {
  readonly root: string;
  readonly config: ImageConfig;
}

/** Turns image references into file systems. */
export interface Images {
  /**
   * Throws `RevisionProblem` ContainerMissing when there is no such image, ImageInvalid when it cannot be read or is not
   * for linux/amd64.
   */
  ready(ref: string): Promise<ReadyImage>;
  /**
   * Removes the roots that none of these images is made of, except what is being made now. `inUse` is asked again for
   * each root, so that an image taken into use meanwhile stays. Answers the roots' names. An image whose root is gone is
   * unpacked anew when it is asked for.
   */
  sweep(inUse: () => readonly string[]): Promise<readonly string[]>;
}

interface Layer {
  readonly blob: Descriptor;
  readonly diffId: string;
  /** The name of the root made of this layer and all below it. */
  readonly chain: string;
}

/** Images of a registry, unpacked under `dir/ROOT`: one folder for each stack of layers, by chain id, made once. */
export function createImages(options: {
  readonly registry: Registry;
  readonly dir: string;
  readonly temporaryName: () => string;
}): Images {
  const { registry, dir } = options;
  const underWay = new Map<string, Promise<string>>();
  /** The roots that an image is made of, for those that were made ready here. */
  const partsOf = new Map<string, readonly string[]>();
  const making = new Map<object, readonly string[]>();

  const blobBytes = async ({ digest }: Descriptor): Promise<Uint8Array> => {
    const blob = registry.blob(digest);
    if (blob === undefined) throw invalidImage(`The registry lacks the image's blob ${digest}.`);
    const bytes = await readFile(blob.path);
    if (`sha256:${sha256(bytes)}` !== digest)
      throw invalidImage(`The blob ${digest} has other bytes than its digest says.`);
    return bytes;
  };

  const manifestOf = (ref: string): Uint8Array => {
    const found = registry.resolve(ref);
    if (found === undefined) throw new RevisionProblem("ContainerMissing", words.imageMissing(ref));
    if (!isIndex(found.mediaType)) return found.bytes;
    const entry = amd64Of(found.bytes);
    if (entry === undefined) throw invalidImage(words.wrongPlatform(ref, found.mediaType));
    const inner = registry.resolve(`${ref.replace(/@sha256:.*$/, "").replace(/:[^/:]*$/, "")}@${entry.digest}`);
    if (inner === undefined)
      throw invalidImage(`The registry lacks ${entry.digest}, the image's manifest for linux/amd64.`);
    return inner.bytes;
  };

  const pathOf = (layer: Layer): string => join(dir, layer.chain);

  /** The root of the first `count` layers. The one below the last is kept too: images of one base share it. */
  const rootOf = (layers: readonly Layer[], count: number): Promise<string> => {
    const layer = layers[count - 1];
    if (layer === undefined) throw invalidImage("The image has no layers.");
    if (existsSync(pathOf(layer))) return Promise.resolve(pathOf(layer));
    const running = underWay.get(layer.chain);
    if (running !== undefined) return running;
    const work = build(layers, count).finally(() => underWay.delete(layer.chain));
    underWay.set(layer.chain, work);
    return work;
  };

  const build = async (layers: readonly Layer[], count: number): Promise<string> => {
    const top = layers[count - 1] as Layer;
    if (count === layers.length && count > 1) await rootOf(layers, count - 1);
    let below = count - 1;
    while (below > 0 && !existsSync(pathOf(layers[below - 1] as Layer))) below--;
    const work = join(dir, `.making-${options.temporaryName()}`);
    try {
      if (below > 0) await cloneTree(pathOf(layers[below - 1] as Layer), work, "link");
      else await mkdir(work, { recursive: true });
      for (const layer of layers.slice(below, count)) {
        const blob = registry.blob(layer.blob.digest);
        if (blob === undefined) throw invalidImage(`The registry lacks the image's layer ${layer.blob.digest}.`);
        await applyLayer(blob.path, work, { digest: layer.blob.digest, diffId: layer.diffId });
      }
      await rename(work, pathOf(top));
    } catch (thrown) {
      await removeTree(work);
      if (!existsSync(pathOf(top))) throw thrown;
    }
    return pathOf(top);
  };

  return {
    ready: async (ref) => {
      const manifest = parseManifest(manifestOf(ref));
      const config = parseConfig(await blobBytes(manifest.config));
      if (config.os !== "linux" || config.architecture !== "amd64") {
        throw invalidImage(words.wrongPlatform(ref, manifest.config.mediaType));
      }
      if (config.diffIds.length !== manifest.layers.length) {
        throw invalidImage(
          `The image's config knows ${config.diffIds.length} layers, its manifest ${manifest.layers.length}.`,
        );
      }
      const chain = chainIds(config.diffIds);
      const layers = manifest.layers.map((blob, at) => ({
        blob,
        diffId: config.diffIds[at] as string,
        chain: chain[at] as string,
      }));
      partsOf.set(ref, chain);
      making.set(manifest, chain);
      try {
        return { root: await rootOf(layers, layers.length), config };
      } finally {
        making.delete(manifest);
      }
    },
    sweep: async (inUse) => {
      const unused = (root: string): boolean =>
        ![...making.values(), ...inUse().map((ref) => partsOf.get(ref) ?? [])].some((parts) => parts.includes(root));
      const removed: string[] = [];
      for (const root of await readdir(dir)) {
        if (root.startsWith(".") || !unused(root)) continue;
        const aside = join(dir, `.making-${options.temporaryName()}`);
        renameSync(join(dir, root), aside);
        await removeTree(aside);
        removed.push(root);
      }
      return removed;
    },
  };
}
