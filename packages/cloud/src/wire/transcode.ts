import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { fieldOf, JsonDecoder, Violations } from "./json-decode.ts";
import type { JsonIn } from "./json-text.ts";
import type { SchemaSet } from "./schemas.ts";

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
  const decoder = new JsonDecoder(violations, schemas.find);
  const message = create(schema);
  if (input.json !== undefined && input.body !== "") {
    if (input.body === "*") decoder.into(schema, message, input.json, "");
    else {
      const field = fieldOf(schema, input.body);
      if (field === undefined) throw new Error(`${schema.typeName} has no field ${input.body} for its body`);
      decoder.field(field, message as never, input.json, "", 1);
    }
  }
  for (const [name, text] of input.query) setParameter(decoder, violations, schema, message, name, text, true);
  for (const [name, text] of input.params) setParameter(decoder, violations, schema, message, name, text, false);
  violations.throwIfAny();
  return message;
}

const textual = new Set(["google.protobuf.Timestamp", "google.protobuf.Duration", "google.protobuf.FieldMask"]);

function setParameter(
  decoder: JsonDecoder,
  violations: Violations,
  root: DescMessage,
  message: Message,
  name: string,
  text: string,
  isQuery: boolean,
): void {
  const refuse = (why: string): void => violations.unknown(name, "", `Cannot bind query parameter. ${why}`);
  const parts = name.split(".");
  let schema = root;
  let target = message as unknown as Record<string, unknown>;
  let at = "";
  for (const [index, part] of parts.entries()) {
    const field = fieldOf(schema, part);
    if (field === undefined) return refuse(`Field '${name}' could not be found in request message.`);
    const last = index === parts.length - 1;
    if (last) {
      const type = field.message;
      if (field.fieldKind === "map" || (type !== undefined && !textual.has(type.typeName) && !isWrapperDesc(type))) {
        return refuse(`'${name}' is a message type. Parameters can only be bound to primitive types.`);
      }
      // A path variable is authoritative: it replaces what the body or the query said.
      if (!isQuery && field.oneof === undefined && field.fieldKind === "scalar" && field.scalar === 9) {
        target[field.localName] = text;
        return;
      }
      return decoder.field(field, target, text, at, index + 1);
    }
    if (field.fieldKind !== "message") return refuse(`Field '${name}' could not be found in request message.`);
    at = at === "" ? field.name : `${at}.${field.name}`;
    if (field.oneof === undefined) {
      target = (target[field.localName] ??= create(field.message)) as Record<string, unknown>;
    } else {
      const chosen = target[field.oneof.localName] as { case?: string; value?: unknown };
      if (chosen.case !== field.localName) {
        target[field.oneof.localName] = { case: field.localName, value: create(field.message) };
      }
      target = (target[field.oneof.localName] as { value: Record<string, unknown> }).value;
    }
    schema = field.message;
  }
}
