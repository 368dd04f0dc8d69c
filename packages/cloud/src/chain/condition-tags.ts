import type { EffectiveTag } from "../store/projects-tags.ts";

const manager = "//cloudresourcemanager.googleapis.com";

/** What stands above a project, by its id: its number, and its folders and organisation from the nearest on. */
export interface ProjectPlace {
  readonly number: string;
  readonly above: readonly string[];
}

/**
 * The full names by which tags are bound to a resource and to what it is in, the resource first:
 * `//secretmanager.googleapis.com/projects/123456789012/secrets/s`, …, the project, its folders, the organisation.
 * `resource` as permission checks name it.
 */
export function fullNames(
  resource: string,
  placeOf: (projectId: string) => ProjectPlace | undefined,
): readonly string[] {
  const segments = resource.split("/");
  const api = segments[0]?.includes(".") ? segments.shift() : undefined;
  const [kind, id = "", ...rest] = segments;
  if (kind !== "projects") return kind === undefined ? [] : [`${manager}/${kind}/${id}`];
  const place = placeOf(id);
  const own: string[] = [];
  const bucket = api === "storage.googleapis.com" && rest[0] === "buckets";
  const project = bucket ? "_" : (place?.number ?? id);
  // Objects have no tags of their own, and slashes in their names.
  for (let end = bucket ? 2 : rest.length; end >= 2; end -= 2) {
    own.push(`//${api}/projects/${project}/${rest.slice(0, end).join("/")}`);
  }
  const names = [`projects/${place?.number ?? id}`, ...(place?.above ?? [])];
  return [...own, ...names.map((name) => `${manager}/${name}`)];
}

/** A tag's key by its other name: `demo/env` for a project's, `123456789012/env` for an organisation's. */
export function namespaced(parent: string, shortName: string): string {
  return `${parent.slice(parent.indexOf("/") + 1)}/${shortName}`;
}

/** What conditions may ask of tags, each as a text: see `tagAsked`. */
export function tagFacts(
  tags: readonly EffectiveTag[],
  placeOf: (projectId: string) => ProjectPlace | undefined,
): readonly string[] {
  return tags.flatMap(({ key, value }) => {
    const names = [namespaced(key.parent, key.shortName)];
    const number = key.parent.startsWith("projects/") ? placeOf(key.parent.slice(9))?.number : undefined;
    if (number !== undefined) names.push(`${number}/${key.shortName}`);
    return [
      tagAsked("hasTagKeyId", key.name),
      tagAsked("matchTagId", key.name, value.name),
      ...names.flatMap((name) => [tagAsked("hasTagKey", name), tagAsked("matchTag", name, value.shortName)]),
    ];
  });
}

/** `matchTag("demo/env", "prod")` as a text. */
export function tagAsked(name: string, ...asked: readonly string[]): string {
  return JSON.stringify([name, ...asked]);
}
