import { invalid } from "./rules.ts";

/** Whether a resource, as the API's JSON would show it, is kept. */
export type Predicate = (resource: unknown) => boolean;

type Token = { readonly kind: "word" | "string" | "op"; readonly text: string };

const tokenPattern = /\s*(?:(<=|>=|!=|[:=<>()-])|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s:=<>!()"']+))/y;
const comparisons = [":", "=", "!=", "<", "<=", ">", ">="];

/**
 * A list filter as docs.cloud.google.com/secret-manager/docs/filtering describes it: `name:asecret AND labels.team=eng`,
 * `state:ENABLED`, `create_time<"2024-01-01T00:00:00Z"`, `NOT`/`-`, `OR`, parentheses, `field:*`, bare words (any
 * field holds them). Terms side by side are joined by AND; OR binds more tightly than AND, as in AIP-160. Throws
 * INVALID_ARGUMENT for what cannot be read.
 */
export function parseFilter(text: string): Predicate {
  const tokens = tokenize(text);
  let at = 0;
  const peek = (ahead = 0): Token | undefined => tokens[at + ahead];
  const isWord = (word: string): boolean => peek()?.kind === "word" && peek()?.text === word;
  const failure = (): never => {
    throw invalid(`Could not parse the filter [${text}].`);
  };

  const conjunction = (): Predicate => {
    const parts = [disjunction()];
    while (at < tokens.length && peek()?.text !== ")") {
      if (isWord("AND")) at++;
      parts.push(disjunction());
    }
    return (resource) => parts.every((part) => part(resource));
  };
  const disjunction = (): Predicate => {
    const parts = [negation()];
    while (isWord("OR")) {
      at++;
      parts.push(negation());
    }
    return (resource) => parts.some((part) => part(resource));
  };
  const negation = (): Predicate => {
    if (isWord("NOT") || (peek()?.kind === "op" && peek()?.text === "-")) {
      at++;
      const inner = negation();
      return (resource) => !inner(resource);
    }
    return term();
  };
  const term = (): Predicate => {
    const token = peek();
    if (token === undefined) return failure();
    at++;
    if (token.kind === "op") {
      if (token.text !== "(") return failure();
      const inner = conjunction();
      if (peek()?.text !== ")") return failure();
      at++;
      return inner;
    }
    const operator = peek();
    if (operator?.kind !== "op" || !comparisons.includes(operator.text)) {
      return (resource) => leaves(resource).some((leaf) => contains(leaf, token.text));
    }
    at++;
    let value = peek();
    if (value === undefined) return failure();
    at++;
    if (value.kind === "op" && value.text === "-" && peek()?.kind === "word") {
      value = { kind: "word", text: `-${peek()?.text}` };
      at++;
    }
    if (value.kind === "op") return failure();
    return comparison(token.text, operator.text, value);
  };

  if (tokens.length === 0) return () => true;
  const predicate = conjunction();
  if (at < tokens.length) failure();
  return predicate;
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const trimmed = text.trimEnd();
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < trimmed.length) {
    const match = tokenPattern.exec(trimmed);
    if (match === null) throw invalid(`Could not parse the filter [${text}].`);
    const [, op, double, single, word] = match;
    const quoted = double ?? single;
    if (op !== undefined) tokens.push({ kind: "op", text: op });
    else if (quoted !== undefined) tokens.push({ kind: "string", text: quoted.replace(/\\(.)/g, "$1") });
    else tokens.push({ kind: "word", text: word as string });
  }
  return tokens;
}

function comparison(path: string, operator: string, value: Token): Predicate {
  const keys = path.split(".").map((key, i) => (i === 0 ? camel(key) : key));
  const present = operator === ":" && value.kind === "word" && value.text === "*";
  return (resource) => {
    const found = valuesAt(resource, keys);
    if (present) return found.length > 0;
    const texts = found.flatMap(leaves);
    switch (operator) {
      case ":":
        return texts.some((text) => contains(text, value.text));
      case "=":
        return texts.some((text) => equals(text, value.text));
      case "!=":
        return !texts.some((text) => equals(text, value.text));
      default:
        return texts.some((text) => ordered(text, operator, value.text));
    }
  };
}

const camel = (key: string): string => key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** What stands at a path; keys of messages may be given in either case, those of maps as they are. */
function valuesAt(value: unknown, keys: readonly string[]): unknown[] {
  const [key, ...rest] = keys;
  if (Array.isArray(value)) return value.flatMap((item) => valuesAt(item, keys));
  if (key === undefined) return value === undefined ? [] : [value];
  if (typeof value !== "object" || value === null) return [];
  const map = value as Readonly<Record<string, unknown>>;
  const next = map[key] ?? map[camel(key)];
  return next === undefined ? [] : valuesAt(next, rest);
}

/** Every text in a value; of a map also its keys, so that `labels:team` finds either. */
function leaves(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(leaves);
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) => [key, ...leaves(inner)]);
  }
  return value === undefined || value === null ? [] : [String(value)];
}

const contains = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase());

function equals(text: string, wanted: string): boolean {
  if (wanted.includes("*")) {
    const pattern = wanted.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    return new RegExp(`^${pattern.join(".*")}$`, "i").test(text);
  }
  return text.toLowerCase() === wanted.toLowerCase();
}

function ordered(text: string, operator: string, wanted: string): boolean {
  const difference = scale(text) - scale(wanted);
  switch (operator) {
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    case ">":
      return difference > 0;
    default:
      return difference >= 0;
  }
}

/** A number, or a time in milliseconds. */
const scale = (text: string): number => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Date.parse(text));
