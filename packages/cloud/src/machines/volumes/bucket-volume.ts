import { type FSWatcher, mkdirSync, type Stats, statSync, unlinkSync, watch } from "node:fs";
import { readdir, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "@aloft/kit/failure";
import type { Principal } from "../../service.ts";
import type { BucketFile, BucketFiles } from "./bucket-files.ts";
import type { Volume, VolumeSpec } from "./volume.ts";

/** How often what others change in the bucket is looked for. */
const pullMs = 250;
/** A file that was not changed for so long counts as written to its end. */
const settledMs = 100;
/** All files are looked at again so often, whatever was told of them; and where nothing is told. */
const sweepMs = { watched: 10_000, unwatched: 1000 };

/** What stands on the disk for an object. */
interface Known {
  readonly file: BucketFile;
  readonly stamp: string;
}

export interface BucketVolumeOptions {
  readonly dir: string;
  /** A folder on the same disk, for what is on its way. */
  readonly work: string;
  readonly files: BucketFiles;
  readonly as: Principal;
  readonly warn: (text: string) => void;
}

/**
 * A folder that is kept as the bucket is: its objects are files in it when the instance starts and as they change, and
 * what programs write is uploaded once it was left alone for a moment, at the latest when they have ended. An object
 * whose name ends in `/` is a folder. Throws what Cloud Storage throws when the bucket cannot be listed.
 */
export async function bucketVolume(
  spec: Extract<VolumeSpec, { kind: "bucket" }>,
  options: BucketVolumeOptions,
): Promise<Volume> {
  const { dir, work, files, as } = options;
  const prefix = spec.onlyDir === "" ? "" : `${spec.onlyDir}/`;
  const known = new Map<string, Known>();
  const seen = new Map<string, { readonly stamp: string; readonly sinceMs: number }>();
  const implied = new Set<string>();
  const told = new Set<string>();
  let version: number | undefined = -1;
  let nextTemporary = 0;

  const warn = (text: string): void => {
    if (told.has(text)) return;
    told.add(text);
    options.warn(text);
  };
  const pathOf = (name: string): string => join(dir, name);
  const stampAt = (path: string): string | undefined => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? undefined : stampOf(found);
  };

  const place = async (file: BucketFile): Promise<void> => {
    const name = file.name.slice(prefix.length);
    const before = known.get(name);
    if (before?.file.generation === file.generation) return;
    const path = pathOf(name);
    if (name.endsWith("/")) {
      mkdirSync(path, { recursive: true });
      known.set(name, { file, stamp: folder });
      return;
    }
    // What a program here has changed and is not uploaded yet is the newer.
    if (stampAt(path) !== before?.stamp) return;
    const temporary = join(work, `${++nextTemporary}`);
    try {
      await files.fetch(spec.bucket, file, temporary, as);
      mkdirSync(dirname(path), { recursive: true });
      for (let at = name.indexOf("/"); at >= 0; at = name.indexOf("/", at + 1)) implied.add(name.slice(0, at + 1));
      await rename(temporary, path);
      known.set(name, { file, stamp: stampAt(path) ?? "" });
    } finally {
      await rm(temporary, { force: true });
    }
  };

  /** The bucket's changes come here. */
  const pull = async (): Promise<void> => {
    const now = files.version(spec.bucket);
    if (now === version) return;
    const listed = files.list(spec.bucket, prefix, as);
    version = now;
    const present = new Set<string>();
    for (const file of listed) {
      const name = file.name.slice(prefix.length);
      if (name === "") continue;
      if (!canBeFile(name)) {
        warn(`Object ${file.name} of bucket ${spec.bucket} has a name that no file can have; it is not in the volume.`);
        continue;
      }
      present.add(name);
      await place(file).catch((thrown) => warn(`Object ${file.name} could not be read: ${messageOf(thrown)}`));
    }
    for (const [name, { stamp }] of [...known].reverse()) {
      if (present.has(name)) continue;
      known.delete(name);
      if (name.endsWith("/")) await rmdir(pathOf(name)).catch(() => undefined);
      else if (stampAt(pathOf(name)) === stamp) unlinkSync(pathOf(name));
    }
  };

  const upload = async (name: string, path: string, stamp: string): Promise<void> => {
    const file = await files.put(spec.bucket, `${prefix}${name}`, path, as);
    known.set(name, { file, stamp });
  };

  /** What programs changed goes to the bucket. Answers whether something is still being written. */
  const push = async (whole: boolean): Promise<boolean> => {
    const present = new Set<string>();
    let again = false;
    const one = async (name: string, path: string, found: Stats): Promise<void> => {
      const stamp = found.isDirectory() ? folder : stampOf(found);
      if (known.get(name)?.stamp === stamp) return;
      const before = seen.get(name);
      const now = performance.now();
      const since = before?.stamp === stamp ? before.sinceMs : now;
      if (!whole && stamp !== folder && now - since < settledMs) {
        seen.set(name, { stamp, sinceMs: since });
        again = true;
        return;
      }
      seen.delete(name);
      await upload(name, path, stamp);
    };
    const walk = async (below: string): Promise<void> => {
      for (const entry of await readdir(join(dir, below), { withFileTypes: true }).catch(() => [])) {
        const name = `${below}${entry.name}${entry.isDirectory() ? "/" : ""}`;
        if (!entry.isDirectory() && !entry.isFile()) {
          warn(`${name} is neither a file nor a folder; it is not kept in bucket ${spec.bucket}.`);
          continue;
        }
        present.add(name);
        const found = await stat(pathOf(name)).catch(() => undefined);
        // A folder that objects lie in, or lay in, needs no object of its own.
        if (entry.isDirectory() && (await readdir(pathOf(name)).catch(() => [])).length > 0) implied.add(name);
        if (found !== undefined && !implied.has(name)) {
          await one(name, pathOf(name), found).catch((thrown) =>
            warn(`${name} could not be written to bucket ${spec.bucket}: ${messageOf(thrown)}`),
          );
        }
        if (entry.isDirectory()) await walk(name);
      }
    };
    await walk("");
    for (const [name, { file }] of [...known].reverse()) {
      if (present.has(name)) continue;
      known.delete(name);
      try {
        files.remove(spec.bucket, file, as);
      } catch (thrown) {
        warn(`${name} could not be removed from bucket ${spec.bucket}: ${messageOf(thrown)}`);
      }
    }
    return again;
  };

  mkdirSync(dir, { recursive: true });
  mkdirSync(work, { recursive: true });
  await pull();

  let dirty = false;
  let busy: Promise<void> | undefined;
  let sweptMs = performance.now();
  let watcher: FSWatcher | undefined;
  const sweepEveryMs = (): number => (watcher === undefined ? sweepMs.unwatched : sweepMs.watched);
  const round = async (): Promise<void> => {
    try {
      if (!spec.readOnly && (dirty || performance.now() - sweptMs > sweepEveryMs())) {
        sweptMs = performance.now();
        dirty = false;
        if (await push(false)) dirty = true;
      }
      await pull();
    } catch (thrown) {
      warn(`Bucket ${spec.bucket}: ${messageOf(thrown)}`);
    }
  };
  const tick = (): void => {
    busy ??= round().finally(() => {
      busy = undefined;
    });
  };
  const timer = setInterval(tick, pullMs).unref();
  if (!spec.readOnly) {
    const unwatched = (): void => {
      watcher?.close();
      watcher = undefined;
    };
    try {
      watcher = watch(dir, { recursive: true, persistent: false }, () => {
        dirty = true;
      });
      watcher.on("error", unwatched);
    } catch {
      // This machine watches as much as it can already.
      unwatched();
    }
  }
  return {
    dir,
    readOnly: spec.readOnly,
    close: async () => {
      clearInterval(timer);
      watcher?.close();
      await busy;
      if (!spec.readOnly) await push(true);
    },
  };
}

const folder = "folder";

const stampOf = ({ ino, mtimeMs, size }: Stats): string => `${ino} ${mtimeMs} ${size}`;

/** Whether an object's name is a path below a folder. */
function canBeFile(name: string): boolean {
  const parts = (name.endsWith("/") ? name.slice(0, -1) : name).split("/");
  return parts.every(
    (part) => part !== "" && part !== "." && part !== ".." && !part.includes("\0") && Buffer.byteLength(part) <= 255,
  );
}
