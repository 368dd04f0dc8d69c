import type { JsonObject } from "../../service.ts";
import { badRequest } from "../../wire/rpc-error.ts";
import type { Wanted } from "./projects.ts";

const fields: ReadonlySet<string> = new Set([
  "configuredCapabilities",
  "createTime",
  "labels",
  "lifecycleState",
  "name",
  "parent",
  "projectId",
  "projectNumber",
  "tags",
]);

/** A project as version 1 writes it. Throws INVALID_ARGUMENT for what has not its form. */
export function readProject(body: JsonObject): Wanted & { readonly projectId: string } {
  for (const field of Object.keys(body)) {
    if (!fields.has(field)) throw unknown(field, "");
  }
  const { type = "", id = "", ...rest } = record(body.parent, "parent");
  for (const field of Object.keys(rest)) throw unknown(field, "parent");
  const kind = type === "" ? "" : `${type}s`;
  return {
    projectId: text(body.projectId, "project_id"),
    displayName: text(body.name, "name"),
    labels: record(body.labels, "labels"),
    parent: kind === "" && id === "" ? "" : `${kind}/${id}`,
  };
}

function unknown(field: string, at: string): Error {
  const description = `Invalid JSON payload received. Unknown name "${field}"${at === "" ? "" : ` at '${at}'`}: Cannot find field.`;
  return badRequest(description, [{ field: at, description }]);
}

function text(value: unknown, field: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  const description = `Invalid value at '${field}' (TYPE_STRING), ${JSON.stringify(value)}`;
  throw badRequest(description, [{ field, description }]);
}

/** An object of texts; numbers, as ids, are taken as such. */
function record(value: unknown, field: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    const description = `Invalid value at '${field}', ${JSON.stringify(value)}`;
    throw badRequest(description, [{ field, description }]);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      text(typeof each === "number" ? String(each) : each, `${field}.${key}`),
    ]),
  );
}
