import { permissions } from "../../chain/permissions.ts";
import type { Host } from "../../host.ts";
import type { Call } from "../../service.ts";
import { api, fieldIssue, hidden } from "./rules.ts";
import { mustContain, mustExist, storedProjects } from "./store.ts";

type Verb = "createTagBinding" | "deleteTagBinding" | "listEffectiveTags" | "listTagBindings";

export interface Taggable {
  /** Full, with the project's number: `//secretmanager.googleapis.com/projects/123456789012/secrets/s`. */
  readonly name: string;
  /** As permission checks take it: `secretmanager.googleapis.com/projects/demo/secrets/s`. */
  readonly place: string;
  /** Throws PERMISSION_DENIED when the caller may not do that to the resource's tags. */
  readonly require: (call: Call, verb: Verb) => void;
}

const known: ReadonlySet<string> = new Set(permissions);

/** What a full resource name is about. Throws for one that is none, or of what is not there. */
export async function taggable(host: Host, fullName: string): Promise<Taggable> {
  const [, service = "", rest = ""] = /^\/\/([a-z0-9-]+\.googleapis\.com)\/(.+)$/.exec(fullName) ?? [];
  if (rest === "") throw fieldIssue("parent", "must be a full resource name");
  const requiring = (place: string, kind: string): Taggable["require"] => {
    return ({ caller }, verb) => {
      const permission = known.has(`${kind}.${verb}`) ? `${kind}.${verb}` : `resourcemanager.hierarchyNodes.${verb}`;
      host.iam.require(caller, [permission], place);
    };
  };
  if (service === api) {
    const [kind = "", id = ""] = rest.split("/");
    const hierarchyNode = (name: string, place: string): Taggable => {
      const at = `${api}/${place}`;
      return { name: `//${api}/${name}`, place: at, require: requiring(at, "resourcemanager.hierarchyNodes") };
    };
    if (kind === "projects") {
      const project = mustExist(host, `projects/${id}`);
      return hierarchyNode(`projects/${project.number}`, `projects/${project.id}`);
    }
    return hierarchyNode(mustContain(host, rest).name, rest);
  }
  const bucket = /^projects\/_\/buckets\/([^/]+)$/.exec(rest)?.[1];
  if (service === "storage.googleapis.com" && bucket !== undefined) {
    const project = await projectOfBucket(host, bucket);
    const place = `${service}/projects/${project}/buckets/${bucket}`;
    return { name: fullName, place, require: requiring(place, "storage.buckets") };
  }
  const [, owner, inside] = /^projects\/([^/]+)\/(.+)$/.exec(rest) ?? [];
  if (owner === undefined || inside === undefined) throw fieldIssue("parent", "must be a full resource name");
  const project = mustExist(host, `projects/${owner}`);
  const collection = inside.split("/").at(-2) ?? "";
  host.note("cloudresourcemanager.tags", `Whether a tagged resource of ${service} is there is not looked up.`);
  const place = `${service}/projects/${project.id}/${inside}`;
  const kind = `${service.slice(0, service.indexOf("."))}.${collection}`;
  return { name: `//${service}/projects/${project.number}/${inside}`, place, require: requiring(place, kind) };
}

/** Whose a bucket is. Throws where there is none. */
async function projectOfBucket(host: Host, bucket: string): Promise<string> {
  const { storageOf } = await import("../storage/storage.ts");
  const found = storageOf(host).store.bucket(bucket);
  if (found === undefined) throw hidden();
  return storedProjects(host).get(found.project)?.id ?? found.project;
}
