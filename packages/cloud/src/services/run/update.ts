import type { DescMessage, Message, MessageShape } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { Service } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import { badRequest } from "../../wire/rpc-error.ts";
import type { Messages } from "./messages.ts";

/** The fields of a service that a caller sets; all others are the server's, and change nothing when a mask names them. */
const settable: readonly string[] = [
  "description",
  "labels",
  "annotations",
  "client",
  "client_version",
  "ingress",
  "launch_stage",
  "binary_authorization",
  "template",
  "traffic",
  "scaling",
  "invoker_iam_disabled",
  "default_uri_disabled",
  "iap_enabled",
  "multi_region_settings",
  "custom_audiences",
  "build_config",
];

/**
 * Sets in `to` (the caller's own copy) what the mask names of `from`. Without paths, or with `*`, everything that a
 * caller can set is replaced: what is absent in `from` goes. Throws INVALID_ARGUMENT for paths that do not exist.
 */
export function applyUpdate(m: Messages, to: Service, from: Service, paths: readonly string[]): void {
  applyMask(m.service, settable, "UpdateServiceRequest", to, from, paths);
}

/** As `applyUpdate`, of any message, whose fields that a caller sets are `own`. */
export function applyMask<S extends DescMessage>(
  schema: S,
  own: readonly string[],
  request: string,
  to: MessageShape<S>,
  from: MessageShape<S>,
  paths: readonly string[],
): void {
  const wanted = paths.length === 0 || paths.includes("*") ? own : paths;
  const unknown = wanted.filter((path) => {
    const parts = path.split(".").map(snake);
    const known = schema.fields.some((field) => field.name === parts[0]);
    if (known && !own.includes(parts[0] ?? "")) return false;
    return !copyPath(schema, to, from, parts, path.split("."));
  });
  if (unknown.length === 0) return;
  const field = `Violation in ${request}.update_mask`;
  throw badRequest(
    unknown.map((path) => `${field}: Invalid field path '${path}'.`).join("\n"),
    unknown.map((path) => ({ field, description: `Invalid field path '${path}'.` })),
  );
}

/** False when there is no such field. `asGiven` has the parts unchanged: keys of maps are taken from it. */
function copyPath(
  desc: DescMessage,
  to: Message,
  from: Message,
  parts: readonly string[],
  asGiven: readonly string[],
): boolean {
  return copyInside(reflect(desc, to), reflect(desc, from), parts, asGiven);
}

function copyInside(
  to: ReflectMessage,
  from: ReflectMessage,
  [part, ...rest]: readonly string[],
  [, ...restAsGiven]: readonly string[],
): boolean {
  const field = to.desc.fields.find((each) => each.name === part);
  if (field === undefined) return false;
  if (rest.length === 0) {
    if (from.isSet(field)) to.set(field, from.get(field));
    else to.clear(field);
    return true;
  }
  if (field.fieldKind === "message") {
    const inner = to.get(field);
    if (!copyInside(inner, from.get(field), rest, restAsGiven)) return false;
    to.set(field, inner);
    return true;
  }
  if (field.fieldKind !== "map" || field.mapKey !== 9 || field.mapKind !== "scalar") return false;
  const key = restAsGiven.join(".");
  const source = from.get(field);
  const target = to.get(field);
  const value = source.get(key);
  if (value === undefined) target.delete(key);
  else target.set(key, value);
  return true;
}

function snake(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
