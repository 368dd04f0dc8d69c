import { LogSeverity } from "../../../gen/common.enums.ts";
import type { StoredEntry } from "../../store/logs.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { compileCall, compileValue } from "./query-functions.ts";
import type { Operator, Query } from "./query-parse.ts";
import { nanosOf } from "./times.ts";

export type Matcher = (entry: StoredEntry) => boolean;
type Test = (value: unknown) => boolean;

/** Fields of `LogEntry` that count as there with their default; what payloads and labels lack is missing. */
const defaults: Readonly<Record<string, unknown>> = {
  insertId: "",
  logName: "",
  severity: "DEFAULT",
  spanId: "",
  trace: "",
  traceSampled: false,
};

/** A query as a question to an entry. Throws INVALID_ARGUMENT for a value that its field cannot be compared with. */
export function compileQuery(query: Query | undefined): Matcher {
  if (query === undefined) return () => true;
  switch (query.kind) {
    case "and": {
      const parts = query.parts.map(compileQuery);
      return (entry) => parts.every((part) => part(entry));
    }
    case "or": {
      const parts = query.parts.map(compileQuery);
      return (entry) => parts.some((part) => part(entry));
    }
    case "not": {
      const part = compileQuery(query.part);
      return (entry) => !part(entry);
    }
    case "text": {
      const wanted = query.value.toLowerCase();
      return (entry) => anywhere(entry, (text) => text.toLowerCase().includes(wanted));
    }
    case "call":
      return compileCall(query);
    case "computed": {
      const read = compileValue(query.call);
      const test = testOf([], query.op, query.value);
      return (entry) => read(entry).some(test);
    }
    case "compare": {
      const path = pathOf(query.path);
      if (query.value === "NULL_VALUE" && (query.op === "=" || query.op === "!=")) {
        return (entry) => valuesAt(entry, path).some((held) => (held === null) === (query.op === "="));
      }
      const test = testOf(path, query.op, query.value);
      return (entry) => valuesAt(entry, path).some(test);
    }
  }
}

/** A field's path with its first name as the entry's JSON has it. */
export function pathOf(path: readonly string[]): readonly string[] {
  return [camel(path[0] ?? ""), ...path.slice(1)];
}

/** The values at a path: through lists each of them, and the default of a field that every entry has. */
export function valuesAt(entry: StoredEntry, path: readonly string[]): unknown[] {
  let values: unknown[] = [entry];
  for (const segment of path) {
    values = values.flatMap((value) => {
      if (typeof value !== "object" || value === null) return [];
      const all = Array.isArray(value) ? value : [value];
      return all.flatMap((each): unknown[] => {
        const held = each as Record<string, unknown>;
        const found = Object.hasOwn(held, segment) ? held[segment] : held[camel(segment)];
        return found === undefined ? [] : [found];
      });
    });
  }
  if (values.length > 0) return values.flatMap((value) => (Array.isArray(value) && value.length > 0 ? value : [value]));
  const fallback = path.length === 1 ? defaults[path[0] ?? ""] : undefined;
  return fallback === undefined ? [] : [fallback];
}

function testOf(path: readonly string[], op: Operator, value: string): Test {
  if (op === "=~" || op === "!~") {
    const expression = regularExpression(value);
    return (held) => expression.test(textOf(held)) === (op === "=~");
  }
  const field = path.join(".");
  if (field === "severity") return ordered(op, severityOf(value), (held) => severityOf(String(held)));
  if (field === "timestamp" || field === "receiveTimestamp") {
    const wanted = nanosOf(value);
    if (wanted === undefined) throw invalid(field, value);
    return ordered(op, wanted, (held) => nanosOf(String(held)) ?? 0n);
  }
  if (op === ":") {
    if (value === "*") return () => true;
    const wanted = value.toLowerCase();
    // `:` on a map asks for a key, on anything else for a part of its text.
    return (held) =>
      typeof held === "object" && held !== null
        ? Object.hasOwn(held, value) || anywhere(held, (text) => text.toLowerCase().includes(wanted))
        : textOf(held).toLowerCase().includes(wanted);
  }
  const number = quantityOf(value);
  const wanted = value.toLowerCase();
  return (held) => {
    const heldNumber = number === undefined ? undefined : quantityOf(textOf(held));
    return number !== undefined && heldNumber !== undefined
      ? compare(op, Math.sign(heldNumber - number))
      : compare(op, order(textOf(held).toLowerCase(), wanted));
  };
}

function ordered<T extends number | bigint>(op: Operator, wanted: T, read: (held: unknown) => T): Test {
  return (held) => compare(op === ":" ? "=" : op, order(read(held), wanted));
}

function order<T>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compare(op: Operator, sign: number): boolean {
  switch (op) {
    case "=":
      return sign === 0;
    case "!=":
      return sign !== 0;
    case "<":
      return sign < 0;
    case "<=":
      return sign <= 0;
    case ">":
      return sign > 0;
    default:
      return sign >= 0;
  }
}

function severityOf(name: string): number {
  const known = LogSeverity[name.toUpperCase() as keyof typeof LogSeverity];
  const value = known ?? numberOf(name);
  if (value === undefined) throw invalid("severity", name);
  return value;
}

const classes: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  blank: "\\t ",
  digit: "0-9",
  lower: "a-z",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\s",
  upper: "A-Z",
  word: "\\w",
  xdigit: "0-9A-Fa-f",
};

/** RE2's leading flags are JavaScript's; its names of groups, ends of text and classes are written another way. */
export function regularExpression(text: string): RegExp {
  const [, flags = "", source = ""] = /^(?:\(\?([ims]+)\))?([\s\S]*)$/.exec(text) ?? [];
  const written = source.replace(/\\[\s\S]|\(\?P<|\[:(\w+):\]/g, (found, name: string | undefined) => {
    if (found === "(?P<") return "(?<";
    if (found === "\\A") return "(?<![\\s\\S])";
    if (found === "\\z") return "(?![\\s\\S])";
    return name === undefined ? found : (classes[name] ?? found);
  });
  try {
    return new RegExp(written, flags);
  } catch {
    throw new RpcError("INVALID_ARGUMENT", `Unparseable filter: invalid regular expression "${text}"`);
  }
}

export function numberOf(text: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** A number, or the seconds of a duration: `0.5s`, `250ms`, `2m`, `1h`, `1d`. */
function quantityOf(text: string): number | undefined {
  const [, digits, unit] = /^([+-]?[\d.]+)(ns|us|ms|s|m|h|d)$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined) return numberOf(text);
  const seconds = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400 }[unit] ?? 1;
  const number = numberOf(digits);
  return number === undefined ? undefined : number * seconds;
}

export function textOf(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

export function anywhere(value: unknown, test: (text: string) => boolean): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some((inner) => anywhere(inner, test));
  return test(String(value));
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function invalid(field: string, value: string): RpcError {
  return new RpcError("INVALID_ARGUMENT", `Unparseable filter: Invalid value "${value}" for field "${field}"`);
}
