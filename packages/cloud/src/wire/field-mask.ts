import type { DescField, DescMessage, MessageShape } from "@bufbuild/protobuf";
import { RpcError } from "./rpc-error.ts";

type Fields = Record<string, unknown>;

/**
 * Sets in `to` (the caller's own copy) what the mask names, as it stands in `from`; `*` stands for all that may be
 * changed. A path below a message sets that field of it alone, one below a map that entry. Throws INVALID_ARGUMENT for
 * what the message does not have or `changeable` (names of top-level fields as in the proto) does not list.
 */
export function applyFieldMask<S extends DescMessage>(
  schema: S,
  to: MessageShape<S>,
  from: MessageShape<S>,
  mask: { readonly paths: readonly string[]; readonly changeable: readonly string[] },
): void {
  const { paths, changeable } = mask;
  for (const path of paths.includes("*") ? changeable : paths) {
    const [first = "", ...rest] = path.split(".").map(snake);
    if (!changeable.includes(first)) {
      throw new RpcError("INVALID_ARGUMENT", `Invalid update_mask: the field '${path}' cannot be updated.`);
    }
    copy(schema, to as Fields, from as Fields, { path: [first, ...rest], whole: path });
  }
}

function copy(schema: DescMessage, to: Fields, from: Fields, at: { path: readonly string[]; whole: string }): void {
  const [name = "", ...rest] = at.path;
  const field = schema.fields.find((each) => each.name === name);
  if (field === undefined) {
    throw new RpcError("INVALID_ARGUMENT", `Invalid update_mask: there is no field '${at.whole}'.`);
  }
  const key = keyOf(field);
  const [mine, theirs] = [valueIn(field, to), valueIn(field, from)];
  if (rest.length > 0 && field.fieldKind === "message" && isMessage(mine) && isMessage(theirs)) {
    const inner = { ...mine };
    to[key] = field.oneof === undefined ? inner : { case: field.localName, value: inner };
    copy(field.message, inner, theirs, { path: rest, whole: at.whole });
  } else if (rest.length > 0 && field.fieldKind === "map") {
    to[key] = withEntry(mine as Fields, theirs as Fields, at.whole.split(".").slice(-rest.length).join("."));
  } else if (from[key] === undefined) delete to[key];
  else to[key] = from[key];
}

/** A map of mine with one of their entries, or without it where they have none. */
function withEntry(mine: Fields, theirs: Fields, quoted: string): Fields {
  const entry = quoted.replace(/^`(.*)`$/, "$1");
  const { [entry]: _, ...others } = mine;
  return theirs[entry] === undefined ? others : { ...others, [entry]: theirs[entry] };
}

/** What a message has under a field; nothing where another of its `oneof` is set. */
function valueIn(field: DescField, message: Fields): unknown {
  if (field.oneof === undefined) return message[field.localName];
  const chosen = message[field.oneof.localName] as { readonly case?: string; readonly value?: unknown };
  return chosen.case === field.localName ? chosen.value : undefined;
}

/** A field of a `oneof` is held under the name of that. */
function keyOf(field: DescField): string {
  return field.oneof === undefined ? field.localName : field.oneof.localName;
}

function isMessage(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && "$typeName" in value;
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
