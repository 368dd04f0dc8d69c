/** What a search asks, of one thing. */
export type Test<T> = (thing: T) => boolean;

/** The values that a field has; undefined for a field that there is not. An empty list: it is not set. */
export type Field<T> = (field: string, thing: T) => readonly string[] | undefined;

/**
 * The searches of Resource Manager: `id:demo* labels.env=prod`, `state=ACTIVE AND parent=folders/1`, `NOT`, `OR` and
 * brackets. Terms side by side must all hold; letters' case does not count; `*` stands at the end, or alone for any value.
 * Undefined when it is none, or asks for a field that `sample` has not.
 */
export function parseQuery<T>(query: string, field: Field<T>, sample: T): Test<T> | undefined {
  const tokens = query.match(/\(|\)|-?[\w.-]+\s*[:=]\s*(?:"[^"]*"|[^\s()"]+)|"[^"]*"|[^\s()"]+/g) ?? [];
  let at = 0;
  const take = (token: string): boolean => {
    const taken = tokens[at] === token;
    if (taken) at++;
    return taken;
  };
  const either = (): Test<T> | undefined => {
    const tests = [all()];
    while (take("OR")) tests.push(all());
    return every(tests, (found) => (thing) => found.some((test) => test(thing)));
  };
  const all = (): Test<T> | undefined => {
    const tests: (Test<T> | undefined)[] = [];
    while (at < tokens.length && tokens[at] !== ")" && tokens[at] !== "OR") {
      if (!take("AND")) tests.push(one());
    }
    return every(tests, (found) => (thing) => found.every((test) => test(thing)));
  };
  const one = (): Test<T> | undefined => {
    if (take("NOT")) return negated(one());
    if (take("(")) {
      const inner = either();
      return take(")") ? inner : undefined;
    }
    const token = tokens[at++] ?? "";
    return token.startsWith("-") ? negated(term(token.slice(1))) : term(token);
  };
  const term = (text: string): Test<T> | undefined => {
    const [, name, raw] = /^([\w.-]+)\s*[:=]\s*([\s\S]*)$/.exec(text) ?? [];
    if (name === undefined || raw === undefined || field(name, sample) === undefined) return undefined;
    const wanted = raw.replace(/^"|"$/g, "").toLowerCase();
    const matches = (value: string): boolean =>
      wanted.endsWith("*") ? value.toLowerCase().startsWith(wanted.slice(0, -1)) : value.toLowerCase() === wanted;
    return (thing) => field(name, thing)?.some(matches) ?? false;
  };
  const test = either();
  return at === tokens.length ? test : undefined;
}

function negated<T>(test: Test<T> | undefined): Test<T> | undefined {
  return test && ((thing) => !test(thing));
}

function every<T>(
  tests: readonly (Test<T> | undefined)[],
  join: (tests: readonly Test<T>[]) => Test<T>,
): Test<T> | undefined {
  const found = tests.filter((test) => test !== undefined);
  return found.length === tests.length ? join(found) : undefined;
}
