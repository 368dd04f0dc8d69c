import { type DescMessage, fromJson, type JsonValue, type MessageShape } from "@bufbuild/protobuf";
import type { Json, JsonObject } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";

/** An object at this place of a request; `{}` where there is none. Throws INVALID_ARGUMENT for anything else. */
export function objectAt(value: Json | undefined, field: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (typeof value === "object" && !isList(value)) return value;
  throw wrong(field, "an object");
}

/** The objects of a list at this place; none where there is no list. Throws INVALID_ARGUMENT for anything else. */
export function objectsAt(value: Json | undefined, field: string): readonly JsonObject[] {
  return listAt(value, field).map((each, i) => objectAt(each, `${field}[${i}]`));
}

export function listAt(value: Json | undefined, field: string): readonly Json[] {
  if (value === undefined || value === null) return [];
  if (isList(value)) return value;
  throw wrong(field, "a list");
}

/** `""` where there is none. */
export function textAt(value: Json | undefined, field: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw wrong(field, "a string");
}

/** A whole number, or one in a string as int64 is written; undefined where there is none. */
export function wholeAt(value: Json | undefined, field: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  const number = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number)) return number;
  throw wrong(field, "a whole number");
}

export function flagAt(value: Json | undefined, field: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === "boolean") return value;
  throw wrong(field, "true or false");
}

export function textsAt(value: Json | undefined, field: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(objectAt(value, field)).map(([k, v]) => [k, textAt(v, `${field}.${k}`)]));
}

/** Throws UNIMPLEMENTED that names those of `fields` that hold something. */
export function refuseFields(value: JsonObject, at: string, fields: readonly string[]): void {
  const set = fields.filter((name) => !isEmpty(value[name]));
  if (set.length === 0) return;
  const named = set.map((name) => `${at}.${name}`).join(", ");
  throw new RpcError("UNIMPLEMENTED", `Not implemented by the local Cloud Run: ${named}.`);
}

/** The message that proto JSON stands for. Throws INVALID_ARGUMENT where it does not fit. */
export function messageOf<S extends DescMessage>(schema: S, json: object): MessageShape<S> {
  try {
    return fromJson(schema, tidy(json, ["emptyDir"]) as JsonValue);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new RpcError("INVALID_ARGUMENT", `Invalid JSON payload received. ${why}`);
  }
}

/** Plain JSON without what is absent: `undefined`, and empty objects and lists (`keep` names those that stay). */
export function tidy(value: object, keep: readonly string[] = []): JsonObject {
  return (tidied(value as Json, keep) ?? {}) as JsonObject;
}

function tidied(value: Json | undefined, keep: readonly string[]): Json | undefined {
  if (value === undefined || value === null || typeof value !== "object") return value ?? undefined;
  if (isList(value)) return value.map((each) => tidied(each, keep) ?? {});
  const found: Record<string, Json> = {};
  for (const [name, each] of Object.entries(value)) {
    const inner = tidied(each, keep);
    if (inner === undefined || (isBare(inner) && !keep.includes(name))) continue;
    found[name] = inner;
  }
  return found;
}

const isBare = (value: Json): boolean => typeof value === "object" && value !== null && Object.keys(value).length === 0;

function isEmpty(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (typeof value !== "object") return false;
  return isList(value) ? value.length === 0 : Object.values(value).every(isEmpty);
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

function wrong(field: string, what: string): RpcError {
  return new RpcError("INVALID_ARGUMENT", `Invalid value at '${field}': ${what} is expected.`);
}
