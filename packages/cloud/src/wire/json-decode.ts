import { create, type DescEnum, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { scalarFrom, scalarTypeName } from "./json-scalar.ts";
import { decodeSpecial, isPlainObject, plain, show } from "./json-special.ts";
import { BigNumber, type JsonIn, maxDepth, tooDeep } from "./json-text.ts";
import type { Violations } from "./violations.ts";

/** A message's fields, as protobuf-es keeps them. */
export type Fields = { [name: string]: unknown };

/** What decoding needs: where errors go, and where the types of `Any` are found. */
export interface Decoding {
  readonly violations: Violations;
  readonly find: (typeName: string) => DescMessage | undefined;
}

const names = new WeakMap<DescMessage, Map<string, DescField>>();

/** The field of a JSON or proto name. */
export function fieldOf(schema: DescMessage, name: string): DescField | undefined {
  let map = names.get(schema);
  if (map === undefined) {
    map = new Map();
    for (const field of schema.fields) map.set(field.name, field).set(field.jsonName, field);
    names.set(schema, map);
  }
  return map.get(name);
}

/** Sets on `message` what the JSON object says; `at` is where it stands in the request. Goes on after what is wrong. */
export function decodeInto(
  decoding: Decoding,
  schema: DescMessage,
  message: Message,
  value: JsonIn,
  at: string,
  depth = 0,
): void {
  if (value === null) return;
  if (!isPlainObject(value)) {
    if (at === "") decoding.violations.add("", "Invalid JSON payload received. Root element must be a message.");
    else decoding.violations.invalid(at, `type.googleapis.com/${schema.typeName}`, show(value));
    return;
  }
  for (const [name, each] of Object.entries(value)) {
    const field = fieldOf(schema, name);
    if (field === undefined) {
      // Google refuses null too, but of fewer names: clients know fields that its published protos lack yet.
      if (each !== null) decoding.violations.unknown(name, at, "Cannot find field.");
      continue;
    }
    if (depth >= maxDepth) throw tooDeep(name);
    decodeField(decoding, field, message as unknown as Fields, each, at, depth + 1);
  }
}

/** Sets one field. Lists are appended to, so that a query parameter may come several times. */
export function decodeField(
  decoding: Decoding,
  field: DescField,
  fields: Fields,
  value: JsonIn,
  parent: string,
  depth: number,
): void {
  if (value === null && !takesNull(field)) return;
  const at = parent === "" ? field.name : `${parent}.${field.name}`;
  if (field.fieldKind === "list") decodeList(decoding, field, fields[field.localName] as unknown[], value, at, depth);
  else if (field.fieldKind === "map") decodeMap(decoding, field, fields[field.localName] as Fields, value, at, depth);
  else if (Array.isArray(value) && !takesList(field)) noList(decoding, field, parent);
  else if (field.oneof === undefined) {
    const decoded = decodeValue(decoding, field, value, at, depth, fields[field.localName] as Message | undefined);
    if (decoded !== undefined) fields[field.localName] = decoded;
  } else {
    const { name, localName } = field.oneof;
    const chosen = fields[localName] as { case?: string; value?: unknown };
    if (chosen.case !== undefined && chosen.case !== field.localName) {
      const text = `oneof field '${name}' is already set. Cannot set '${field.jsonName}'`;
      decoding.violations.invalid(parent, "oneof", text);
      return;
    }
    const decoded = decodeValue(decoding, field, value, at, depth, chosen.value as Message | undefined);
    if (decoded !== undefined) fields[localName] = { case: field.localName, value: decoded };
  }
}

function decodeList(
  decoding: Decoding,
  field: DescField & { fieldKind: "list" },
  target: unknown[],
  value: JsonIn,
  at: string,
  depth: number,
): void {
  const parent = at.slice(0, Math.max(0, at.length - field.name.length - 1));
  const start = target.length;
  for (const [index, each] of (Array.isArray(value) ? value : [value]).entries()) {
    if (Array.isArray(each) && !takesList(field)) noList(decoding, field, parent);
    else if (each !== null || takesNull(field)) {
      const item = decodeValue(decoding, field, each, `${at}[${start + index}]`, depth);
      if (item !== undefined) target.push(item);
    }
  }
}

function decodeMap(
  decoding: Decoding,
  field: DescField & { fieldKind: "map" },
  target: Fields,
  value: JsonIn,
  at: string,
  depth: number,
): void {
  if (!isPlainObject(value)) {
    decoding.violations.invalid(at, "Map", show(value));
    return;
  }
  for (const [index, [key, each]] of Object.entries(value).entries()) {
    const checked = scalarFrom(field.mapKey, key);
    if (checked === undefined) {
      decoding.violations.invalid(`${at}[${index}].key`, scalarTypeName(field.mapKey), show(key));
    } else if (each !== null || takesNull(field)) {
      const item = decodeValue(decoding, field, each, `${at}[${index}].value`, depth);
      if (item !== undefined) own(target, String(checked), item);
    }
  }
}

/** One value of a field, item of a list or value of a map; undefined when it was wrong and has been told. */
function decodeValue(
  decoding: Decoding,
  field: DescField,
  value: JsonIn,
  at: string,
  depth: number,
  present?: Message,
): unknown {
  if (field.message !== undefined) return decodeMessage(decoding, field, field.message, value, at, depth, present);
  const { violations } = decoding;
  if (field.enum !== undefined) {
    const number = enumNumber(field.enum, value);
    if (number === undefined) violations.invalid(at, `type.googleapis.com/${field.enum.typeName}`, show(value));
    return number;
  }
  const { scalar } = field;
  if (scalar === undefined) return undefined;
  if (typeof value === "object" && !(value instanceof BigNumber)) {
    violations.unknown(
      field.jsonName,
      at.slice(0, Math.max(0, at.lastIndexOf("."))),
      "Starting an object on a scalar field",
    );
    return undefined;
  }
  const decoded = scalarFrom(scalar, value);
  if (decoded === undefined) {
    // The payload of a bytes field may be a secret: it is not said again, as Google would.
    const secret = scalar === ScalarType.BYTES && typeof value === "string";
    violations.invalid(at, scalarTypeName(scalar), secret ? "Base64 decoding failed" : show(value));
  }
  return decoded;
}

function decodeMessage(
  decoding: Decoding,
  field: DescField,
  schema: DescMessage,
  value: JsonIn,
  at: string,
  depth: number,
  present?: Message,
): unknown {
  const wrong = (): undefined => {
    decoding.violations.invalid(at, `type.googleapis.com/${schema.typeName}`, show(value));
  };
  if (isWrapperDesc(schema)) {
    const scalar = schema.fields[0]?.scalar ?? ScalarType.STRING;
    const inner = scalarFrom(scalar, value);
    if (inner === undefined) return wrong();
    // protobuf-es keeps the bare value in a singular field, a message elsewhere.
    const bare = field.fieldKind === "message" && field.oneof === undefined;
    return bare ? inner : create(schema, { value: inner } as never);
  }
  if (schema.typeName === "google.protobuf.Struct") return isPlainObject(value) ? plain(value, depth) : wrong();
  const special = decodeSpecial(decoding, schema, value, at, depth);
  if (special !== undefined) return special.value;
  const message = present ?? create(schema);
  decodeInto(decoding, schema, message, value, at, depth);
  return message;
}

/** By name, as Google also in lower case or with dashes; by number, known or not. */
function enumNumber(desc: DescEnum, value: JsonIn): number | undefined {
  if (desc.typeName === "google.protobuf.NullValue") return 0;
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? value : undefined;
  if (typeof value !== "string") return undefined;
  const normal = value.toUpperCase().replaceAll("-", "_");
  const exact = desc.values.find((each) => each.name === value);
  return (exact ?? desc.values.find((each) => each.name === normal || String(each.number) === value))?.number;
}

function noList(decoding: Decoding, field: DescField, parent: string): void {
  decoding.violations.unknown(field.jsonName, parent, "Proto field is not repeating, cannot start list.");
}

function takesList(field: DescField): boolean {
  const type = field.message?.typeName;
  return type === "google.protobuf.Value" || type === "google.protobuf.ListValue";
}

function takesNull(field: DescField): boolean {
  return field.message?.typeName === "google.protobuf.Value" || field.enum?.typeName === "google.protobuf.NullValue";
}

/** Sets a property of whatever name, `__proto__` among them. */
function own(target: Fields, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
