import { create, type DescMessage, type Message } from "@bufbuild/protobuf";
import type { Json } from "../service.ts";
import { decodeInto } from "./json-decode.ts";
import { encodeJson } from "./json-encode.ts";
import { decodeSpecial } from "./json-special.ts";
import type { JsonIn } from "./json-text.ts";
import type { SchemaSet } from "./schemas.ts";
import { Violations } from "./violations.ts";

/** A message as proto3 JSON. Does not throw for what the message holds. */
export function toProtoJson(
  schemas: Pick<SchemaSet, "find">,
  schema: DescMessage,
  message: Message,
  options: { readonly enumAsInteger?: boolean } = {},
): Json {
  return encodeJson(schema, message, { find: schemas.find, ...options });
}

/** Proto3 JSON as a message. Throws one INVALID_ARGUMENT that tells all that is wrong, in Google's words. */
export function fromProtoJson(schemas: Pick<SchemaSet, "find">, schema: DescMessage, value: JsonIn): Message {
  const violations = new Violations();
  const decoding = { violations, find: schemas.find };
  const special = decodeSpecial(decoding, schema, value, "", 0);
  const message = special === undefined ? create(schema) : special.value;
  if (special === undefined && message !== undefined) decodeInto(decoding, schema, message, value, "");
  violations.throwIfAny();
  if (message === undefined) throw violations.error();
  return message;
}
