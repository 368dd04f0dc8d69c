import { createHash, type Hash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { randomIds } from "@aloft/kit/ids";
import type { Blob } from "./image.ts";

/** What a blob is, without its bytes. */
export interface BlobInfo {
  /** `sha256:…` */
  readonly digest: string;
  readonly size: number;
}

/** Blobs by digest and small records by key, in a folder that may be deleted at any time. */
export interface BlobStore {
  /** Its size in bytes, or undefined when it is not there. */
  size(digest: string): Promise<number | undefined>;
  read(digest: string): Promise<Buffer>;
  /** The blob as the image contract wants it. It must be there. */
  blob(info: BlobInfo, mediaType: string): Blob;
  /** Streams `source` in under its digest. With `expected`, bytes of another digest are thrown away and it throws. */
  write(source: AsyncIterable<Uint8Array>, expected?: string): Promise<BlobInfo>;
  /** A record that was kept, or undefined when there is none that can be read. */
  record<T>(key: string): Promise<T | undefined>;
  keep(key: string, record: unknown): Promise<void>;
}

export function digestOf(data: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(data).digest("hex")}`;
}

/** Passes bytes through and feeds them to `hash`. */
export function hashing(hash: Hash, onSize?: (total: number) => void): Transform {
  let total = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      total += chunk.length;
      onSize?.(total);
      done(null, chunk);
    },
  });
}

/** A blob that lives in memory. */
export function memoryBlob(data: Uint8Array, mediaType: string): Blob {
  return {
    digest: digestOf(data),
    size: data.byteLength,
    mediaType,
    open: async function* () {
      yield data;
    },
  };
}

export function createBlobStore(folder: string): BlobStore {
  const blobs = join(folder, "blobs", "sha256");
  const records = join(folder, "records");
  const pathOf = (digest: string): string => join(blobs, digest.slice("sha256:".length));

  /** Makes `path` appear whole or not at all: written beside, then renamed. */
  const appear = async (path: string, fill: (draft: string) => Promise<void>): Promise<void> => {
    const draft = `${path}.${randomIds.short(10)}.part`;
    try {
      await fill(draft);
      await rename(draft, path);
    } catch (thrown) {
      await rm(draft, { force: true });
      throw thrown;
    }
  };

  return {
    size: async (digest) => {
      const found = await stat(pathOf(digest)).catch(() => undefined);
      return found?.size;
    },
    read: (digest) => readFile(pathOf(digest)),
    blob: (info, mediaType) => ({
      ...info,
      mediaType,
      open: () => createReadStream(pathOf(info.digest), { highWaterMark: 1 << 20 }),
    }),
    write: async (source, expected) => {
      await mkdir(blobs, { recursive: true });
      const hash = createHash("sha256");
      const draft = join(blobs, `${randomIds.short(12)}.part`);
      let size = 0;
      try {
        await pipeline(
          source,
          hashing(hash, (total) => {
            size = total;
          }),
          createWriteStream(draft, { highWaterMark: 1 << 20 }),
        );
        const digest = `sha256:${hash.digest("hex")}`;
        if (expected !== undefined && digest !== expected) {
          throw new Error(`the bytes have the digest ${digest}, not ${expected}`);
        }
        await rename(draft, pathOf(digest));
        return { digest, size };
      } catch (thrown) {
        await rm(draft, { force: true });
        throw thrown;
      }
    },
    record: async <T>(key: string) => {
      try {
        return JSON.parse(await readFile(join(records, `${key}.json`), "utf8")) as T;
      } catch {
        return undefined;
      }
    },
    keep: async (key, record) => {
      await mkdir(records, { recursive: true });
      await appear(join(records, `${key}.json`), (draft) => writeFile(draft, JSON.stringify(record)));
    },
  };
}
