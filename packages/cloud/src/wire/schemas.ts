import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  clone,
  create,
  createFileRegistry,
  createMutableRegistry,
  type DescFile,
  type DescMessage,
  type DescService,
  fromBinary,
  type Registry,
  toBinary,
} from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import * as wkt from "@bufbuild/protobuf/wkt";
import type { Schemas } from "../host.ts";

/** `Schemas` with what the wire needs besides: descriptor sets by name, services, the registry behind them. */
export interface SchemaSet extends Schemas {
  /**
   * Loads `gen/<set>.binpb` unless it is; a file that several sets import is loaded once. Throws on an unknown set.
   * Answers every service that its files define.
   */
  load(set: string): readonly DescService[];
  /** A service among what is loaded, or in the set whose protos define its package; undefined when there is none. */
  service(typeName: string): DescService | undefined;
  /** A message type likewise. */
  find(typeName: string): DescMessage | undefined;
  /** Everything loaded so far; grows. */
  readonly registry: Registry;
}

const gen = join(import.meta.dirname, "../../gen");
const suffix = ".binpb";

/** Descriptor sets read from `gen/` when first needed, in one registry, so that a type is one object everywhere. */
export function createSchemas(folder: string = gen): SchemaSet {
  const files = new Map<string, DescFile>();
  const registry = createMutableRegistry();
  const unread = new Set<string>(
    readdirSync(folder)
      .filter((name) => name.endsWith(suffix))
      .map((name) => name.slice(0, -suffix.length)),
  );
  const bytesOf = new Map<string, Buffer>();
  const loaded = new Map<string, readonly DescService[]>();

  const add = (file: DescFile): void => {
    files.set(file.proto.name, file);
    registerTypes(registry, file);
  };
  for (const value of Object.values(wkt)) {
    if (typeof value === "object" && "kind" in value && value.kind === "file") add(value as DescFile);
  }

  const read = (set: string): Buffer => {
    let bytes = bytesOf.get(set);
    if (bytes === undefined) {
      bytes = readFileSync(join(folder, set + suffix));
      bytesOf.set(set, bytes);
    }
    return bytes;
  };

  const load = (set: string): readonly DescService[] => {
    const before = loaded.get(set);
    if (before !== undefined) return before;
    const services: DescService[] = [];
    if (!unread.has(set)) throw new Error(`there is no descriptor set gen/${set}${suffix}`);
    for (const { name, bytes } of filesOf(read(set))) {
      let file = files.get(name);
      if (file === undefined) {
        const proto = fromBinary(wkt.FileDescriptorProtoSchema, bytes);
        file = createFileRegistry(proto, (name) => files.get(name)).getFile(proto.name);
        if (file === undefined) throw new Error(`${proto.name} of gen/${set}${suffix} could not be read`);
        add(file);
      }
      services.push(...file.services);
    }
    loaded.set(set, services);
    unread.delete(set);
    bytesOf.delete(set);
    return services;
  };

  /** Looks, and loads the sets whose bytes name the type's package and last name until it is there. */
  const lookup = <T>(typeName: string, get: () => T | undefined): T | undefined => {
    const found = get();
    if (found !== undefined) return found;
    const parts = typeName.split(".");
    const name = parts.at(-1) ?? "";
    const scope = parts.filter((part) => /^[a-z]/.test(part)).join(".");
    for (const set of [...unread].sort((a, b) => Number(b === "common") - Number(a === "common"))) {
      const bytes = read(set);
      if (!bytes.includes(scope) || !bytes.includes(name)) continue;
      load(set);
      const now = get();
      if (now !== undefined) return now;
    }
    return undefined;
  };

  const find = (typeName: string): DescMessage | undefined => lookup(typeName, () => registry.getMessage(typeName));

  return {
    load,
    registry,
    find,
    service: (typeName) => lookup(typeName, () => registry.getService(typeName)),
    message: <S extends DescMessage>(typeName: string): S => {
      const schema = find(typeName);
      if (schema === undefined) throw new Error(`no descriptor set under gen/ has the message ${typeName}`);
      return schema as S;
    },
    create: (schema, init) => create(schema, init),
    encode: (schema, message) => toBinary(schema, message),
    decode: (schema, bytes) => fromBinary(schema, bytes),
    clone: (schema, message) => clone(schema, message),
  };
}

/** The files of a set, by name, not decoded: most of them are known from another set. */
function* filesOf(set: Buffer): Generator<{ readonly name: string; readonly bytes: Uint8Array }> {
  const reader = new BinaryReader(set);
  while (reader.pos < reader.len) {
    reader.tag();
    const bytes = reader.bytes();
    // protoc writes fields by number: the name comes first.
    const file = new BinaryReader(bytes);
    file.tag();
    yield { name: file.string(), bytes };
  }
}

function registerTypes(registry: ReturnType<typeof createMutableRegistry>, file: DescFile): void {
  const nested = (message: DescMessage): void => {
    registry.add(message);
    for (const each of message.nestedEnums) registry.add(each);
    for (const each of message.nestedExtensions) registry.add(each);
    message.nestedMessages.forEach(nested);
  };
  file.messages.forEach(nested);
  for (const each of file.enums) registry.add(each);
  for (const each of file.extensions) registry.add(each);
  for (const each of file.services) registry.add(each);
}
