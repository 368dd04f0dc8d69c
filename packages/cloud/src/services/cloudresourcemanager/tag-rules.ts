import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { TagKeySchema } from "../../../gen/types/google/cloud/resourcemanager/v3/tag_keys_pb.js";
import type { TagValueSchema } from "../../../gen/types/google/cloud/resourcemanager/v3/tag_values_pb.js";
import { namespaced } from "../../chain/condition-tags.ts";
import type { Host } from "../../host.ts";
import type { Tag } from "../../store/projects-tags.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { etagOf, fieldIssue, hidden } from "./rules.ts";
import { mustExist, storedProjects } from "./store.ts";

/** How many keys a project or organisation has at most, and values a key. */
export const mostTags = 1000;

export function mustTag(host: Host, name: string): Tag {
  const tag = storedProjects(host).tags.tags.get(name);
  if (tag === undefined) throw hidden();
  return tag;
}

/**
 * A key's or a value's name with all that it is in, as permission checks climb it: `tagValues/2` →
 * `projects/demo/tagKeys/1/tagValues/2`. One that is not there stays as it is.
 */
export function placeOfTag(host: Host, name: string): string {
  const tag = storedProjects(host).tags.tags.get(name);
  if (tag === undefined) return name;
  return name.startsWith("tagValues/") ? `${placeOfTag(host, tag.parent)}/${name}` : `${tag.parent}/${name}`;
}

/** What a key may be in, as it is stored: a project by its id, or an organisation. */
export function keyParent(host: Host, parent: string): string {
  if (/^organizations\/\d+$/.test(parent)) {
    if (storedProjects(host).hierarchy.get(parent) === undefined) throw hidden();
    return parent;
  }
  if (!/^projects\/[^/]+$/.test(parent)) {
    throw fieldIssue("parent", "must be of the form organizations/{org_id} or projects/{project_id}");
  }
  return `projects/${mustExist(host, parent).id}`;
}

export function checkShortName(shortName: string): void {
  if (/^[a-zA-Z0-9](?:[-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/.test(shortName)) return;
  throw fieldIssue(
    "short_name",
    "must be 1-63 characters, beginning and ending with an alphanumeric character with dashes, underscores, dots, and alphanumerics between",
  );
}

export function checkDescription(description: string): void {
  if (description.length > 256) throw fieldIssue("description", "must not exceed 256 characters");
}

/** Throws ABORTED when a client changes what it has not seen. */
export function checkEtag(tag: Tag, etag: string): void {
  if (etag === "" || etag === tagEtag(tag)) return;
  throw new RpcError("ABORTED", "The etag does not match the present one: the resource was changed meanwhile.");
}

/** The changed tag that a client asks for. Throws for what it may not change. */
export function changedTag(
  tag: Tag,
  wanted: { readonly description: string; readonly etag: string },
  paths: readonly string[],
  nowMs: number,
): Tag {
  for (const path of paths) {
    if (path !== "description" && path !== "etag" && path !== "*") {
      throw fieldIssue("update_mask", `${path} cannot be updated`);
    }
  }
  checkEtag(tag, wanted.etag);
  checkDescription(wanted.description);
  const described = paths.length === 0 || paths.includes("description") || paths.includes("*");
  return {
    ...tag,
    ...(described ? { description: wanted.description } : {}),
    updatedMs: nowMs,
    revision: tag.revision + 1,
  };
}

export function showKey(host: Host, key: Tag): MessageInitShape<typeof TagKeySchema> {
  const { parent, shortName } = key;
  const number = parent.startsWith("projects/")
    ? storedProjects(host).get(parent.slice("projects/".length))?.number
    : undefined;
  return {
    ...shown(key),
    parent: number === undefined ? parent : `projects/${number}`,
    namespacedName: namespaced(parent, shortName),
    purpose: (key.purpose ?? 0) as never,
    purposeData: { ...key.purposeData },
  };
}

export function showValue(host: Host, value: Tag): MessageInitShape<typeof TagValueSchema> {
  return { ...shown(value), parent: value.parent, namespacedName: valueName(host, value) };
}

/** `demo/env/prod` */
export function valueName(host: Host, value: Tag): string {
  const key = mustTag(host, value.parent);
  return `${namespaced(key.parent, key.shortName)}/${value.shortName}`;
}

/** The key of `demo/env`, by a project's id or number, or an organisation's. */
export function findKey(host: Host, name: string): Tag | undefined {
  const [, owner = "", shortName = ""] = /^([^/]+)\/([^/]+)$/.exec(name) ?? [];
  const id = storedProjects(host).get(owner)?.id;
  const parents = [`organizations/${owner}`, ...(id === undefined ? [] : [`projects/${id}`])];
  return storedProjects(host)
    .tags.tags.all()
    .find((tag) => tag.shortName === shortName && parents.includes(tag.parent));
}

/** The value of `demo/env/prod`. */
export function findValue(host: Host, name: string): Tag | undefined {
  const slash = name.lastIndexOf("/");
  const key = findKey(host, name.slice(0, slash));
  return (
    key &&
    storedProjects(host)
      .tags.valuesOf(key.name)
      .find(({ shortName }) => shortName === name.slice(slash + 1))
  );
}

function shown(tag: Tag) {
  const { name, shortName, description, createdMs, updatedMs } = tag;
  return {
    ...{ name, shortName, description, etag: tagEtag(tag) },
    createTime: timestampFromMs(createdMs),
    updateTime: timestampFromMs(updatedMs),
  };
}

function tagEtag({ name, revision }: Tag): string {
  return etagOf(name, revision);
}
