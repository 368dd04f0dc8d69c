import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { type Decoding, decodeField, decodeInto, type Fields, fieldOf } from "./json-decode.ts";
import type { JsonIn } from "./json-text.ts";
import type { SchemaSet } from "./schemas.ts";
import { Violations } from "./violations.ts";

export interface RestInput {
  /** `*`, a field's proto name, or empty. */
  readonly body: string;
  /** The parsed body; undefined when there was none. */
  readonly json: JsonIn | undefined;
  /** Of the path, as the route bound them. */
  readonly params: readonly (readonly [string, string])[];
  /** Without system parameters. */
  readonly query: Iterable<readonly [string, string]>;
}

/** A REST request as the method's message, by `google.api.http`. Throws INVALID_ARGUMENT with all that is wrong. */
export function requestMessage(schemas: SchemaSet, schema: DescMessage, input: RestInput): Message {
  const violations = new Violations();
  const decoding: Decoding = { violations, find: schemas.find };
  const message = create(schema);
  if (input.json !== undefined && input.body === "*") decodeInto(decoding, schema, message, input.json, "");
  else if (input.json !== undefined && input.body !== "") {
    const field = fieldOf(schema, input.body);
    if (field === undefined) throw new Error(`${schema.typeName} has no field ${input.body} for its body`);
    decodeField(decoding, field, message as unknown as Fields, input.json, "", 1);
  }
  for (const [name, text] of input.query) {
    const why = setParameter(decoding, schema, message, name, text, false);
    if (why !== undefined) violations.unknown(name, "", `Cannot bind query parameter. ${why}`);
  }
  for (const [name, text] of input.params) {
    const why = setParameter(decoding, schema, message, name, text, true);
    if (why !== undefined) throw new Error(`the path of ${schema.typeName}: ${why}`);
  }
  violations.throwIfAny();
  return message;
}

const textual = new Set(["google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"]);

function isPrimitive(field: DescField): boolean {
  if (field.fieldKind === "map") return false;
  return field.message === undefined || textual.has(field.message.typeName) || isWrapperDesc(field.message);
}

/**
 * Sets `a.b` to a text; answers why it cannot be. A path variable (`replaces`) takes the place of what the body or the
 * query said.
 */
function setParameter(
  decoding: Decoding,
  root: DescMessage,
  message: Message,
  name: string,
  text: string,
  replaces: boolean,
): string | undefined {
  const parts = name.split(".");
  const last = parts.pop() ?? "";
  let schema = root;
  let target = message as unknown as Fields;
  for (const part of parts) {
    const field = fieldOf(schema, part);
    if (field?.fieldKind !== "message") return `Field '${name}' could not be found in request message.`;
    target = nested(target, field);
    schema = field.message;
  }
  const field = fieldOf(schema, last);
  if (field === undefined) return `Field '${name}' could not be found in request message.`;
  if (!isPrimitive(field)) {
    return `'${name}' is a message type. Parameters can only be bound to primitive types.`;
  }
  if (replaces && field.fieldKind === "scalar" && field.scalar === ScalarType.STRING && field.oneof === undefined) {
    target[field.localName] = text;
  } else decodeField(decoding, field, target, plain(field, text), parts.join("."), parts.length + 1);
  return undefined;
}

/** Python's clients, gcloud among them, write `True`. */
function plain(field: DescField, text: string): string {
  const isBool = field.fieldKind === "scalar" && field.scalar === ScalarType.BOOL;
  return isBool && /^(true|false)$/i.test(text) ? text.toLowerCase() : text;
}

/** The message in a field, made when it is not there. */
function nested(target: Fields, field: DescField & { fieldKind: "message" }): Fields {
  if (field.oneof === undefined) {
    target[field.localName] ??= create(field.message);
    return target[field.localName] as Fields;
  }
  const chosen = target[field.oneof.localName] as { case?: string; value?: unknown };
  if (chosen.case === field.localName) return chosen.value as Fields;
  const value = create(field.message);
  target[field.oneof.localName] = { case: field.localName, value };
  return value as unknown as Fields;
}
