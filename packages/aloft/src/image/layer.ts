import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { pack as createTar } from "tar-stream";
import { type BlobStore, hashing } from "./blobs.ts";

/** One thing in a layer. Paths are relative to the image's root, without a leading slash. */
export type LayerEntry =
  | { readonly path: string; readonly type: "folder"; readonly mode?: number }
  | { readonly path: string; readonly type: "file"; readonly data: string | Uint8Array; readonly mode?: number }
  /** Copied from this machine; `size` in bytes. */
  | {
      readonly path: string;
      readonly type: "copy";
      readonly from: string;
      readonly size: number;
      readonly mode?: number;
    }
  | { readonly path: string; readonly type: "link"; readonly to: string };

/** A layer in the cache: its compressed blob, and the digest of the tar inside, which the config names. */
export interface Layer {
  readonly digest: string;
  readonly size: number;
  readonly diffId: string;
  readonly mediaType: string;
}

export const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";

/**
 * Writes the entries as one layer. The same entries give the same bytes: sorted by path, owner 0, time 0, a fixed level
 * (1: a Node of 150 MB takes a second and a half) and nothing of this machine in gzip's header.
 */
export async function writeLayer(entries: readonly LayerEntry[], store: BlobStore): Promise<Layer> {
  const tar = createTar({ highWaterMark: 1 << 20 });
  const diff = createHash("sha256");
  const sorted = [...entries].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const gzip = createGzip({ level: 1, chunkSize: 1 << 18 });
  const compressing = pipeline(tar, hashing(diff), gzip);
  const storing = store.write(plainHeader(gzip));
  const failed = (): void => {};
  compressing.catch(failed);
  storing.catch(failed);
  try {
    for (const entry of sorted) await append(tar, entry);
    tar.finalize();
    await compressing;
  } catch (thrown) {
    tar.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
    gzip.destroy();
    await storing.catch(failed);
    throw thrown;
  }
  const { digest, size } = await storing;
  return { digest, size, diffId: `sha256:${diff.digest("hex")}`, mediaType: layerType };
}

type Tar = ReturnType<typeof createTar>;

async function append(tar: Tar, entry: LayerEntry): Promise<void> {
  const common = { mtime: new Date(0), uid: 0, gid: 0, uname: "", gname: "" };
  if (entry.type === "folder") {
    tar.entry({ ...common, name: `${entry.path}/`, type: "directory", mode: entry.mode ?? 0o755 });
  } else if (entry.type === "link") {
    tar.entry({ ...common, name: entry.path, type: "symlink", linkname: entry.to, mode: 0o777 });
  } else if (entry.type === "file") {
    const data = typeof entry.data === "string" ? Buffer.from(entry.data) : Buffer.from(entry.data);
    tar.entry({ ...common, name: entry.path, mode: entry.mode ?? 0o644 }, data);
  } else {
    const file = tar.entry({ ...common, name: entry.path, mode: entry.mode ?? 0o644, size: entry.size });
    await pipeline(createReadStream(entry.from, { highWaterMark: 1 << 20 }), file);
  }
}

/** Sets the "operating system" byte of gzip's header (RFC 1952, offset 9) to "unknown": zlib writes what it runs on. */
async function* plainHeader(gzip: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let at = 0;
  for await (const chunk of gzip) {
    if (at <= 9 && at + chunk.length > 9) chunk[9 - at] = 255;
    at += chunk.length;
    yield chunk;
  }
}
