import { RpcError } from "../../wire/rpc-error.ts";

export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | ":" | "=~" | "!~";

/** A query in the Logging query language, read. */
export type Query =
  | { readonly kind: "and" | "or"; readonly parts: readonly Query[] }
  | { readonly kind: "not"; readonly part: Query }
  /** `path op value`; the path's segments are as written. */
  | { readonly kind: "compare"; readonly path: readonly string[]; readonly op: Operator; readonly value: string }
  /** Words that may stand anywhere in the entry. */
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Argument[] }
  /** A function's value compared: `CAST(jsonPayload.n, INT64) > 5`. */
  | { readonly kind: "computed"; readonly call: Call; readonly op: Operator; readonly value: string };

export interface Call {
  readonly name: string;
  readonly args: readonly Argument[];
}

/** A field's name or a text as it is written (without quotes), or the value of a function. */
export type Argument = string | Call;

const operators: readonly Operator[] = ["!=", "<=", ">=", "=~", "!~", "=", "<", ">", ":"];
const functions: ReadonlySet<string> = new Set([
  "cast",
  "ip_in_net",
  "log_id",
  "regexp_extract",
  "sample",
  "search",
  "source",
  "timezone",
]);
const values: ReadonlySet<string> = new Set(["cast", "regexp_extract"]);
/** What ends an unquoted value. A colon does not: times and addresses have them. */
const endOfValue = /[\s()"'=<>!~,]/;

/**
 * Reads a query: comparisons, bare words, `AND` `OR` `NOT` `-`, parentheses also after an operator (`a=(x OR y)`),
 * `--` comments. OR binds closer than AND, as Google's does. Undefined for an empty one. Throws INVALID_ARGUMENT.
 */
export function parseQuery(text: string): Query | undefined {
  const parser = new Parser(text);
  parser.space();
  if (parser.atEnd()) return undefined;
  const query = parser.and();
  if (!parser.atEnd()) throw parser.error();
  return query;
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Skips blanks and comments. */
  space(): void {
    const blank = /(?:\s+|--[^\n]*)*/y;
    blank.lastIndex = this.#at;
    blank.exec(this.#text);
    this.#at = blank.lastIndex;
  }

  error(): RpcError {
    const before = this.#text.slice(0, this.#at).split("\n");
    const token = /^(\w+|.)?/.exec(this.#text.slice(this.#at))?.[0] ?? "";
    const where = `line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
    return new RpcError(
      "INVALID_ARGUMENT",
      `Unparseable filter: syntax error at ${where}${token === "" ? ", unexpected end" : `, token '${token}'`}`,
    );
  }

  and(operand?: (parser: Parser) => Query): Query {
    const parts = [this.#or(operand)];
    for (;;) {
      const joined = this.#word("AND");
      if (!joined && (this.atEnd() || this.#text[this.#at] === ")")) break;
      parts.push(this.#or(operand));
    }
    return parts.length === 1 && parts[0] ? parts[0] : { kind: "and", parts };
  }

  #or(operand?: (parser: Parser) => Query): Query {
    const parts = [this.#not(operand)];
    while (this.#word("OR")) parts.push(this.#not(operand));
    return parts.length === 1 && parts[0] ? parts[0] : { kind: "or", parts };
  }

  #not(operand?: (parser: Parser) => Query): Query {
    if (this.#word("NOT")) return { kind: "not", part: this.#not(operand) };
    if (this.#text[this.#at] === "-" && /[^\s\d]/.test(this.#text[this.#at + 1] ?? " ")) {
      this.#at++;
      return { kind: "not", part: this.#not(operand) };
    }
    if (this.#text[this.#at] === "(") {
      if (++this.#depth > 100) throw this.error();
      this.#at++;
      this.space();
      const inner = this.and(operand);
      if (this.#text[this.#at] !== ")") throw this.error();
      this.#at++;
      this.#depth--;
      this.space();
      return inner;
    }
    return operand === undefined ? this.#term() : operand(this);
  }

  #term(): Query {
    const start = this.#at;
    const path = this.#path();
    if (path === undefined) return { kind: "text", value: this.#value() };
    const called = path.length === 1 ? path[0] : undefined;
    if (this.#text[this.#at] === "(" && called !== undefined && functions.has(called.toLowerCase())) {
      const call = this.#call(called);
      if (!values.has(call.name)) return { kind: "call", ...call };
      return this.#compared((op, value) => ({ kind: "computed", call, op, value }));
    }
    this.space();
    if (called === "AND" || called === "OR") {
      this.#at = start;
      throw this.error();
    }
    if (!operators.some((each) => this.#text.startsWith(each, this.#at))) {
      this.#at = start;
      return { kind: "text", value: this.#value() };
    }
    return this.#compared((op, value) => ({ kind: "compare", path, op, value }));
  }

  /** An operator and its value, or several in parentheses: `=(a OR b)`. */
  #compared(compare: (op: Operator, value: string) => Query): Query {
    const op = operators.find((each) => this.#text.startsWith(each, this.#at));
    if (op === undefined) throw this.error();
    this.#at += op.length;
    this.space();
    if (this.#text[this.#at] === "(") return this.#not((inner) => compare(op, inner.#value()));
    return compare(op, this.#value());
  }

  #call(name: string): Call {
    if (++this.#depth > 100) throw this.error();
    const args: Argument[] = [];
    this.#at++;
    this.space();
    while (this.#text[this.#at] !== ")") {
      const inner = /(\w+)\(/y;
      inner.lastIndex = this.#at;
      const called = inner.exec(this.#text)?.[1];
      if (called === undefined || !functions.has(called.toLowerCase())) args.push(this.#value());
      else {
        this.#at += called.length;
        args.push(this.#call(called));
      }
      if (this.#text[this.#at] === ",") {
        this.#at++;
        this.space();
      } else if (this.#text[this.#at] !== ")") throw this.error();
    }
    this.#at++;
    this.#depth--;
    this.space();
    return { name: name.toLowerCase(), args };
  }

  /** A field's dotted name, segments quoted or not. Undefined (and nothing read) when none begins here. */
  #path(): string[] | undefined {
    const start = this.#at;
    const path: string[] = [];
    for (;;) {
      const quoted = path.length > 0 ? this.#quoted() : undefined;
      const segment = quoted ?? this.#run(/[\s()"'=<>!~:,.]/);
      if (segment === "" && quoted === undefined) {
        this.#at = start;
        return undefined;
      }
      path.push(segment);
      if (this.#text[this.#at] !== ".") return path;
      this.#at++;
    }
  }

  #value(): string {
    const value = this.#quoted() ?? this.#run(endOfValue);
    if (value === "" && this.#text[this.#at - 1] !== '"' && this.#text[this.#at - 1] !== "'") throw this.error();
    this.space();
    return value;
  }

  #quoted(): string | undefined {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") return undefined;
    let value = "";
    for (let i = this.#at + 1; i < this.#text.length; i++) {
      const char = this.#text[i] ?? "";
      if (char === quote) {
        this.#at = i + 1;
        return value;
      }
      if (char === "\\") {
        const next = this.#text[++i] ?? "";
        // Only the quote and the backslash are escapes here; a regular expression's own stay whole.
        value += next === quote || next === "\\" ? next : `\\${next}`;
      } else value += char;
    }
    throw this.error();
  }

  #run(end: RegExp): string {
    let to = this.#at;
    while (to < this.#text.length && !end.test(this.#text[to] ?? "")) to++;
    const run = this.#text.slice(this.#at, to);
    this.#at = to;
    return run;
  }

  #word(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at) || !/[\s(]|^$/.test(this.#text[this.#at + word.length] ?? ""))
      return false;
    this.#at += word.length;
    this.space();
    return true;
  }
}
