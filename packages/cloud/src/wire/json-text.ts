import type { RpcError } from "./rpc-error.ts";
import { Violations } from "./violations.ts";

/** A number of a request whose digits a double cannot hold: its text as sent. */
export class BigNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

export type JsonIn = null | boolean | number | string | BigNumber | JsonIn[] | { [key: string]: JsonIn };

/** Google's parser follows objects and lists this deep. */
export const maxDepth = 100;

export function tooDeep(key: string): RpcError {
  return invalid(`Message too deep. Max recursion depth reached for key '${key}'`);
}

function invalid(what: string): RpcError {
  const violations = new Violations();
  violations.add("", `Invalid JSON payload received. ${what}`);
  return violations.error();
}

/**
 * A request's JSON. Ordinary text goes through `JSON.parse`; what that refuses, and text with long numbers, goes through
 * a parser as lenient as Google's (single quotes, bare keys, trailing commas), whose errors are in Google's words.
 * Throws INVALID_ARGUMENT.
 */
export function parseJson(text: string): JsonIn {
  if (!/\d{16}/.test(text)) {
    try {
      const value = JSON.parse(text) as JsonIn;
      if (!isDeeper(value, maxDepth)) return value;
    } catch {
      // The lenient parser below accepts it or says what is wrong.
    }
  }
  return new Parser(text).document();
}

function isDeeper(value: JsonIn, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  for (const each of Object.values(value)) if (isDeeper(each, levels - 1)) return true;
  return false;
}

const escapes: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const spaces = /[ \t\r\n]*/y;
const bareKey = /[A-Za-z_$][A-Za-z0-9_$]*/y;
const numeric = /-?\d+(\.\d+)?([eE][+-]?\d+)?/y;

/** After protobuf's `JsonStreamParser`: the same states, the same messages, the same 20 characters of context. */
class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonIn {
    const value = this.#value("", 0, "Expected a value.");
    this.#skip();
    if (this.#at < this.#text.length) throw this.#failure("Parsing terminated before end of input.");
    return value;
  }

  #value(key: string, depth: number, expected: string): JsonIn {
    this.#skip();
    const char = this.#text[this.#at];
    if (char === "{" || char === "[") {
      if (depth >= maxDepth) throw tooDeep(key);
      this.#at++;
      return char === "{" ? this.#object(depth + 1) : this.#list(key, depth + 1);
    }
    if (char === '"' || char === "'") return this.#string(char);
    if (char !== undefined && /[-0-9]/.test(char)) return this.#number();
    for (const [word, value] of [
      ["true", true],
      ["false", false],
      ["null", null],
    ] as const) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    if (char === undefined || !/[A-Za-z_$}\]:,]/.test(char)) throw this.#unknown(expected);
    throw this.#failure("Unexpected token.");
  }

  #object(depth: number): JsonIn {
    const object: { [key: string]: JsonIn } = {};
    for (;;) {
      this.#skip();
      const char = this.#text[this.#at];
      if (char === "}") {
        this.#at++;
        return object;
      }
      const key = char === '"' || char === "'" ? this.#string(char) : this.#match(bareKey);
      if (key === undefined) throw this.#unknown("Expected an object key or }.");
      this.#skip();
      if (this.#text[this.#at] !== ":") throw this.#unknown("Expected : between key:value pair.");
      this.#at++;
      const value = this.#value(key, depth, "Expected a value.");
      Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
      this.#skip();
      const next = this.#text[this.#at];
      if (next !== "," && next !== "}") throw this.#unknown("Expected , or } after key:value pair.");
      if (next === ",") this.#at++;
    }
  }

  #list(key: string, depth: number): JsonIn {
    const list: JsonIn[] = [];
    for (;;) {
      this.#skip();
      if (this.#text[this.#at] === "]") {
        this.#at++;
        return list;
      }
      list.push(this.#value(key, depth, "Expected a value or ] within an array."));
      this.#skip();
      const next = this.#text[this.#at];
      if (next !== "," && next !== "]") throw this.#unknown("Expected , or ] after array value.");
      if (next === ",") this.#at++;
    }
  }

  #string(quote: string): string {
    const start = this.#at++;
    let out = "";
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) {
        this.#at = start;
        throw this.#failure("Closing quote expected in string.");
      }
      this.#at++;
      if (char === quote) return out;
      if (char !== "\\") {
        out += char;
        continue;
      }
      const escaped = this.#text[this.#at++] ?? "";
      if (escaped !== "u") {
        out += escapes[escaped] ?? escaped;
        continue;
      }
      const hex = this.#text.slice(this.#at, this.#at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(hex))
        throw this.#failure(hex.length < 4 ? "Illegal hex string." : "Invalid escape sequence.");
      out += String.fromCharCode(Number.parseInt(hex, 16));
      this.#at += 4;
    }
  }

  #number(): JsonIn {
    const start = this.#at;
    const source = this.#match(numeric);
    if (source === undefined) throw this.#failure("Unable to parse number.");
    const value = Number(source);
    if (!Number.isFinite(value)) {
      this.#at = start;
      throw this.#failure("Number exceeds the range of double.");
    }
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? new BigNumber(source) : value;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #skip(): void {
    this.#match(spaces);
  }

  #unknown(what: string): RpcError {
    return this.#failure(this.#at >= this.#text.length ? `Unexpected end of string. ${what}` : what);
  }

  #failure(what: string): RpcError {
    const begin = Math.max(0, this.#at - 20);
    const segment = this.#text.slice(begin, this.#at + 20);
    return invalid(`${what}\n${segment}\n${" ".repeat(this.#at - begin)}^`);
  }
}
