import { RpcError } from "./rpc-error.ts";

export type Comparator = ":" | "=" | "!=" | "<" | "<=" | ">" | ">=";

export type Filter =
  | { readonly kind: "and" | "or"; readonly of: readonly Filter[] }
  | { readonly kind: "not"; readonly of: Filter }
  | { readonly kind: "compare"; readonly path: readonly string[]; readonly by: Comparator; readonly value: string }
  /** A bare word: somewhere in the message. */
  | { readonly kind: "word"; readonly value: string };

interface Token {
  readonly kind: "word" | "text" | "op" | "(" | ")" | "-" | "." | "end";
  readonly text: string;
  readonly at: number;
}

const pattern =
  /\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(<=|>=|!=|[:=<>])|([()])|(-(?=[^\s]))|(\.)|([^\s()"':=<>!.,]+))/y;

/** By the grammar of https://google.aip.dev/160: `OR` binds tighter than `AND`, and juxtaposition is `AND`. */
export function parseFilter(text: string): Filter {
  return new Parser(text).whole();
}

class Parser {
  readonly #tokens: Token[] = [];
  #next = 0;

  constructor(text: string) {
    pattern.lastIndex = 0;
    while (text.slice(pattern.lastIndex).trim() !== "") {
      const at = pattern.lastIndex;
      const found = pattern.exec(text);
      if (found === null) throw invalid(`unexpected '${text.slice(at).trim()[0]}' at ${at}`);
      const [, quoted, op, paren, minus, dot, word] = found;
      if (quoted !== undefined) this.#push("text", quoted.slice(1, -1).replace(/\\(.)/g, "$1"), at);
      else if (op !== undefined) this.#push("op", op, at);
      else if (paren !== undefined) this.#push(paren as "(" | ")", paren, at);
      else if (minus !== undefined) this.#push("-", minus, at);
      else if (dot !== undefined) this.#push(".", dot, at);
      else this.#push("word", word ?? "", at);
    }
    this.#push("end", "", text.length);
  }

  #push(kind: Token["kind"], text: string, at: number): void {
    this.#tokens.push({ kind, text, at });
  }

  #peek(): Token {
    return this.#tokens[this.#next] as Token;
  }

  #is(kind: Token["kind"], text?: string): boolean {
    const token = this.#peek();
    return token.kind === kind && (text === undefined || token.text === text);
  }

  #take(kind: Token["kind"], text?: string): Token | undefined {
    if (!this.#is(kind, text)) return undefined;
    return this.#tokens[this.#next++];
  }

  whole(): Filter {
    const filter = this.#and(0);
    if (!this.#is("end")) throw this.#unexpected();
    return filter;
  }

  #and(depth: number): Filter {
    if (depth > 50) throw invalid("it is nested too deeply");
    const of = [this.#or(depth)];
    while (!this.#is("end") && !this.#is(")")) {
      this.#take("word", "AND");
      of.push(this.#or(depth));
    }
    return of.length === 1 ? (of[0] as Filter) : { kind: "and", of };
  }

  #or(depth: number): Filter {
    const of = [this.#term(depth)];
    while (this.#take("word", "OR") !== undefined) of.push(this.#term(depth));
    return of.length === 1 ? (of[0] as Filter) : { kind: "or", of };
  }

  #term(depth: number): Filter {
    if (this.#take("word", "NOT") ?? this.#take("-")) return { kind: "not", of: this.#simple(depth) };
    return this.#simple(depth);
  }

  #simple(depth: number): Filter {
    if (this.#take("(") !== undefined) {
      const inner = this.#and(depth + 1);
      if (this.#take(")") === undefined) throw this.#unexpected();
      return inner;
    }
    const first = this.#take("text") ?? this.#take("word");
    if (first === undefined || (first.kind === "word" && /^(AND|OR|NOT)$/.test(first.text))) {
      if (first !== undefined) this.#next--;
      throw this.#unexpected();
    }
    const path = [first.text];
    while (this.#take(".") !== undefined) {
      const part = this.#take("text") ?? this.#take("word");
      if (part === undefined) throw this.#unexpected();
      path.push(part.text);
    }
    const by = this.#take("op");
    if (by === undefined) return { kind: "word", value: path.join(".") };
    return { kind: "compare", path, by: by.text as Comparator, value: this.#value() };
  }

  #value(): string {
    const sign = this.#take("-") === undefined ? "" : "-";
    const first = this.#take("text") ?? this.#take("word");
    if (first === undefined) throw this.#unexpected();
    let value = first.text;
    while (this.#take(".") !== undefined) value += `.${(this.#take("text") ?? this.#take("word"))?.text ?? ""}`;
    // An unquoted time: 2026-01-02T03:04:05Z.
    while (first.kind === "word" && this.#is("op", ":")) {
      this.#next++;
      value += `:${this.#take("word")?.text ?? ""}`;
    }
    return sign + value;
  }

  #unexpected(): RpcError {
    const token = this.#peek();
    return invalid(token.kind === "end" ? "it ends too early" : `unexpected '${token.text}' at ${token.at}`);
  }
}

function invalid(why: string): RpcError {
  return new RpcError("INVALID_ARGUMENT", `Invalid filter: ${why}.`);
}
