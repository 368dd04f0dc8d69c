import { create, type DescMessage, fromJson, type JsonValue, type Message, toBinary } from "@bufbuild/protobuf";
import {
  AnySchema,
  DurationSchema,
  FieldMaskSchema,
  ListValueSchema,
  StructSchema,
  TimestampSchema,
  ValueSchema,
} from "@bufbuild/protobuf/wkt";
import { type Decoding, decodeInto } from "./json-decode.ts";
import { BigNumber, type JsonIn, maxDepth, tooDeep } from "./json-text.ts";
import { parseDurationText, parseMask, parseTime } from "./json-wkt.ts";

/** `value` undefined: it was wrong, and has been told. */
type Special = { readonly value: Message | undefined };

/** A well-known type that has a JSON of its own; undefined for every other type. */
export function decodeSpecial(
  decoding: Decoding,
  schema: DescMessage,
  value: JsonIn,
  at: string,
  depth: number,
): Special | undefined {
  if (!schema.typeName.startsWith("google.protobuf.")) return undefined;
  const wrong = (why: string): Special => {
    decoding.violations.invalid(at, `type.googleapis.com/${schema.typeName}`, why);
    return { value: undefined };
  };
  const free = (): JsonValue => plain(value, depth) as JsonValue;
  switch (schema.typeName) {
    case "google.protobuf.Timestamp":
      return timestamp(value, at, wrong);
    case "google.protobuf.Duration":
      return duration(value, at, wrong);
    case "google.protobuf.FieldMask":
      if (typeof value === "string") return { value: create(FieldMaskSchema, { paths: parseMask(value) }) };
      return isPlainObject(value) ? undefined : wrong(show(value));
    case "google.protobuf.Struct":
      return isPlainObject(value) ? { value: fromJson(StructSchema, free()) } : wrong(show(value));
    case "google.protobuf.Value":
      return { value: fromJson(ValueSchema, free()) };
    case "google.protobuf.ListValue":
      return Array.isArray(value) ? { value: fromJson(ListValueSchema, free()) } : wrong(show(value));
    case "google.protobuf.Any":
      return any(decoding, value, at, depth, wrong);
    default:
      return undefined;
  }
}

function timestamp(value: JsonIn, at: string, wrong: (why: string) => Special): Special {
  if (typeof value !== "string") return wrong(show(value));
  const time = parseTime(value);
  if (time !== undefined) return { value: create(TimestampSchema, time) };
  const zoned = /([Zz]|[+-]\d\d:\d\d)$/.test(value);
  return wrong(
    zoned
      ? `Field '${jsonNameAt(at)}', Invalid time format: ${value}`
      : `Field '${jsonNameAt(at)}', Illegal timestamp format; timestamps must end with 'Z' or have a valid timezone offset.`,
  );
}

function duration(value: JsonIn, at: string, wrong: (why: string) => Special): Special {
  if (typeof value !== "string") return wrong(show(value));
  const parsed = parseDurationText(value);
  if (parsed !== undefined) return { value: create(DurationSchema, parsed) };
  return wrong(
    value.endsWith("s")
      ? `Field '${jsonNameAt(at)}', Invalid duration format, failed to parse seconds`
      : `Field '${jsonNameAt(at)}', Illegal duration format; duration must end with 's'`,
  );
}

function any(decoding: Decoding, value: JsonIn, at: string, depth: number, wrong: (why: string) => Special): Special {
  if (!isPlainObject(value)) return wrong(show(value));
  const { "@type": url, ...rest } = value;
  if (url === undefined) {
    return Object.keys(rest).length === 0 ? { value: create(AnySchema) } : wrong("Missing @type for any field");
  }
  if (depth >= maxDepth) throw tooDeep("@type");
  const typeUrl = typeof url === "string" && url.includes("/") ? url : "";
  const typeName = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
  const inner = typeName === "" ? undefined : decoding.find(typeName);
  if (inner === undefined) return wrong(`Invalid type URL, unknown type: ${typeName}`);
  const special =
    "value" in rest ? decodeSpecial(decoding, inner, rest.value ?? null, `${at}.value`, depth + 1) : undefined;
  const message = special === undefined ? create(inner) : special.value;
  if (message === undefined) return { value: undefined };
  if (special === undefined) decodeInto(decoding, inner, message, rest, at, depth + 1);
  return { value: create(AnySchema, { typeUrl, value: toBinary(inner, message) }) };
}

/** The JSON name of the field at a path: `createTime` of `secret.create_time`. */
function jsonNameAt(at: string): string {
  const last =
    at
      .replace(/\[\d+\](\.value)?$/, "")
      .split(".")
      .at(-1) ?? "";
  return last.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

export function isPlainObject(value: JsonIn | undefined): value is { [key: string]: JsonIn } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof BigNumber);
}

/** Free JSON, with long numbers as doubles. Throws INVALID_ARGUMENT when it is too deep. */
export function plain(value: JsonIn, depth: number, key = ""): unknown {
  if (value instanceof BigNumber) return Number(value.source);
  if (typeof value !== "object" || value === null) return value;
  if (depth > maxDepth) throw tooDeep(key);
  if (Array.isArray(value)) return value.map((each) => plain(each, depth + 1, key));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each, depth + 1, name)]));
}

/** A value as Google's errors show it. */
export function show(value: JsonIn): string {
  if (value instanceof BigNumber) return value.source;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return Array.isArray(value) ? "list" : "object";
}
