import type { Json } from "../service.ts";
import { badRequest } from "./rpc-error.ts";

/** What to keep: names and what to keep below them; `*` stands for every name. Empty: all. */
export interface Selection {
  readonly [name: string]: Selection;
}

/** `name,labels/team,items(name,create_time)` and the dotted form of masks. Throws INVALID_ARGUMENT. */
export function parseFields(text: string): Selection {
  const root: Record<string, Selection> = {};
  let at = 0;
  const failure = (): never => {
    throw badRequest("Request contains an invalid argument.", [
      { field: text, description: `Error expanding 'fields' parameter. Cannot parse '${text}'.` },
    ]);
  };
  const list = (into: Record<string, Selection>, nested: boolean): void => {
    for (;;) {
      path(into);
      if (text[at] === ",") at++;
      else if (nested ? text[at] === ")" : at === text.length) return;
      else failure();
    }
  };
  const path = (into: Record<string, Selection>): void => {
    const name = /^[\w@*-]+/.exec(text.slice(at))?.[0];
    if (name === undefined) return failure();
    at += name.length;
    into[name] ??= {};
    const below = into[name] as Record<string, Selection>;
    if (text[at] === "/" || text[at] === ".") {
      at++;
      path(below);
    } else if (text[at] === "(") {
      at++;
      list(below, true);
      at++;
    }
  };
  list(root, false);
  return root;
}

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** The part of an answer that is asked for. */
export function select(value: Json, selection: Selection): Json {
  const names = Object.keys(selection);
  if (names.length === 0 || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((each: Json) => select(each, selection));
  const object = value as { readonly [key: string]: Json | undefined };
  const all = selection["*"];
  const kept: Record<string, Json> = {};
  for (const [key, each] of Object.entries(object)) {
    const below =
      selection[key] ?? names.map((name) => (camel(name) === key ? selection[name] : undefined)).find(Boolean) ?? all;
    if (below !== undefined && each !== undefined) kept[key] = select(each, below);
  }
  return kept;
}
