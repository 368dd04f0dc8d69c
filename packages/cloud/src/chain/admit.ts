import type { Iam } from "../host.ts";
import type { Access, Call, CloudService } from "../service.ts";
import { isProjectId, ownerEmail, type StoredProjects } from "../store/projects.ts";
import { denied } from "./denied.ts";
import { serviceDisabled } from "./enabled.ts";

/**
 * APIs that work without a resource's project having enabled them: their switch is the one of the project that the
 * caller names as paying for the call (`x-goog-user-project`).
 */
const billedToCaller: ReadonlySet<string> = new Set(["cloudresourcemanager.googleapis.com"]);

export interface AdmitParts {
  readonly projects: StoredProjects;
  readonly iam: Iam;
  /** Whether the owner's call makes a project that it names and that is not there; true by default. */
  readonly newProjects: boolean;
}

/** The project that the call names, the API's switch in it, the caller's permissions. Throws what Google would. */
export function admit<I>(call: Call, service: CloudService, access: Access<I>, request: I, parts: AdmitParts): void {
  const { projects, iam } = parts;
  const { api, name } = target(call.api, access.resource(request));
  const wanted = typeof access.permission === "function" ? access.permission(request) : access.permission;
  const permissions = typeof wanted === "string" ? [wanted] : wanted;

  const named = projectIn(name);
  if (named !== undefined && projects.get(named) === undefined) {
    const isOwner = call.caller.kind === "user" && call.caller.email === ownerEmail;
    if (!isOwner || !parts.newProjects || !isProjectId(named)) {
      throw denied(permissions[0] ?? "resourcemanager.projects.get", qualified(api, name));
    }
    projects.ensure(named);
  }

  const consumer = billedToCaller.has(call.api) ? call.headers["x-goog-user-project"] : named;
  const project = consumer === undefined ? undefined : projects.get(consumer);
  if (project !== undefined && !service.alwaysOn && !projects.enabled(project.id, service.api)) {
    throw serviceDisabled(service, project);
  }
  if (permissions.length > 0) iam.require(call.caller, permissions, qualified(api, projects.canonical(name)));
}

/** `projects/p/secrets/s` belongs to the API called; `//iam.googleapis.com/projects/…` says to which. */
export function target(api: string, resource: string): { readonly api: string; readonly name: string } {
  if (!resource.startsWith("//")) return { api, name: resource };
  const slash = resource.indexOf("/", 2);
  return { api: resource.slice(2, slash), name: resource.slice(slash + 1) };
}

/** The name as permission checks take it. */
export function qualified(api: string, name: string): string {
  return `${api}/${name}`;
}

/** Id or number of the project in a relative name; none for `projects/-`. */
export function projectIn(name: string): string | undefined {
  const id = /^projects\/([^/]+)/.exec(name)?.[1];
  return id === "-" ? undefined : id;
}
