import { closest, type Problems, shown } from "./problems.ts";

/** Reads a value: answers it, or notes what is wrong with it and answers undefined. */
export type Check<T> = (value: unknown, at: string, problems: Problems) => T | undefined;

export type Checked<S> = { readonly [K in keyof S]?: S[K] extends Check<infer T> ? T : never };

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !("$ref" in value);

const refuse = (problems: Problems, at: string, value: unknown, allowed: string, example: string): undefined =>
  problems.add(at, `is ${shown(value)}; allowed: ${allowed}`, `for example ${example}`);

/** A string that matches; `allowed` says which in words. */
export function text(options: { pattern?: RegExp; max?: number; allowed: string; example: string }): Check<string> {
  return (value, at, problems) => {
    const fits =
      typeof value === "string" &&
      (options.pattern === undefined || options.pattern.test(value)) &&
      value.length <= (options.max ?? 4096);
    return fits ? value : refuse(problems, at, value, options.allowed, JSON.stringify(options.example));
  };
}

export function oneOf<const T extends string>(...values: readonly T[]): Check<T> {
  return (value, at, problems) => {
    const found = values.find((v) => v === value);
    if (found !== undefined) return found;
    const meant = typeof value === "string" ? closest(value, values) : undefined;
    return refuse(problems, at, value, values.join(", "), JSON.stringify(meant ?? values[0]));
  };
}

export function whole(min: number, max: number, example: number): Check<number> {
  return (value, at, problems) =>
    typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
      ? value
      : refuse(problems, at, value, `a whole number from ${min} to ${max}`, String(example));
}

export const yesNo: Check<boolean> = (value, at, problems) =>
  typeof value === "boolean" ? value : refuse(problems, at, value, "true or false", "true");

export function list<T>(item: Check<T>, example: string): Check<readonly T[]> {
  return (value, at, problems) => {
    if (!Array.isArray(value)) return refuse(problems, at, value, "a list", example);
    const read = value.map((v, i) => item(v, `${at}[${i}]`, problems));
    return read.every((v) => v !== undefined) ? (read as T[]) : undefined;
  };
}

/** An object with any names, each value read by `item`. */
export function record<T>(item: Check<T>, example: string): Check<Readonly<Record<string, T>>> {
  return (value, at, problems) => {
    if (!isPlainObject(value)) return refuse(problems, at, value, "an object", example);
    const entries = Object.entries(value).map(([name, v]) => [name, item(v, `${at}.${name}`, problems)] as const);
    return entries.every(([, v]) => v !== undefined) ? (Object.fromEntries(entries) as Record<string, T>) : undefined;
  };
}

/** An object with these fields and no others. A field that is undefined counts as absent. */
export function fields<S extends Readonly<Record<string, Check<unknown>>>>(shape: S): Check<Checked<S>> {
  const names = Object.keys(shape);
  return (value, at, problems) => {
    if (!isPlainObject(value)) return refuse(problems, at, value, "an object", `{ ${names.slice(0, 3).join(", ")} }`);
    const read: Record<string, unknown> = {};
    for (const [name, given] of Object.entries(value)) {
      const check = Object.hasOwn(shape, name) ? shape[name] : undefined;
      if (check === undefined) {
        const meant = closest(name, names);
        problems.add(
          at === "" ? name : `${at}.${name}`,
          meant === undefined ? "is no field here" : `is no field here; did you mean ${meant}?`,
          meant === undefined ? `fields: ${names.join(", ")}` : `write ${meant}`,
        );
      } else if (given !== undefined) {
        const result = check(given, at === "" ? name : `${at}.${name}`, problems);
        if (result !== undefined) read[name] = result;
      }
    }
    return read as Checked<S>;
  };
}
