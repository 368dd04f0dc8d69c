import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A request as a client of Google's was seen or read to send it, with its names taken out. */
export interface Seen {
  readonly by: "gcloud" | "terraform";
  /** The verb and the path, with a star for every name. */
  readonly call: string;
  readonly query: readonly string[];
  /** Members of the body, where it is known. */
  readonly body?: readonly string[];
  /** Fields that its update mask may name, where it has one. */
  readonly mask?: readonly string[];
}

const folder = join(import.meta.dirname, "../../../../../shared/wire");
export const hasWire = existsSync(join(folder, "terraform.md")) && existsSync(join(folder, "gcloud.md"));

const collections = new Set(
  "projects locations services secrets versions instances repositories serviceAccounts operations keyRings".split(" "),
);
const camel = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The path with a star for every name: `v1/projects/demo/secrets` has one. */
export function shapeOf(path: string): string {
  return path
    .replace(/^\/+/, "")
    .split("/")
    .map((part, i) => {
      const [name = "", verb] = part.split(":");
      const kept = i === 0 ? name : collections.has(name) ? name : "*";
      return verb === undefined ? kept : `${kept}:${verb}`;
    })
    .join("/");
}

/** Query parameters that say nothing of the resource. */
const ofTheClient = new Set(["alt", "prettyPrint", "fields"]);
const queryOf = (text: string): string[] =>
  text
    .split("&")
    .map((pair) => camel(pair.split("=")[0] ?? ""))
    .filter((name) => name !== "" && !ofTheClient.has(name));

/** Requests of gcloud to an API, as a proxy wrote them down. */
function gcloud(): Map<string, Seen[]> {
  const all = new Map<string, Seen[]>();
  const text = readFileSync(join(folder, "gcloud.md"), "utf8");
  const pattern =
    /^\d+\. `(GET|POST|PUT|PATCH|DELETE) (\/\S*?)(?:\?(\S*))?` *\n +host `[^`]*`, API (\w+) [^\n]*\n(?: +```json\n +request body: (\{.*\})\n)?/gm;
  for (const [, verb = "", path = "", query = "", api = "", body] of text.matchAll(pattern)) {
    const members = body === undefined ? {} : { body: Object.keys(parsed(body)) };
    const seen: Seen = { by: "gcloud", call: `${verb} ${shapeOf(path)}`, query: queryOf(query), ...members };
    all.set(api, [...(all.get(api) ?? []), seen]);
  }
  return all;
}

/** Long bodies are cut there: then their members are those of the part that is whole. */
function parsed(body: string): object {
  try {
    return JSON.parse(body) as object;
  } catch {
    return {};
  }
}

/** Each resource's section of the provider's survey, with the API's root. */
const sections: readonly (readonly [section: string, api: string, root: string])[] = [
  ["google_project_service", "serviceusage", "v1/"],
  ["google_service_account", "iam", "v1/"],
  ["google_secret_manager_secret", "secretmanager", "v1/"],
  ["google_secret_manager_secret_version", "secretmanager", "v1/"],
  ["google_cloud_run_v2_service", "run", "v2/"],
  ["google_artifact_registry_repository", "artifactregistry", "v1/"],
  ["google_redis_instance", "redis", "v1/"],
];

/** APIs whose operations the provider polls by their names, in its style "std". */
const longRunning = new Set(["run", "artifactregistry", "redis"]);

/** Requests of the Terraform provider, from its sources: `C: \`POST {ep}projects/{p}/secrets?secretId={id}\``. */
function terraform(): Map<string, Seen[]> {
  const all = new Map<string, Seen[]>();
  const text = readFileSync(join(folder, "terraform.md"), "utf8");
  const add = (api: string, verb: string, path: string, query: string, more: Partial<Seen> = {}): void => {
    const call = `${verb} ${shapeOf(path.replaceAll(/\{[^}]*\}/g, "x"))}`;
    if (/ v\d/.test(call))
      all.set(api, [...(all.get(api) ?? []), { by: "terraform", call, query: queryOf(query), ...more }]);
  };
  for (const [section, api, root] of sections) {
    if (longRunning.has(api)) add(api, "GET", `${root}projects/x/locations/x/operations/x`, "");
    const from = text.indexOf(`### ${section}\n`);
    if (from < 0) throw new Error(`terraform.md says nothing of ${section}`);
    const part = text.slice(from + 4, text.indexOf("\n### ", from + 4));
    let collection = "";
    const full = (written: string): string => {
      const path = written
        .replace(
          /^\{ep\}\{name\}/,
          section.endsWith("_version") ? `${root}projects/x/secrets/x/versions/x` : `${collection}/x`,
        )
        .replace(/^v1\/\{name\}/, `${collection}/x`)
        .replace(/^\{ep\}/, root);
      if (!path.startsWith("...")) return path;
      // `...` is what the section's first path has before the same collection; alone, or before a verb, one of its resources.
      const rest = path.slice(3);
      const [, next = ""] = rest.split("/");
      if (rest.startsWith("/") && collection.includes(`/${next}`))
        return `${collection.slice(0, collection.lastIndexOf(`/${next}`))}${rest}`;
      return rest.startsWith("/") ? `${collection}${rest}` : `${collection}/x${rest}`;
    };
    for (const [, verbs = "", written = "", query = ""] of part.matchAll(
      /`((?:GET|POST|PUT|PATCH|DELETE)(?:`\/`DELETE)?) ([^`?\s]+)(?:\?([^`\s]*))?[^`]*`/g,
    )) {
      const path = full(written);
      if (collection === "" && verbs === "POST" && !path.includes(":")) collection = path;
      for (const verb of verbs.split("`/`"))
        for (const one of path.split("|")) add(api, verb, one === path ? path : sibling(path, one), query);
    }
    // "D: LRO", "D: `DELETE`": the resource itself.
    if (/\bD: (`DELETE`|LRO)|; D: LRO/.test(part)) add(api, "DELETE", `${collection}/x`, "");
    if (/\bR: (`?GET`?)[.;, ]/.test(part)) add(api, "GET", `${collection}/x`, "");
    const update = /`PATCH \.\.\.\?updateMask=`([^;.]*)/.exec(part)?.[1];
    if (update !== undefined) {
      const mask = { mask: update.split(",").map((name) => name.trim()) };
      add(api, "PATCH", `${collection}/x`, "updateMask=", mask);
    }
  }
  for (const [api, parent, root] of [
    ["secretmanager", "secret", "v1/"],
    ["run", "run v2 service", "v2/"],
  ] as const) {
    const row = text.split("\n").find((line) => line.startsWith(`| ${parent} |`));
    const get = /`GET \{ep\}([^`?]+)(?:\?([^`]*))?`/.exec(row ?? "");
    if (get === null) throw new Error(`terraform.md says nothing of the policy of a ${parent}`);
    add(api, "GET", `${root}${get[1]}`, get[2] ?? "");
    add(api, "POST", `${root}${get[1]}`.replace(":getIamPolicy", ":setIamPolicy"), "");
  }
  return all;
}

/** `…/x:enable|disable` names two: the second with the first's beginning. */
const sibling = (path: string, one: string): string =>
  one.includes("/") ? one : `${path.slice(0, path.lastIndexOf(":") + 1)}${one}`;

/** What either client sends to an API of this name: `run`. */
export function seenAt(): (api: string) => readonly Seen[] {
  const [by, too] = [gcloud(), terraform()];
  return (api) => [...(by.get(api) ?? []), ...(too.get(api) ?? [])];
}
