import type { DescMessage } from "@bufbuild/protobuf";
import type { Json } from "../service.ts";
import { fieldOf } from "./json-decode.ts";
import { badRequest, type RpcError } from "./rpc-error.ts";

/** What to keep: names and what to keep below them; `*` stands for every name. Empty: all. */
export type Selection = ReadonlyMap<string, Selection>;
type Building = Map<string, Building>;

function cannot(fields: string, path: string, what: string): RpcError {
  return badRequest("Request contains an invalid argument.", [
    { field: fields, description: `Error expanding 'fields' parameter. ${what} '${path}'.` },
  ]);
}

/** `name,labels/team,items(name,create_time)` and the dotted form of masks. Throws INVALID_ARGUMENT. */
export function parseFields(text: string): Selection {
  const root: Building = new Map();
  let at = 0;
  const list = (into: Building, end: string | undefined): void => {
    for (;;) {
      path(into);
      if (text[at] === end) return;
      if (text[at] !== ",") throw cannot(text, text, "Cannot parse");
      at++;
    }
  };
  const path = (into: Building): void => {
    const name = /^[\w@*-]+/.exec(text.slice(at))?.[0];
    if (name === undefined) throw cannot(text, text, "Cannot parse");
    at += name.length;
    const below: Building = into.get(name) ?? new Map();
    into.set(name, below);
    const next = text[at];
    if (next !== "/" && next !== "." && next !== "(") return;
    at++;
    if (next === "(") {
      list(below, ")");
      at++;
    } else path(below);
  };
  list(root, undefined);
  return root;
}

/** Throws INVALID_ARGUMENT when a selected name is no field. */
export function checkSelection(selection: Selection, schema: DescMessage, fields: string, parent = ""): void {
  for (const [name, below] of selection) {
    if (name === "*") continue;
    const field = fieldOf(schema, name);
    const path = parent + name;
    if (field === undefined) throw cannot(fields, path, "Cannot find matching fields for path");
    const inner = field.message;
    if (inner !== undefined && field.fieldKind !== "map" && !inner.typeName.startsWith("google.protobuf.")) {
      checkSelection(below, inner, fields, `${path}.`);
    }
  }
}

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** The part of an answer that is asked for. */
export function select(value: Json, selection: Selection): Json {
  if (selection.size === 0 || value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((each: Json) => select(each, selection));
  const byName = new Map(
    [...selection].flatMap(([name, below]) => [[name, below] as const, [camel(name), below] as const]),
  );
  const kept: [string, Json][] = [];
  for (const [key, each] of Object.entries(value as { readonly [key: string]: Json | undefined })) {
    const below = byName.get(key) ?? byName.get("*");
    if (below !== undefined && each !== undefined) kept.push([key, select(each, below)]);
  }
  return Object.fromEntries(kept);
}
