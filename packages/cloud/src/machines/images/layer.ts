import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { chmod, link, lstat, mkdir, open, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { PassThrough, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { invalidImage, RevisionProblem } from "../problem.ts";
import { createRootPaths, type RootPaths } from "./root-paths.ts";

const whiteout = ".wh.";
const opaque = ".wh..wh..opq";
const smallBytes = 256 * 1024;

/**
 * Lays a layer (a tar, plain or compressed by gzip or zstd) over `root`. Whiteouts remove what is below; owners, device
 * nodes and set-id bits are ignored; nothing is ever read or written outside `root`, whatever the layer's names and
 * links say. Files of `root` may be hard links shared with other roots: they are replaced, never written into.
 * Throws ImageInvalid when the bytes are not a tar, or not those that the digests name.
 */
export async function applyLayer(
  file: string,
  root: string,
  expected: { readonly digest: string; readonly diffId: string },
): Promise<void> {
  const packed = hashing();
  const unpacked = hashing();
  const tar = extract();
  const paths = createRootPaths(root);
  const made = new Set<string>();
  const reading = pipeline(createReadStream(file), packed.stream, await decompressor(file), unpacked.stream, tar);
  try {
    const writing = (async () => {
      for await (const entry of tar) {
        await place(entry.header, entry as unknown as AsyncIterable<Buffer>, paths, made);
        entry.resume();
      }
    })();
    await Promise.all([reading, writing]);
  } catch (thrown) {
    await reading.catch(() => undefined);
    if (thrown instanceof RevisionProblem || isDiskTrouble(thrown)) throw thrown;
    throw invalidImage(`Layer ${expected.digest} is malformed: ${(thrown as Error).message}`, thrown);
  }
  for (const [what, want, have] of [
    ["digest", expected.digest, packed.digest()],
    ["diff id", expected.diffId, unpacked.digest()],
  ]) {
    if (want !== have) throw invalidImage(`Layer ${expected.digest} has the ${what} ${have}, not ${want}.`);
  }
}

async function place(header: Header, body: AsyncIterable<Buffer>, paths: RootPaths, made: Set<string>): Promise<void> {
  const name = header.name.replace(/^(\.?\/)+/, "").replace(/\/+$/, "");
  if (name === "" || name === ".") return;
  const parent = await paths.directory(dirname(name));
  const base = basename(name);
  if (base === opaque) return clearBelow(parent, made, paths);
  if (base.startsWith(whiteout)) return removeBelow(join(parent, base.slice(whiteout.length)), made, paths);
  const path = paths.within(parent, base);
  for (let up = path; up !== paths.root && !made.has(up); up = dirname(up)) made.add(up);
  const mode = (header.mode ?? 0o755) & 0o777;
  const there = await lstat(path).catch(() => undefined);
  if (header.type === "directory") {
    if (there?.isDirectory() !== true) {
      if (there !== undefined) await paths.remove(path);
      await mkdir(path);
    }
    return chmod(path, mode | 0o700);
  }
  if (there !== undefined) await paths.remove(path);
  switch (header.type) {
    case "file":
    case "contiguous-file":
      await write(path, body, mode | 0o400, header.size ?? 0);
      if (header.mtime !== undefined) await utimes(path, header.mtime, header.mtime);
      return;
    case "symlink":
      paths.forget();
      return symlink(header.linkname ?? "", path);
    case "link":
      return link(await paths.existing(header.linkname ?? ""), path);
  }
}

async function write(path: string, body: AsyncIterable<Buffer>, mode: number, size: number): Promise<void> {
  if (size > smallBytes) {
    await pipeline(body, createWriteStream(path, { flags: "wx", mode }));
  } else {
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    await writeFile(path, Buffer.concat(chunks), { flag: "wx", mode });
  }
  await chmod(path, mode);
}

/** Removes what lower layers left at the path; what this layer put there stays. */
async function removeBelow(path: string, made: ReadonlySet<string>, paths: RootPaths): Promise<void> {
  if (!made.has(path)) return paths.remove(path);
  const there = await lstat(path).catch(() => undefined);
  if (there?.isDirectory() === true) await clearBelow(path, made, paths);
}

async function clearBelow(directory: string, made: ReadonlySet<string>, paths: RootPaths): Promise<void> {
  for (const name of await readdir(directory)) await removeBelow(join(directory, name), made, paths);
}

async function decompressor(file: string): Promise<NodeJS.ReadWriteStream> {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(4);
    await handle.read(head, 0, 4, 0);
    if (head.readUInt16BE(0) === 0x1f8b) return createGunzip();
    if (head.readUInt32LE(0) === 0xfd2fb528) return createZstdDecompress();
    return new PassThrough();
  } finally {
    await handle.close();
  }
}

function hashing(): { readonly stream: Transform; readonly digest: () => string } {
  const hash = createHash("sha256");
  const stream = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  return { stream, digest: () => `sha256:${hash.digest("hex")}` };
}

/** The laptop's trouble, not the image's: a full disk, missing rights. */
function isDiskTrouble(thrown: unknown): boolean {
  const code = (thrown as NodeJS.ErrnoException).code;
  return (
    code === "ENOSPC" ||
    code === "EACCES" ||
    code === "EPERM" ||
    code === "EMFILE" ||
    code === "EIO" ||
    code === "EROFS"
  );
}

/** Removes a tree made by `applyLayer`. */
export const removeTree = (path: string): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: 2 });
