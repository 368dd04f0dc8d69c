import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Schemas } from "../host.ts";
import type { Json, JsonObject } from "../service.ts";
import { encodeJson } from "../wire/json-encode.ts";

/** Fields that hold secrets or credentials, at whatever depth: an audit log never shows them. */
export const neverShown: ReadonlySet<string> = new Set([
  "accessToken",
  "additionalAuthenticatedData",
  "authString",
  "auth_token",
  "data",
  "headers",
  "idToken",
  "password",
  "payload",
  "plaintext",
  "privateKeyData",
  "service_key",
  "signedBlob",
  "signedJwt",
  "token",
]);

/** A request or an answer as an audit entry shows it: JSON with its type, without what is secret. */
export function auditBody(value: unknown, schemas: Schemas): JsonObject | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if ("$typeName" in value && typeof value.$typeName === "string") {
    const find = (typeName: string): DescMessage | undefined => {
      try {
        return schemas.message(typeName);
      } catch {
        return undefined;
      }
    };
    const schema = find(value.$typeName);
    if (schema === undefined) return undefined;
    const json = encodeJson(schema, value as Message, { find });
    return { "@type": `type.googleapis.com/${value.$typeName}`, ...(clean(json) as JsonObject) };
  }
  // A REST method's request is its body; its answer is JSON already.
  const json = "params" in value && "body" in value ? value.body : value;
  return clean(json as Json) as JsonObject;
}

function clean(value: Json): Json {
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== "object" || value === null) return value;
  const kept: { [key: string]: Json | undefined } = {};
  for (const [key, inner] of Object.entries(value)) {
    if (neverShown.has(key) || inner === undefined) continue;
    kept[key] = clean(inner);
  }
  return kept;
}
