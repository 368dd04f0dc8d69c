import type { Json, JsonObject } from "../../service.ts";
import { BigNumber } from "../../wire/json-text.ts";

/**
 * A dashboard's JSON in its author's own spelling: what was written comes back as it was, zeros and numbers of any form
 * too, beside what Google fills in. Clients that compare text with text see no difference.
 */
export function asWritten(canonical: Json | undefined, written: Json | undefined): Json | undefined {
  if (isList(written)) {
    const same = isList(canonical) && canonical.length === written.length;
    return same ? written.map((each, i) => asWritten(canonical[i], each) ?? null) : (canonical ?? written);
  }
  if (!isObject(written)) return written ?? canonical;
  if (canonical !== undefined && !isObject(canonical)) return canonical;
  const merged: Record<string, Json | undefined> = { ...canonical };
  for (const [key, value] of Object.entries(written)) {
    // Fields written by their proto names are answered by their JSON names alone.
    const known = !key.includes("_") || canonical?.[key] !== undefined;
    if (known && value !== null) merged[key] = asWritten(canonical?.[key], value);
  }
  return merged;
}

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A body as text, without the numbers that a double cannot hold: those come back in their canonical form. */
export function writtenText(body: JsonObject): string {
  return JSON.stringify(body, (_, value: unknown) => (value instanceof BigNumber ? null : value));
}
