import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import type { Json } from "../service.ts";
import { JsonDecoder, Violations } from "./json-decode.ts";
import { encodeJson } from "./json-encode.ts";
import type { JsonIn } from "./json-text.ts";
import type { SchemaSet } from "./schemas.ts";

/** A message as proto3 JSON. Does not throw for what the message holds. */
export function toProtoJson(
  schemas: SchemaSet,
  schema: DescMessage,
  message: Message,
  options: { readonly enumAsInteger?: boolean } = {},
): Json {
  return encodeJson(schema, message, { find: schemas.find, ...options });
}

/** Proto3 JSON as a message. Throws one INVALID_ARGUMENT that tells all that is wrong, in Google's words. */
export function fromProtoJson(schemas: SchemaSet, schema: DescMessage, value: JsonIn): Message {
  const violations = new Violations();
  const decoder = new JsonDecoder(violations, schemas.find);
  const special = decoder.special(schema, value, "", 0);
  const message = special === undefined ? create(schema) : special.value;
  if (special === undefined && message !== undefined) decoder.into(schema, message, value, "");
  violations.throwIfAny();
  if (message === undefined) throw violations.error();
  return message;
}
