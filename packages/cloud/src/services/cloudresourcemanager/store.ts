import type { Host } from "../../host.ts";
import type { Principal } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import type { StoredProject, StoredProjects } from "../../store/projects.ts";
import type { Container } from "../../store/projects-hierarchy.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { parseQuery } from "./query.ts";
import { api, fieldIssue, graceMs, hidden, resourceId } from "./rules.ts";

export type { StoredProject };

export function storedProjects(host: Host): StoredProjects {
  return host.projects as StoredProjects;
}

/** The project of `projects/p` (or of an id or number alone). Throws what Google says where there is none. */
export function mustExist(host: Host, name: string): StoredProject {
  const project = storedProjects(host).get(name.replace(/^projects\//, ""));
  if (project === undefined || isGone(host, project)) throw hidden();
  return project;
}

/** Whether its time to come back is over. */
function isGone(host: Host, { deletedMs }: { readonly deletedMs?: number | undefined }): boolean {
  return deletedMs !== undefined && deletedMs + graceMs <= host.clock.now();
}

/** Those that the caller may see, by id. */
export function visible(host: Host, caller: Principal): readonly StoredProject[] {
  return storedProjects(host)
    .list()
    .filter(
      (each) => !isGone(host, each) && host.iam.holds(caller, "resourcemanager.projects.get", `projects/${each.id}`),
    );
}

/** The folder or organisation of this name. Throws what Google says where there is none. */
export function mustContain(host: Host, name: string): Container {
  const container = storedProjects(host).hierarchy.get(name);
  if (container === undefined || isGone(host, container)) throw hidden();
  return container;
}

/** Folders or organisations that the caller may see, in the order of their names. */
export function visibleContainers(
  host: Host,
  caller: Principal,
  kind: "folders" | "organizations",
): readonly Container[] {
  return storedProjects(host)
    .hierarchy.list()
    .filter((each) => each.name.startsWith(kind) && !isGone(host, each))
    .filter(({ name }) => host.iam.holds(caller, `resourcemanager.${kind}.get`, `${api}/${name}`))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function stateOf({ deletedMs }: { readonly deletedMs?: number | undefined }): "ACTIVE" | "DELETE_REQUESTED" {
  return deletedMs === undefined ? "ACTIVE" : "DELETE_REQUESTED";
}

/** Keeps the projects that a query of `projects.list` or `SearchProjects` asks for. Throws INVALID_ARGUMENT. */
export function searched(projects: readonly StoredProject[], query: string): readonly StoredProject[] {
  const nobody: StoredProject = { id: "", number: "", createdMs: 0, displayName: "", labels: {}, parent: "" };
  const test = parseQuery(query, projectField, nobody);
  if (test === undefined) throw fieldIssue("query", "invalid query");
  return projects.filter(test);
}

function projectField(field: string, project: StoredProject): readonly string[] | undefined {
  const parent = project.parent === "" ? [] : [resourceId(project.parent)];
  switch (field) {
    case "id":
    case "projectId":
      return [project.id];
    case "name":
    case "displayName":
      return project.displayName === "" ? [] : [project.displayName];
    case "projectNumber":
      return [project.number];
    case "state":
    case "lifecycleState":
      return [stateOf(project)];
    case "parent":
      return project.parent === "" ? [] : [project.parent];
    case "parent.type":
      return parent.map(({ type }) => type);
    case "parent.id":
      return parent.map(({ id }) => id);
    case "labels":
      return Object.keys(project.labels);
    default: {
      if (!field.startsWith("labels.")) return undefined;
      const value = project.labels[field.slice("labels.".length)];
      return value === undefined ? [] : [value];
    }
  }
}

/** A page of things in the order of their keys. */
export function pageOf<T>(
  all: readonly T[],
  key: (thing: T) => string,
  options: { readonly pageSize: number; readonly pageToken: string; readonly scope: string; readonly most?: number },
): { readonly items: readonly T[]; readonly nextPageToken: string } {
  const { pageSize, scope, most = 500 } = options;
  if (pageSize < 0) throw new RpcError("INVALID_ARGUMENT", "Page size cannot be negative.");
  const after = options.pageToken === "" ? "" : readPageToken(options.pageToken, scope);
  const rest = all.filter((each) => key(each) > after);
  const items = rest.slice(0, pageSize > 0 ? Math.min(pageSize, most) : most);
  const last = items.at(-1);
  return { items, nextPageToken: last && items.length < rest.length ? pageToken(key(last), scope) : "" };
}
