import { existsSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";

/** What a Linux program or library is linked with. */
export interface Linkage {
  /** The machine it is for, as ELF numbers them: 62 is x86-64. */
  readonly machine: number;
  /** Its dynamic loader: `/lib64/ld-linux-x86-64.so.2`. Libraries have none. */
  readonly interpreter: string | undefined;
  /** The libraries it names: `libc.so.6`. */
  readonly needed: readonly string[];
}

/** ELF's number for x86-64. */
export const x64 = 62;

const programTypes = { load: 1, dynamic: 2, interpreter: 3 } as const;
const dynamicTags = { end: 0n, needed: 1n, strings: 5n } as const;

/** Reads a 64-bit little-endian ELF file's headers. Undefined when it is none (System V ABI, chapters 4 and 5). */
export async function linkageOf(path: string): Promise<Linkage | undefined> {
  const file = await open(path);
  try {
    const header = await bytes(file, 0, 64);
    if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) {
      return undefined;
    }
    const segments = await programHeaders(file, header);
    const interpreter = segments.find((segment) => segment.type === programTypes.interpreter);
    const dynamic = segments.find((segment) => segment.type === programTypes.dynamic);
    return {
      machine: header.readUInt16LE(18),
      interpreter: interpreter && text(await bytes(file, interpreter.offset, interpreter.size), 0),
      needed: dynamic ? await neededBy(file, dynamic, segments) : [],
    };
  } finally {
    await file.close();
  }
}

/**
 * Every library that `program` is linked with, directly and through others, as name to path on this machine.
 * Throws an Error that names the library when one is not found.
 */
export async function librariesOf(program: Linkage, folders: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const open = [...program.needed];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    const path = folders.map((folder) => join(folder, name as string)).find((candidate) => existsSync(candidate));
    if (path === undefined) throw new Error(`the library ${name} is not in ${folders.join(", ")}`);
    found.set(name, path);
    open.push(...((await linkageOf(path))?.needed ?? []));
  }
  return found;
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly size: number;
}

async function bytes(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function text(data: Buffer, start: number): string {
  return data.toString("utf8", start, data.indexOf(0, start));
}

async function programHeaders(file: FileHandle, header: Buffer): Promise<readonly Segment[]> {
  const size = header.readUInt16LE(54);
  const count = header.readUInt16LE(56);
  const table = await bytes(file, Number(header.readBigUInt64LE(32)), size * count);
  return Array.from({ length: count }, (_, index) => {
    const at = index * size;
    return {
      type: table.readUInt32LE(at),
      offset: Number(table.readBigUInt64LE(at + 8)),
      address: table.readBigUInt64LE(at + 16),
      size: Number(table.readBigUInt64LE(at + 32)),
    };
  });
}

async function neededBy(file: FileHandle, dynamic: Segment, segments: readonly Segment[]): Promise<readonly string[]> {
  const table = await bytes(file, dynamic.offset, dynamic.size);
  const names: number[] = [];
  let stringsAt = 0n;
  for (let at = 0; at + 16 <= table.length; at += 16) {
    const tag = table.readBigUInt64LE(at);
    const value = table.readBigUInt64LE(at + 8);
    if (tag === dynamicTags.end) break;
    if (tag === dynamicTags.needed) names.push(Number(value));
    if (tag === dynamicTags.strings) stringsAt = value;
  }
  const home = segments.find(
    ({ type, address, size }) =>
      type === programTypes.load && stringsAt >= address && stringsAt < address + BigInt(size),
  );
  if (home === undefined) return [];
  const offset = home.offset + Number(stringsAt - home.address);
  return Promise.all(names.map(async (name) => text(await bytes(file, offset + name, 256), 0)));
}
