import { type DescField, type DescMessage, fromBinary, type Message, ScalarType } from "@bufbuild/protobuf";
import type { Any, Duration, FieldMask, ListValue, Struct, Timestamp, Value } from "@bufbuild/protobuf/wkt";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import type { Json } from "../service.ts";
import { formatDurationText, formatMask, formatTime } from "./json-wkt.ts";

export interface EncodeOptions {
  /** Where the types of `Any` are looked up. */
  readonly find: (typeName: string) => DescMessage | undefined;
  /** `$alt=json;enum-encoding=int` */
  readonly enumAsInteger?: boolean;
}

type Fields = { [name: string]: unknown };
type Out = { [key: string]: Json };
type Writer = (value: unknown, options: EncodeOptions) => Json;
type FieldWriter = (message: Fields, out: Out, options: EncodeOptions) => void;

/**
 * A message as proto3 JSON, as Google's doors write it: fields by number, defaults left out, 64-bit integers as text. It
 * never throws for what a message holds: an `Any` of an unknown type is written with its bytes, an unknown enum value
 * as its number, a mask path that does not round-trip as it is.
 */
export function encodeJson(schema: DescMessage, message: Message, options: EncodeOptions): Json {
  return writerOf(schema)(message, options);
}

const writers = new WeakMap<DescMessage, Writer>();

function writerOf(schema: DescMessage): Writer {
  const known = writers.get(schema);
  if (known !== undefined) return known;
  const special = wellKnown(schema);
  if (special !== undefined) {
    writers.set(schema, special);
    return special;
  }
  const fields: FieldWriter[] = [];
  const write: Writer = (message, options) => {
    const out: Out = {};
    for (const field of fields) field(message as Fields, out, options);
    return out;
  };
  writers.set(schema, write);
  for (const field of [...schema.fields].sort((a, b) => a.number - b.number)) fields.push(fieldWriter(field));
  return write;
}

function fieldWriter(field: DescField): FieldWriter {
  const { localName, jsonName } = field;
  if (field.fieldKind === "list") {
    const item = valueWriter(field, field.listKind === "message");
    return (message, out, options) => {
      const list = message[localName] as unknown[];
      if (list.length > 0) out[jsonName] = list.map((each) => item(each, options));
    };
  }
  if (field.fieldKind === "map") {
    const item = valueWriter(field, field.mapKind === "message");
    return (message, out, options) => {
      const entries = Object.entries(message[localName] as Fields);
      if (entries.length === 0) return;
      out[jsonName] = Object.fromEntries(entries.map(([key, value]) => [key, item(value, options)]));
    };
  }
  const write = valueWriter(field, field.fieldKind === "message");
  if (field.oneof !== undefined) {
    const group = field.oneof.localName;
    return (message, out, options) => {
      const chosen = message[group] as { case?: string; value?: unknown };
      if (chosen.case === localName) out[jsonName] = write(chosen.value, options);
    };
  }
  const implicit = field.presence === 2;
  return (message, out, options) => {
    const value = message[localName];
    if (value === undefined || (implicit && isZero(value))) return;
    out[jsonName] = write(value, options);
  };
}

function isZero(value: unknown): boolean {
  return (
    value === "" ||
    value === 0 ||
    value === false ||
    value === 0n ||
    (value instanceof Uint8Array && value.length === 0)
  );
}

function valueWriter(field: DescField, isMessage: boolean): Writer {
  if (isMessage && field.message !== undefined) {
    const schema = field.message;
    // Singular wrapper fields and Struct fields hold the bare value (protobuf-es).
    if (field.fieldKind === "message" && field.oneof === undefined && isWrapperDesc(schema)) {
      const inner = schema.fields[0];
      return scalarWriter(inner?.scalar);
    }
    if (schema.typeName === "google.protobuf.Struct") return (value) => value as Json;
    let write: Writer | undefined;
    return (value, options) => {
      write ??= writerOf(schema);
      return write(value, options);
    };
  }
  if (field.enum !== undefined) {
    const names = field.enum.value;
    if (field.enum.typeName === "google.protobuf.NullValue") return () => null;
    return (value, options) => {
      const number = value as number;
      return options.enumAsInteger ? number : (names[number]?.name ?? number);
    };
  }
  return scalarWriter(field.scalar);
}

function scalarWriter(scalar: ScalarType | undefined): Writer {
  switch (scalar) {
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return (value) => String(value);
    case ScalarType.BYTES:
      return (value) => base64(value as Uint8Array);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return (value) => (Number.isFinite(value) ? (value as number) : String(value));
    default:
      return (value) => value as Json;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

function wellKnown(schema: DescMessage): Writer | undefined {
  switch (schema.typeName) {
    case "google.protobuf.Timestamp":
      return (value) => formatTime(value as Timestamp);
    case "google.protobuf.Duration":
      return (value) => formatDurationText(value as Duration);
    case "google.protobuf.FieldMask":
      return (value) => formatMask((value as FieldMask).paths);
    case "google.protobuf.Struct":
      return (value) => struct(value as Struct);
    case "google.protobuf.Value":
      return (value) => dynamic(value as Value);
    case "google.protobuf.ListValue":
      return (value) => (value as ListValue).values.map(dynamic);
    case "google.protobuf.Any":
      return (value, options) => any(value as Any, options);
    default: {
      if (!isWrapperDesc(schema)) return undefined;
      const write = scalarWriter(schema.fields[0]?.scalar);
      return (message, options) => write((message as unknown as { value: unknown }).value, options);
    }
  }
}

function struct(value: Struct): Json {
  return Object.fromEntries(Object.entries(value.fields).map(([key, each]) => [key, dynamic(each)]));
}

function dynamic(value: Value): Json {
  switch (value.kind.case) {
    case "structValue":
      return struct(value.kind.value);
    case "listValue":
      return value.kind.value.values.map(dynamic);
    case "nullValue":
    case undefined:
      return null;
    case "numberValue":
      return Number.isFinite(value.kind.value) ? value.kind.value : String(value.kind.value);
    default:
      return value.kind.value;
  }
}

/** Types whose JSON is no object: inside an `Any` they stand under `value`. */
function boxed(schema: DescMessage): boolean {
  return wellKnown(schema) !== undefined;
}

function any(value: Any, options: EncodeOptions): Json {
  if (value.typeUrl === "") return {};
  const schema = options.find(value.typeUrl.slice(value.typeUrl.lastIndexOf("/") + 1));
  if (schema !== undefined) {
    try {
      const inner = encodeJson(schema, fromBinary(schema, value.value), options);
      return { "@type": value.typeUrl, ...(boxed(schema) ? { value: inner } : (inner as Out)) };
    } catch {
      // Bytes that are not of their type are shown as bytes.
    }
  }
  return { "@type": value.typeUrl, value: base64(value.value) };
}
