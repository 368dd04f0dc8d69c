import { createHash, type Hash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { Ids } from "@aloft/kit/ids";
import type { StoredBlob } from "./registry.ts";

/** An upload that has begun: bytes so far and their running digest, so that nothing is read twice. */
interface Upload {
  readonly path: string;
  readonly handle: FileHandle;
  readonly hash: Hash;
  size: number;
  busy: boolean;
}

/** Why bytes were not taken. */
export type Refusal = "unknown" | "busy" | "range" | "digest";

/**
 * Content-addressed files: `blobs/sha256/ab/abcd…`. A blob is written beside, brought to the disk, and renamed into
 * place, so that a file under its digest is always whole. Uploads do not outlive the cloud; clients begin again.
 */
export type Blobs = ReturnType<typeof createBlobs>;

export function createBlobs(root: string, ids: Ids) {
  const uploadsDir = join(root, "uploads");
  rmSync(uploadsDir, { recursive: true, force: true });
  mkdirSync(uploadsDir, { recursive: true });
  const uploads = new Map<string, Upload>();

  const pathOf = (digest: string): string => {
    const hex = digest.slice("sha256:".length);
    return join(root, "blobs", "sha256", hex.slice(0, 2), hex);
  };

  const discard = async (id: string, upload: Upload): Promise<void> => {
    uploads.delete(id);
    await upload.handle.close();
    rmSync(upload.path, { force: true });
  };

  return {
    /** The file of a digest; undefined when there is none. */
    find: (digest: string): StoredBlob | undefined => {
      const path = pathOf(digest);
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? undefined : { path, size: stat.size };
    },

    begin: async (): Promise<string> => {
      const id = ids.uuid();
      const path = join(uploadsDir, id);
      uploads.set(id, { path, handle: await open(path, "wx"), hash: createHash("sha256"), size: 0, busy: false });
      return id;
    },

    /** Bytes so far; undefined for an unknown upload. */
    sizeOf: (id: string): number | undefined => uploads.get(id)?.size,

    /**
     * Appends what comes, as it comes. `from` is the offset the client believes in. When the client goes away midway,
     * what has arrived stays and the stream's error is thrown.
     */
    append: async (id: string, body: AsyncIterable<Uint8Array>, from?: number): Promise<number | Refusal> => {
      const upload = uploads.get(id);
      if (upload === undefined) return "unknown";
      if (upload.busy) return "busy";
      if (from !== undefined && from !== upload.size) return "range";
      upload.busy = true;
      try {
        for await (const chunk of body) {
          for (let done = 0; done < chunk.length; ) {
            done += (await upload.handle.write(chunk, done)).bytesWritten;
          }
          upload.hash.update(chunk);
          upload.size += chunk.length;
        }
      } finally {
        upload.busy = false;
      }
      return upload.size;
    },

    /**
     * Ends an upload as the blob of this digest, on the disk for good. `keep` is called in the same turn in which the
     * file comes to its place, so that nobody can find it unowned. A wrong digest ends the upload with nothing kept.
     */
    finish: async (id: string, digest: string, keep: (size: number) => void): Promise<undefined | Refusal> => {
      const upload = uploads.get(id);
      if (upload === undefined) return "unknown";
      if (upload.busy) return "busy";
      upload.busy = true;
      if (`sha256:${upload.hash.digest("hex")}` !== digest) {
        await discard(id, upload);
        return "digest";
      }
      await upload.handle.sync();
      await upload.handle.close();
      uploads.delete(id);
      const path = pathOf(digest);
      const dir = join(path, "..");
      mkdirSync(dir, { recursive: true });
      renameSync(upload.path, path);
      syncDirectory(dir);
      keep(upload.size);
      return undefined;
    },

    /** False when there was none. */
    cancel: async (id: string): Promise<boolean> => {
      const upload = uploads.get(id);
      if (upload === undefined || upload.busy) return false;
      await discard(id, upload);
      return true;
    },

    /** Deletes the file of a digest that nothing refers to any more. */
    drop: (digest: string): void => rmSync(pathOf(digest), { force: true }),

    has: (digest: string): boolean => existsSync(pathOf(digest)),

    close: async (): Promise<void> => {
      for (const [id, upload] of uploads) await discard(id, upload);
    },
  };
}

function syncDirectory(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
