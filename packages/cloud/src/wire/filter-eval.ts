import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import type { Comparator, Filter } from "./filter-parse.ts";
import { fieldOf } from "./json-decode.ts";
import { parseDurationText, parseTime, type Seconds } from "./json-wkt.ts";
import { RpcError } from "./rpc-error.ts";

type Question = (message: Message) => boolean;

/** The filter over messages of this type. Throws INVALID_ARGUMENT for fields and values that cannot be compared. */
export function holds(filter: Filter, schema: DescMessage): Question {
  switch (filter.kind) {
    case "and": {
      const all = filter.of.map((each) => holds(each, schema));
      return (message) => all.every((each) => each(message));
    }
    case "or": {
      const any = filter.of.map((each) => holds(each, schema));
      return (message) => any.some((each) => each(message));
    }
    case "not": {
      const inner = holds(filter.of, schema);
      return (message) => !inner(message);
    }
    case "word": {
      const wanted = filter.value.toLowerCase();
      return (message) => texts(message).some((text) => text.toLowerCase().includes(wanted));
    }
    case "compare":
      return comparison(filter.path, filter.by, filter.value, schema);
  }
}

function comparison(path: readonly string[], by: Comparator, value: string, schema: DescMessage): Question {
  const [name, ...rest] = path;
  const field = fieldOf(schema, name ?? "");
  if (field === undefined) throw invalid(`there is no field '${path.join(".")}'`);
  const test = testOf(field, rest, by, value);
  return (message) => test(read(message, field));
}

type Test = (value: unknown) => boolean;

function testOf(field: DescField, rest: readonly string[], by: Comparator, value: string): Test {
  if (field.fieldKind === "map") {
    const [key, ...deeper] = rest;
    if (key === undefined) {
      if (by !== ":") throw invalid(`'${field.name}' is a map: ask for a key with ':', or for '${field.name}.KEY'`);
      return (map) => (value === "*" ? Object.keys(map as object).length > 0 : Object.hasOwn(map as object, value));
    }
    if (deeper.length > 0 && field.mapKind !== "message") {
      return mapValue([key, ...deeper].join("."), scalarTest(field, by, value), by, value);
    }
    if (field.mapKind === "message" && deeper.length > 0) {
      const inner = comparison(deeper, by, value, field.message);
      return (map) => Object.hasOwn(map as object, key) && inner((map as Record<string, Message>)[key] as Message);
    }
    return mapValue(key, scalarTest(field, by, value), by, value);
  }
  const nested = field.message !== undefined && rest.length > 0 && !isTime(field.message);
  const one: Test =
    nested && field.message !== undefined
      ? (
          (inner) => (each: unknown) =>
            each !== undefined && inner(each as Message)
        )(comparison(rest, by, value, field.message))
      : scalarTest(field, by, value);
  if (rest.length > 0 && !nested) throw invalid(`'${field.name}' has no field '${rest.join(".")}'`);
  return field.fieldKind === "list" ? (list) => (list as unknown[]).some(one) : one;
}

function mapValue(key: string, test: Test, by: Comparator, value: string): Test {
  return (map) => {
    if (!Object.hasOwn(map as object, key)) return by === "!=";
    return value === "*" && (by === ":" || by === "=") ? true : test((map as Record<string, unknown>)[key]);
  };
}

function isTime(schema: DescMessage): boolean {
  return schema.typeName === "google.protobuf.Timestamp" || schema.typeName === "google.protobuf.Duration";
}

function scalarTest(field: DescField, by: Comparator, value: string): Test {
  if (value === "*" && (by === ":" || by === "=")) return (have) => have !== undefined && have !== "" && have !== 0;
  if (field.message !== undefined) {
    if (!isTime(field.message)) throw invalid(`'${field.name}' is a message: compare one of its fields`);
    const wanted = timeOf(field.message, value);
    if (wanted === undefined) throw invalid(`'${value}' cannot be compared with '${field.name}'`);
    return (have) => have !== undefined && ordered(compareTimes(have as Timestamp | Duration, wanted), by);
  }
  if (field.enum !== undefined) {
    const desc = field.enum;
    const number = desc.values.find((each) => each.name === value.toUpperCase())?.number ?? Number(value);
    if (Number.isNaN(number)) throw invalid(`'${value}' is no value of '${field.name}'`);
    return (have) => ordered(Number(have ?? 0) - number, by);
  }
  if (field.scalar === 9) return textTest(by, value);
  if (field.scalar === 8) {
    if (value !== "true" && value !== "false") throw invalid(`'${field.name}' is true or false`);
    return (have) => ordered(Number(have === true) - Number(value === "true"), by);
  }
  const number = Number(value);
  if (value.trim() === "" || Number.isNaN(number)) throw invalid(`'${value}' cannot be compared with '${field.name}'`);
  return (have) => ordered(Number(have ?? 0) - number, by);
}

function textTest(by: Comparator, value: string): Test {
  if (by === ":") {
    const part = value.toLowerCase();
    const [head, tail] = [part.startsWith("*"), part.endsWith("*")];
    const bare = part.replace(/^\*|\*$/g, "");
    if (tail && !head)
      return (have) =>
        String(have ?? "")
          .toLowerCase()
          .startsWith(bare);
    if (head && !tail)
      return (have) =>
        String(have ?? "")
          .toLowerCase()
          .endsWith(bare);
    return (have) =>
      String(have ?? "")
        .toLowerCase()
        .includes(bare);
  }
  if ((by === "=" || by === "!=") && value.includes("*")) {
    const pattern = new RegExp(
      `^${value
        .split("*")
        .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"))
        .join(".*")}$`,
      "s",
    );
    return (have) => pattern.test(String(have ?? "")) === (by === "=");
  }
  return (have) => {
    const text = String(have ?? "");
    return ordered(text < value ? -1 : text > value ? 1 : 0, by);
  };
}

function timeOf(schema: DescMessage, value: string): Seconds | undefined {
  if (schema.typeName === "google.protobuf.Duration") return parseDurationText(value);
  const day = /^\d{4}-\d\d-\d\d$/.test(value) ? `${value}T00:00:00Z` : value;
  return parseTime(day) ?? parseTime(`${day}Z`);
}

function compareTimes(have: Seconds, wanted: Seconds): number {
  return Number(have.seconds - wanted.seconds) || have.nanos - wanted.nanos;
}

function ordered(difference: number, by: Comparator): boolean {
  switch (by) {
    case ":":
    case "=":
      return difference === 0;
    case "!=":
      return difference !== 0;
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    case ">":
      return difference > 0;
    case ">=":
      return difference >= 0;
  }
}

function read(message: Message, field: DescField): unknown {
  const fields = message as unknown as Record<string, unknown>;
  if (field.oneof === undefined) return fields[field.localName];
  const chosen = fields[field.oneof.localName] as { case?: string; value?: unknown };
  return chosen.case === field.localName ? chosen.value : undefined;
}

/** Every text in a message, map keys included. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return [];
  if (Array.isArray(value)) return value.flatMap(texts);
  return Object.entries(value).flatMap(([key, each]) => (key === "$typeName" || key === "$unknown" ? [] : texts(each)));
}

function invalid(why: string): RpcError {
  return new RpcError("INVALID_ARGUMENT", `Invalid filter: ${why}.`);
}
