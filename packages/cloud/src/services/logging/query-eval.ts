import { LogSeverity } from "../../../gen/common.enums.ts";
import type { StoredEntry } from "../../store/logs.ts";
import { RpcError } from "../../wire/rpc-error.ts";
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
      return compileCall(query.name, query.args);
    case "compare": {
      const path = [camel(query.path[0] ?? ""), ...query.path.slice(1)];
      const test = testOf(path, query.op, query.value);
      return (entry) => valuesAt(entry, path).some(test);
    }
  }
}

function compileCall(name: string, args: readonly string[]): Matcher {
  const [first, second] = args;
  if (name === "log_id" && first !== undefined && args.length === 1) {
    const wanted = encodeURIComponent(decodeURIComponent(first)).toLowerCase();
    return (entry) => entry.logName.split("/logs/")[1]?.toLowerCase() === wanted;
  }
  if (name === "search" && first !== undefined && args.length <= 2) {
    const words = (second ?? first).toLowerCase().split(/[\s,]+/);
    const path = second === undefined ? undefined : first.split(".");
    return (entry) => {
      const where: unknown = path === undefined ? entry : valuesAt(entry, [camel(path[0] ?? ""), ...path.slice(1)]);
      return words.every((word) => anywhere(where, (text) => text.toLowerCase().includes(word)));
    };
  }
  const share = Number(second);
  if (name === "sample" && first !== undefined && share >= 0 && share <= 1) {
    return (entry) => valuesAt(entry, first.split(".")).some((value) => fraction(String(value)) < share);
  }
  throw new RpcError("INVALID_ARGUMENT", `Unparseable filter: invalid arguments of function ${name}`);
}

/** The values at a path: through lists each of them, and the default of a field that every entry has. */
function valuesAt(entry: StoredEntry, path: readonly string[]): unknown[] {
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
  const number = numberOf(value);
  const wanted = value.toLowerCase();
  return (held) => {
    const heldNumber = number === undefined ? undefined : numberOf(textOf(held));
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

/** RE2's leading flags are JavaScript's; possessive and lookaround forms are in neither. */
function regularExpression(text: string): RegExp {
  const [, flags = "", source = ""] = /^(?:\(\?([ims]+)\))?([\s\S]*)$/.exec(text) ?? [];
  try {
    return new RegExp(source, flags);
  } catch {
    throw new RpcError("INVALID_ARGUMENT", `Unparseable filter: invalid regular expression "${text}"`);
  }
}

function numberOf(text: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

function anywhere(value: unknown, test: (text: string) => boolean): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some((inner) => anywhere(inner, test));
  return test(String(value));
}

/** A stable number from 0 to 1 of a text, for samples (FNV-1a). */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash / 2 ** 32;
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function invalid(field: string, value: string): RpcError {
  return new RpcError("INVALID_ARGUMENT", `Unparseable filter: Invalid value "${value}" for field "${field}"`);
}
