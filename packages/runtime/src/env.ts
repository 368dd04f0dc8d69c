import { EnvError, type Variables } from "./variables.ts";

export { EnvError, type Variables } from "./variables.ts";

type Kind = "string" | "number" | "boolean" | "url";

/**
 * What a variable is: a kind (`"number"`), with `?` where it may be missing (`"string?"`), a list of the values that are allowed, or
 * a kind with the value that holds when it is missing.
 */
export type VariableSpec =
  | Kind
  | `${Kind}?`
  | readonly [string, ...string[]]
  | { readonly type: Kind | readonly [string, ...string[]]; readonly default: string | number | boolean };

type Of<K> = K extends "number"
  ? number
  : K extends "boolean"
    ? boolean
    : K extends readonly string[]
      ? K[number]
      : string;

type Value<S> = S extends `${infer K}?` ? Of<K> | undefined : S extends { readonly type: infer K } ? Of<K> : Of<S>;

export type Env<S extends Readonly<Record<string, VariableSpec>>> = { readonly [K in keyof S]: Value<S[K]> };

/**
 * Reads typed variables: `env({ PORT: { type: "number", default: 8080 }, DEBUG: "boolean?", LLM: ["gemini", "openrouter"] })`. An empty
 * variable counts as missing. Booleans are `true`, `false`, `1`, `0`. Throws one `EnvError` with everything that is wrong.
 */
export function env<const S extends Readonly<Record<string, VariableSpec>>>(
  specs: S,
  source: Variables = process.env,
): Env<S> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries<VariableSpec>(specs)) {
    const given = source[name];
    const { kind, optional, fallback } = rule(spec);
    if (given === undefined || given === "") {
      if (fallback === undefined && !optional) problems.push(`${name} is missing (${expected(kind)})`);
      values[name] = fallback;
      continue;
    }
    const value = parse(given, kind);
    if (value === undefined) problems.push(`${name} is not ${expected(kind)}`);
    values[name] = value;
  }
  if (problems.length > 0) throw new EnvError(problems);
  return Object.freeze(values) as Env<S>;
}

interface Rule {
  readonly kind: Kind | readonly string[];
  readonly optional: boolean;
  readonly fallback: string | number | boolean | undefined;
}

function rule(spec: VariableSpec): Rule {
  if (typeof spec === "string") {
    const optional = spec.endsWith("?");
    return { kind: (optional ? spec.slice(0, -1) : spec) as Kind, optional, fallback: undefined };
  }
  if ("type" in spec) return { kind: spec.type, optional: false, fallback: spec.default };
  return { kind: spec, optional: false, fallback: undefined };
}

function parse(text: string, kind: Kind | readonly string[]): string | number | boolean | undefined {
  if (typeof kind !== "string") return kind.includes(text) ? text : undefined;
  switch (kind) {
    case "string":
      return text;
    case "url":
      return URL.canParse(text) ? text : undefined;
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case "boolean":
      return { true: true, "1": true, false: false, "0": false }[text.toLowerCase()];
  }
}

function expected(kind: Kind | readonly string[]): string {
  if (typeof kind !== "string") return `one of ${kind.join(", ")}`;
  return { string: "a text", number: "a number", boolean: "true or false", url: "a URL" }[kind];
}
