import { Redacted } from "@aloft/kit/redaction";
import { EnvError, type Variables } from "./variables.ts";

export { Redacted, redactor } from "@aloft/kit/redaction";
export { EnvError } from "./variables.ts";

/** Secrets by the names of their variables. Each prints as `***`; `reveal()` is the way to its value. */
export type Secrets<N extends string> = { readonly [K in N]: Redacted<string> };

/**
 * The named secrets, as Cloud Run puts them into the environment when an instance starts. Throws one `EnvError` that names
 * all that are missing or empty.
 */
export function secrets<const N extends string>(...names: readonly N[]): Secrets<N> {
  return secretsFrom(process.env, names);
}

/** The same from variables of one's own. */
export function secretsFrom<const N extends string>(source: Variables, names: readonly N[]): Secrets<N> {
  const missing = names.filter((name) => !source[name]);
  if (missing.length > 0) throw new EnvError(missing.map((name) => `secret ${name} is missing`));
  const found = names.map((name) => [name, new Redacted(source[name] ?? "")]);
  return Object.freeze(Object.fromEntries(found)) as Secrets<N>;
}
