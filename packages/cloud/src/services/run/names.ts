import { RpcError } from "../../wire/rpc-error.ts";

export interface LocationName {
  readonly project: string;
  /** A region, or `-` in lists. */
  readonly location: string;
}

export interface ServiceName extends LocationName {
  readonly service: string;
}

export interface RevisionName extends ServiceName {
  readonly revision: string;
}

const location = /^projects\/([^/]+)\/locations\/([^/]+)$/;
const service = /^projects\/([^/]+)\/locations\/([^/]+)\/(?:services|workerPools)\/([^/]+)$/;
const revision = /^projects\/([^/]+)\/locations\/([^/]+)\/(?:services|workerPools)\/([^/]+)\/revisions\/([^/]+)$/;

function match(pattern: RegExp, name: string, form: string): readonly string[] {
  const found = pattern.exec(name);
  if (found === null) throw new RpcError("INVALID_ARGUMENT", `Invalid resource name '${name}'. Expected: ${form}.`);
  return found.slice(1);
}

/** `projects/p/locations/r`. Throws INVALID_ARGUMENT for any other form. */
export function parseLocation(name: string): LocationName {
  const [project = "", region = ""] = match(location, name, "projects/{project}/locations/{location}");
  return { project, location: region };
}

/** `projects/p/locations/r/services/s`, or of a worker pool, which is one without a URL inside. Throws INVALID_ARGUMENT for any other form. */
export function parseService(name: string): ServiceName {
  const form = "projects/{project}/locations/{location}/services/{service}";
  const [project = "", region = "", id = ""] = match(service, name, form);
  return { project, location: region, service: id };
}

/** `projects/p/locations/r/services/s/revisions/v`, or of a worker pool. Throws INVALID_ARGUMENT for any other form. */
export function parseRevision(name: string): RevisionName {
  const form = "projects/{project}/locations/{location}/services/{service}/revisions/{revision}";
  const [project = "", region = "", id = "", revisionId = ""] = match(revision, name, form);
  return { project, location: region, service: id, revision: revisionId };
}

/** The last part of a relative name. */
export function idOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** `projects/p/locations/r/services/s` of a revision's name. */
export function serviceOf(revisionName: string): string {
  return revisionName.slice(0, revisionName.indexOf("/revisions/"));
}

export function revisionNameOf(serviceName: string, id: string): string {
  return `${serviceName}/revisions/${id}`;
}

/** NOT_FOUND in Cloud Run's words. */
export function serviceNotFound(name: ServiceName): RpcError {
  return notFound(name, "SERVICE", name.service);
}

/** NOT_FOUND in Cloud Run's words. */
export function revisionNotFound(name: RevisionName): RpcError {
  return notFound(name, "REVISION", name.revision);
}

function notFound(at: LocationName, kind: string, id: string): RpcError {
  return new RpcError(
    "NOT_FOUND",
    `Resource '${id}' of kind '${kind}' in region '${at.location}' in project '${at.project}' does not exist.`,
  );
}

/** `api-00007-x4k`: the number grows with each revision of the service, named by the user or not. */
export function generatedRevisionId(serviceId: string, number: number, suffix: string): string {
  return `${serviceId}-${String(number).padStart(5, "0")}-${suffix}`;
}
