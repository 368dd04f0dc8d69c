/** A part of a path template: a literal, one segment (`*`), or all that is left (`**`). */
interface Variable {
  readonly field: string;
  readonly start: number;
  /** One after the last segment; for `**` all that is left. */
  readonly end: number;
  readonly rest: boolean;
}

interface Template {
  readonly segments: readonly string[];
  readonly verb: string;
  readonly variables: readonly Variable[];
}

interface Leaf<T> {
  readonly value: T;
  readonly variables: readonly Variable[];
}

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  one?: Node<T>;
  rest?: Leaf<T>;
  leaf?: Leaf<T>;
}

export interface Match<T> {
  readonly value: T;
  /** Field path (`secret.name`) and its percent-decoded text, in the template's order. */
  readonly params: readonly (readonly [string, string])[];
}

/** `/v1/{name=projects/*\/secrets/*}:access` in parts. Throws on what is no template. */
export function parseTemplate(template: string): Template {
  const segments: string[] = [];
  const variables: Variable[] = [];
  const colon = template.lastIndexOf(":");
  const verb = colon > Math.max(template.lastIndexOf("/"), template.lastIndexOf("}")) ? template.slice(colon + 1) : "";
  const path = verb === "" ? template : template.slice(0, colon);
  for (const part of path.match(/\{[^}]*\}|[^/{}]+/g) ?? []) {
    if (!part.startsWith("{")) {
      segments.push(part);
      continue;
    }
    const equals = part.indexOf("=");
    const field = part.slice(1, equals < 0 ? -1 : equals);
    const inner = equals < 0 ? ["*"] : part.slice(equals + 1, -1).split("/");
    variables.push({ field, start: segments.length, end: segments.length + inner.length, rest: inner.at(-1) === "**" });
    segments.push(...inner);
  }
  if (segments.slice(0, -1).includes("**")) throw new Error(`** is not last in ${template}`);
  return { segments, verb, variables };
}

/** Finds what serves a path: a tree by segment, one for each HTTP verb and custom verb. Literals win over `*` over `**`. */
export class RouteTable<T> {
  readonly #roots = new Map<string, Node<T>>();

  /** The first value added for a template stays. */
  add(verb: string, template: string, value: T): void {
    const parsed = parseTemplate(template);
    const key = `${verb}:${parsed.verb}`;
    let node = this.#roots.get(key);
    if (node === undefined) {
      node = { literals: new Map() };
      this.#roots.set(key, node);
    }
    for (const segment of parsed.segments) {
      if (segment === "**") {
        node.rest ??= { value, variables: parsed.variables };
        return;
      }
      if (segment === "*") node = node.one ??= { literals: new Map() };
      else {
        let next = node.literals.get(segment);
        if (next === undefined) {
          next = { literals: new Map() };
          node.literals.set(segment, next);
        }
        node = next;
      }
    }
    node.leaf ??= { value, variables: parsed.variables };
  }

  /** `path` begins with `/` and has no query. Undefined when nothing serves it. Throws URIError on a bad escape. */
  find(verb: string, path: string): Match<T> | undefined {
    const segments = path.slice(1).split("/");
    const last = segments.at(-1) ?? "";
    const colon = last.lastIndexOf(":");
    if (colon >= 0) {
      const root = this.#roots.get(`${verb}:${last.slice(colon + 1)}`);
      if (root !== undefined) {
        const found = walk(root, [...segments.slice(0, -1), last.slice(0, colon)], 0);
        if (found !== undefined) return found;
      }
    }
    const root = this.#roots.get(`${verb}:`);
    const found = root && walk(root, segments, 0);
    // As Google's front ends, which take no notice of slashes at the end.
    return found === undefined && path.length > 1 && path.endsWith("/")
      ? this.find(verb, path.replace(/\/+$/, ""))
      : found;
  }
}

function walk<T>(node: Node<T>, segments: readonly string[], at: number): Match<T> | undefined {
  const segment = segments[at];
  if (segment === undefined) return node.leaf === undefined ? undefined : bind(node.leaf, segments);
  const literal = node.literals.get(segment);
  const found = literal === undefined ? undefined : walk(literal, segments, at + 1);
  if (found !== undefined) return found;
  if (node.one !== undefined && segment !== "") {
    const one = walk(node.one, segments, at + 1);
    if (one !== undefined) return one;
  }
  return node.rest === undefined ? undefined : bind(node.rest, segments);
}

function bind<T>(leaf: Leaf<T>, segments: readonly string[]): Match<T> {
  return {
    value: leaf.value,
    params: leaf.variables.map(({ field, start, end, rest }) => {
      const parts = segments.slice(start, rest ? undefined : end);
      return [field, parts.length === 1 && !rest ? decodeURIComponent(parts[0] ?? "") : decodeName(parts.join("/"))];
    }),
  };
}

/** Of a variable over several segments `%2F` stays as it is, as `google.api.http` says. */
function decodeName(text: string): string {
  if (!text.includes("%")) return text;
  return text
    .split(/(%2[fF])/)
    .map((part, index) => (index % 2 === 1 ? part : decodeURIComponent(part)))
    .join("");
}
