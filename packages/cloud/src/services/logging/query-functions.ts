import { BlockList } from "node:net";
import type { StoredEntry } from "../../store/logs.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { anywhere, type Matcher, numberOf, pathOf, regularExpression, textOf, valuesAt } from "./query-eval.ts";
import type { Argument, Call } from "./query-parse.ts";

type Read = (entry: StoredEntry) => unknown[];

/**
 * The functions that are a condition of their own. Throws INVALID_ARGUMENT for arguments that they do not take. See
 * https://cloud.google.com/logging/docs/view/logging-query-language#functions
 */
export function compileCall(call: Call): Matcher {
  const [first, second] = call.args;
  switch (call.name) {
    case "log_id": {
      const wanted = encodeURIComponent(decodeURIComponent(text(call, first, 1))).toLowerCase();
      return (entry) => entry.logName.split("/logs/")[1]?.toLowerCase() === wanted;
    }
    case "source": {
      const wanted = text(call, first, 1).replace(/^\/\/[^/]+\//, "");
      return (entry) => entry.logName.startsWith(`${wanted}/logs/`);
    }
    case "search":
      return second === undefined
        ? search(call, undefined, text(call, first, 1))
        : search(call, first, text(call, second, 2));
    case "sample": {
      const share = Number(text(call, second, 2));
      const path = fieldPath(text(call, first, 2));
      if (!(share >= 0 && share <= 1)) throw refused(call);
      return (entry) => valuesAt(entry, path).some((value) => fraction(String(value)) < share);
    }
    case "ip_in_net": {
      const within = subnet(call, text(call, second, 2));
      const read = compileArgument(first ?? "");
      return (entry) => read(entry).some((value) => within(String(value)));
    }
    default:
      throw refused(call);
  }
}

/** The functions that have a value: `CAST(field, TYPE)`, `REGEXP_EXTRACT(field, "…(…)…")`. */
export function compileValue(call: Call): Read {
  const [first, second] = call.args;
  if (first === undefined || second === undefined) throw refused(call);
  const read = compileArgument(first);
  if (call.name === "regexp_extract") {
    const expression = regularExpression(text(call, second, 2));
    return (entry) =>
      read(entry).flatMap((value) => {
        const found = expression.exec(textOf(value));
        return found === null ? [] : [found[1] ?? found[0]];
      });
  }
  if (call.name !== "cast") throw refused(call);
  const zone = call.args[2];
  const convert = conversion(call, text(call, second, call.args.length), zone);
  return (entry) => read(entry).flatMap(convert);
}

function compileArgument(argument: Argument): Read {
  if (typeof argument !== "string") return compileValue(argument);
  const path = fieldPath(argument);
  return (entry) => valuesAt(entry, path);
}

function conversion(call: Call, type: string, zone: Argument | undefined): (value: unknown) => unknown[] {
  switch (type.toUpperCase()) {
    case "INT64":
      return (value) => number(textOf(value)).map(Math.trunc);
    case "DOUBLE":
      return (value) => number(textOf(value));
    case "BOOL":
      return (value) => (/^(true|false)$/i.test(textOf(value)) ? [textOf(value).toLowerCase()] : []);
    case "STRING":
      return zone === undefined ? (value) => [textOf(value)] : inZone(call, zone);
    case "DURATION":
    case "TIMESTAMP":
      return (value) => [textOf(value)];
    default:
      throw refused(call);
  }
}

/** A time as a text in a time zone: `CAST(timestamp, STRING, TIMEZONE("America/New_York"))`. */
function inZone(call: Call, zone: Argument): (value: unknown) => unknown[] {
  if (typeof zone === "string" || zone.name !== "timezone") throw refused(call);
  const format = formatIn(call, text(zone, zone.args[0], 1));
  return (value) => {
    const ms = Date.parse(textOf(value));
    return Number.isNaN(ms) ? [] : [format.format(ms).replace(",", "")];
  };
}

function formatIn(call: Call, timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  } catch {
    throw refused(call);
  }
}

function number(value: string): number[] {
  const found = numberOf(value);
  return found === undefined ? [] : [found];
}

function search(call: Call, field: Argument | undefined, query: string): Matcher {
  if (field !== undefined && typeof field !== "string") throw refused(call);
  const path = field === undefined ? undefined : fieldPath(field);
  const wanted = (query.match(/`[^`]*`|[^\s`]+/g) ?? []).map((part) =>
    part.startsWith("`") ? phrase(part.slice(1, -1)) : terms(part),
  );
  return (entry) => {
    const where: unknown = path === undefined ? entry : valuesAt(entry, path);
    return wanted.every((holds) => holds(where));
  };
}

/** What parts a text into the terms that are searched for, as BigQuery's LOG_ANALYZER has it. */
const delimiters = /[\s[\]<>(){}|!;,'"*&?+/:=@.\-$%\\_]+/;

/** Every term of the text is a term of something there, in upper or lower case. */
function terms(text: string): (where: unknown) => boolean {
  const all = text.toLowerCase().split(delimiters).filter(Boolean);
  return (where) => all.every((term) => anywhere(where, (held) => held.toLowerCase().split(delimiters).includes(term)));
}

/** The phrase stands there, in upper or lower case, and no term goes on before or after it. */
function phrase(written: string): (where: unknown) => boolean {
  const text = written.toLowerCase();
  const edge = (char: string | undefined): boolean => char === undefined || delimiters.test(char);
  const stands = (value: string): boolean => {
    const held = value.toLowerCase();
    for (let at = held.indexOf(text); at >= 0; at = held.indexOf(text, at + 1)) {
      if (edge(held[at - 1]) && edge(held[at + text.length])) return true;
    }
    return false;
  };
  return (where) => anywhere(where, stands);
}

function subnet(call: Call, cidr: string): (address: string) => boolean {
  const [network = "", bits] = cidr.split("/");
  const family = network.includes(":") ? "ipv6" : "ipv4";
  const list = new BlockList();
  try {
    list.addSubnet(network, bits === undefined ? (family === "ipv6" ? 128 : 32) : Number(bits), family);
  } catch {
    throw refused(call);
  }
  return (address) => {
    try {
      return list.check(address, address.includes(":") ? "ipv6" : "ipv4");
    } catch {
      return false;
    }
  };
}

function fieldPath(field: string): readonly string[] {
  return pathOf(field.split("."));
}

/** An argument that is a text, of a call that has so many. */
function text(call: Call, argument: Argument | undefined, count: number): string {
  if (typeof argument !== "string" || call.args.length !== count) throw refused(call);
  return argument;
}

function refused(call: Call): RpcError {
  return new RpcError("INVALID_ARGUMENT", `Unparseable filter: invalid arguments of function ${call.name}`);
}

/** A stable number from 0 to 1 of a text, for samples (FNV-1a). */
function fraction(value: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < value.length; i++) hash = Math.imul(hash ^ value.charCodeAt(i), 0x01000193) >>> 0;
  return hash / 2 ** 32;
}
