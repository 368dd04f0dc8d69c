import { createHash, type Hash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  fsyncSync,
  mkdirSync,
  openSync,
  type ReadStream,
  renameSync,
  rmSync,
} from "node:fs";
import { type FileHandle, open, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { crc32c } from "@aloft/kit/crc32c";
import type { Ids } from "@aloft/kit/ids";

/** Bytes as they came, in a file that belongs to nobody yet. */
export interface Received {
  readonly path: string;
  readonly size: number;
  /** Base64, as Google writes it; undefined where it was not worked out (composed objects have none). */
  readonly md5: string | undefined;
  /** Base64 of the four bytes, the highest first. */
  readonly crc32c: string;
}

export interface Sums {
  readonly md5: Hash;
  crc: number;
  size: number;
}

export const newSums = (): Sums => ({ md5: createHash("md5"), crc: 0, size: 0 });

export function addTo(sums: Sums, chunk: Uint8Array): void {
  sums.md5.update(chunk);
  sums.crc = crc32c(chunk, sums.crc);
  sums.size += chunk.length;
}

export function crcText(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString("base64");
}

/**
 * Object data on the disk. Bytes are written to a file beside, brought to the disk, and renamed into place in the same
 * turn in which their row is written: a row never names a file that is not whole, and a file without a row is swept.
 */
export interface Content {
  /** Takes a stream, chunk by chunk. When it breaks off, nothing is kept and its error is thrown. */
  receive(body: AsyncIterable<Uint8Array>): Promise<Received>;
  /** A file for an upload that comes in pieces. */
  partial(id: string): string;
  /** What a partial file holds so far, added up again. */
  measure(path: string): Promise<Sums>;
  append(path: string, body: AsyncIterable<Uint8Array>, sums: Sums, skip: number): Promise<void>;
  /** Brings the file to the disk; then `keep`, called with its id, writes its row. Throws what `keep` throws, the file gone. */
  commit<T>(received: Received, keep: (file: string) => T): Promise<T>;
  /** Opened at once: what is deleted from now on is read to its end all the same. */
  read(file: string): ReadStream;
  /** The open file, to be closed by who asked for it. */
  open(file: string): number;
  drop(file: string): void;
  discard(path: string): Promise<void>;
  /** Removes every file that `isKnown` does not know. */
  sweep(isKnown: (file: string) => boolean, isUpload: (id: string) => boolean): Promise<void>;
}

const pieceBytes = 256 * 1024;

export function createContent(root: string, ids: Ids): Content {
  const uploads = join(root, "uploads");
  const objects = join(root, "objects");
  mkdirSync(uploads, { recursive: true });
  mkdirSync(objects, { recursive: true });
  const pathOf = (file: string): string => join(objects, file.slice(0, 2), file);

  const content: Content = {
    receive: async (body) => {
      const path = join(uploads, `once-${ids.uuid()}`);
      const sums = newSums();
      try {
        await content.append(path, body, sums, 0);
      } catch (thrown) {
        await content.discard(path);
        throw thrown;
      }
      return { path, size: sums.size, md5: sums.md5.digest("base64"), crc32c: crcText(sums.crc) };
    },
    partial: (id) => join(uploads, id),
    measure: async (path) => {
      const sums = newSums();
      if ((await stat(path).catch(() => undefined)) === undefined) return sums;
      for await (const chunk of createReadStream(path, { highWaterMark: pieceBytes })) addTo(sums, chunk as Buffer);
      return sums;
    },
    append: async (path, body, sums, skip) => {
      const handle = await open(path, "a", 0o600);
      try {
        let left = skip;
        for await (const chunk of body) {
          const fresh = left === 0 ? chunk : chunk.subarray(Math.min(left, chunk.length));
          left -= chunk.length - fresh.length;
          if (fresh.length === 0) continue;
          await writeAll(handle, fresh);
          addTo(sums, fresh);
          giveBack(chunk);
        }
      } finally {
        await handle.close();
      }
    },
    commit: async (received, keep) => {
      const file = ids.uuid();
      const path = pathOf(file);
      try {
        const handle = await open(received.path, "r+");
        await handle.sync().finally(() => handle.close());
        mkdirSync(join(path, ".."), { recursive: true });
        renameSync(received.path, path);
        syncFolder(join(path, ".."));
        return keep(file);
      } catch (thrown) {
        rmSync(path, { force: true });
        await content.discard(received.path);
        throw thrown;
      }
    },
    read: (file) => {
      const path = pathOf(file);
      return createReadStream(path, { fd: openSync(path, "r"), highWaterMark: pieceBytes });
    },
    open: (file) => openSync(pathOf(file), "r"),
    drop: (file) => rmSync(pathOf(file), { force: true }),
    discard: (path) => rm(path, { force: true }),
    sweep: async (isKnown, isUpload) => {
      for (const id of await readdir(uploads)) if (!isUpload(id)) await rm(join(uploads, id), { force: true });
      for (const folder of await readdir(objects)) {
        for (const file of await readdir(join(objects, folder))) if (!isKnown(file)) content.drop(file);
      }
    },
  };
  return content;
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await handle.write(chunk, done)).bytesWritten;
}

function syncFolder(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Gives a chunk's memory back now: left to the collector, tens of megabytes pile up. Only where the chunk is all that is
 * in its memory, since of a part nobody knows who reads the rest.
 */
function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength && byteLength >= 16_384) buffer.transfer(0);
}
