import { RpcError } from "../../wire/rpc-error.ts";
import type { SeriesKey } from "./store.ts";

/** What a filter asks about: a series, or what is known of one before there are any. */
export type Subject = Pick<SeriesKey, "project" | "type" | "labels" | "resource">;

export interface MetricFilter {
  readonly matches: (subject: Subject) => boolean;
  /** The one metric type that it asks for; undefined when there is none, or no one. */
  readonly type: string | undefined;
}

type Test = (subject: Subject) => boolean;
interface Part {
  readonly test: Test;
  readonly type?: string | undefined;
}

const token =
  /\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(<=|>=|!=|[:=<>])|([(),])|(-(?=[A-Za-z(]))|([A-Za-z0-9_*+-][^\s()"'=<>!:,]*(?:\."(?:[^"\\]|\\.)*")?))/y;

/**
 * Reads a filter of Monitoring: `metric.type = "…" AND resource.labels.x = starts_with("…")`. Throws INVALID_ARGUMENT.
 * See https://cloud.google.com/monitoring/api/v3/filters
 */
export function parseMetricFilter(text: string): MetricFilter {
  const parser = new Parser(text);
  const { test, type } = parser.whole();
  return { matches: test, type };
}

class Parser {
  readonly #text: string;
  readonly #tokens: string[] = [];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    token.lastIndex = 0;
    while (text.slice(token.lastIndex).trim() !== "") {
      const found = token.exec(text);
      if (found === null) throw this.#refused("it cannot be read");
      this.#tokens.push(found[0].trim());
    }
  }

  whole(): Part {
    if (this.#tokens.length === 0) return { test: () => true };
    const part = this.#and();
    if (this.#at < this.#tokens.length) throw this.#refused(`unexpected '${this.#tokens[this.#at]}'`);
    return part;
  }

  #and(): Part {
    const parts = [this.#or()];
    for (;;) {
      const next = this.#tokens[this.#at];
      if (next === undefined || next === ")" || next === ",") break;
      this.#take("AND");
      parts.push(this.#or());
    }
    return {
      test: (subject) => parts.every(({ test }) => test(subject)),
      type: parts.find(({ type }) => type !== undefined)?.type,
    };
  }

  #or(): Part {
    const parts = [this.#not()];
    while (this.#take("OR")) parts.push(this.#not());
    const [first] = parts;
    if (parts.length === 1 && first !== undefined) return first;
    return { test: (subject) => parts.some(({ test }) => test(subject)) };
  }

  #not(): Part {
    if (this.#take("NOT") || this.#take("-")) {
      const { test } = this.#not();
      return { test: (subject) => !test(subject) };
    }
    if (!this.#take("(")) return this.#compare();
    if (++this.#depth > 50) throw this.#refused("it is nested too deeply");
    const inner = this.#and();
    if (!this.#take(")")) throw this.#refused("a parenthesis is not closed");
    this.#depth--;
    return inner;
  }

  #compare(): Part {
    const field = this.#tokens[this.#at++] ?? "";
    const read = this.#reader(field);
    const op = this.#tokens[this.#at++] ?? "";
    if (!/^(<=|>=|!=|[:=<>])$/.test(op)) throw this.#refused(`an operator must follow '${field}'`);
    const name = this.#tokens[this.#at] ?? "";
    if (this.#tokens[this.#at + 1] === "(" && !isText(name)) {
      this.#at++;
      const holds = this.#function(name, this.#arguments());
      if (op !== "=" && op !== "!=") throw this.#refused(`${name} goes with = and != alone`);
      return { test: (subject) => holds(read(subject) ?? "") === (op === "=") };
    }
    const value = this.#value();
    const test: Test = (subject) => compare(op, read(subject), value);
    return field === "metric.type" && op === "=" ? { test, type: value } : { test };
  }

  #arguments(): string[] {
    const all: string[] = [];
    this.#at++;
    while (!this.#take(")")) {
      all.push(this.#value());
      if (!this.#take(",") && this.#tokens[this.#at] !== ")") throw this.#refused("a parenthesis is not closed");
    }
    return all;
  }

  #function(name: string, args: readonly string[]): (held: string) => boolean {
    const [first = ""] = args;
    if (args.length === 0) throw this.#refused(`${name} needs an argument`);
    switch (name) {
      case "starts_with":
        return (held) => held.startsWith(first);
      case "ends_with":
        return (held) => held.endsWith(first);
      case "has_substring":
        return (held) => held.includes(first);
      case "one_of":
        return (held) => args.includes(held);
      case "monitoring.regex.full_match": {
        const expression = this.#expression(first);
        return (held) => expression.test(held);
      }
      default:
        throw this.#refused(`there is no function '${name}'`);
    }
  }

  #expression(text: string): RegExp {
    try {
      return new RegExp(`^(?:${text})$`);
    } catch {
      throw this.#refused(`'${text}' is no regular expression`);
    }
  }

  #value(): string {
    const value = this.#tokens[this.#at++];
    if (value === undefined || /^(<=|>=|!=|[:=<>(),])$/.test(value)) throw this.#refused("a value is missing");
    return isText(value) ? unquoted(value) : value;
  }

  #reader(field: string): (subject: Subject) => string | undefined {
    if (field === "project") return ({ project }) => project;
    if (field === "metric.type") return ({ type }) => type;
    if (field === "resource.type") return ({ resource }) => resource.type;
    const [, of, quoted] = /^(metric|resource)\.labels?\.(.+)$/.exec(field) ?? [];
    if (of !== undefined && quoted !== undefined) {
      const key = isText(quoted) ? unquoted(quoted) : quoted;
      return (subject) => (of === "metric" ? subject.labels : subject.resource.labels)[key];
    }
    // No metadata of resources is known here.
    if (/^(resource\.)?metadata\./.test(field)) return () => undefined;
    throw this.#refused(`'${field}' is no field that can be asked for`);
  }

  #take(wanted: string): boolean {
    if (this.#tokens[this.#at] !== wanted) return false;
    this.#at++;
    return true;
  }

  #refused(why: string): RpcError {
    return new RpcError("INVALID_ARGUMENT", `Field filter had an invalid value of "${this.#text}": ${why}.`);
  }
}

function compare(op: string, held: string | undefined, value: string): boolean {
  if (held === undefined) return op === "!=" || (op === "=" && value === "");
  if (op === ":") return value === "*" || held.includes(value);
  if (op === "=" || op === "!=") return (held === value) === (op === "=");
  const [a, b] = [Number(held), Number(value)];
  const order = Number.isNaN(a) || Number.isNaN(b) ? (held < value ? -1 : held > value ? 1 : 0) : Math.sign(a - b);
  if (op === "<") return order < 0;
  if (op === "<=") return order <= 0;
  return op === ">" ? order > 0 : order >= 0;
}

function isText(value: string): boolean {
  return value.startsWith('"') || value.startsWith("'");
}

function unquoted(value: string): string {
  return value.slice(1, -1).replace(/\\(["'\\])/g, "$1");
}
