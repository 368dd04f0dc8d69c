import type { Projects } from "../../host.ts";
import { RpcError } from "../../wire/rpc-error.ts";

export const invalid = (message: string): RpcError => new RpcError("INVALID_ARGUMENT", message);

/**
 * A name of the form (`projects/*\/sinks/*`) with its project by id. Throws INVALID_ARGUMENT for another form,
 * UNIMPLEMENTED for what belongs to an organization, a folder or a billing account.
 */
export function nameAs(form: string, given: string, projects: Projects): string {
  if (/^(organizations|folders|billingAccounts)\//.test(given)) {
    throw new RpcError("UNIMPLEMENTED", `The local cloud keeps this of projects alone: "${given}" is none's.`);
  }
  return shaped(form, form, given, projects);
}

/** The same of what folders and organisations have too: sinks, exclusions, buckets and their views. */
export function placedAs(form: string, given: string, projects: Projects): string {
  if (!/^(folders|organizations)\//.test(given)) return nameAs(form, given, projects);
  return shaped(form, form.replace("projects/*", "(?:folders|organizations)/\\d+"), given, projects);
}

function shaped(form: string, pattern: string, given: string, projects: Projects): string {
  if (new RegExp(`^${pattern.replaceAll("*", "[^/]+")}$`).test(given)) return projects.canonical(given);
  throw invalid(`The name "${given}" is invalid: it must look like ${form}.`);
}

export const forms = {
  project: "projects/*",
  location: "projects/*/locations/*",
  bucket: "projects/*/locations/*/buckets/*",
  view: "projects/*/locations/*/buckets/*/views/*",
  link: "projects/*/locations/*/buckets/*/links/*",
  sink: "projects/*/sinks/*",
  exclusion: "projects/*/exclusions/*",
  metric: "projects/*/metrics/*",
} as const;

/** The last segment of a name. */
export function idOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** `projects/p` (or `folders/1`) of a name below it. */
export function projectNameOf(name: string): string {
  return name.split("/").slice(0, 2).join("/");
}

/** Checks the id of a new thing: `what` is its kind, as a sentence begins with it. */
export function checkId(what: string, id: string): void {
  if (/^[A-Za-z0-9][\w.-]{0,99}$/.test(id)) return;
  throw invalid(
    `${what} id "${id}" is invalid: it may have letters, digits, underscores, hyphens and periods, begins with a letter or digit and has at most 100 characters.`,
  );
}

const auditLogs = ["activity", "system_event", "access_transparency"].flatMap((log) => [
  `cloudaudit.googleapis.com/${log}`,
  `externalaudit.googleapis.com/${log}`,
]);

/** What the sink _Required takes, and _Default leaves to it. */
export const requiredFilter = auditLogs.map((log) => `LOG_ID("${log}")`).join(" OR ");
export const defaultFilter = auditLogs.map((log) => `NOT LOG_ID("${log}")`).join(" AND ");
export const defaultViewFilter =
  'NOT LOG_ID("cloudaudit.googleapis.com/data_access") AND NOT LOG_ID("externalaudit.googleapis.com/data_access")';

const required: ReadonlySet<string> = new Set(auditLogs.map((log) => encodeURIComponent(log)));

/** The bucket of an entry in a project that has no sinks of its own. */
export function defaultBucket(logName: string): string {
  const at = logName.indexOf("/logs/");
  const bucket = required.has(logName.slice(at + 6)) ? "_Required" : "_Default";
  return `${logName.slice(0, at)}/locations/global/buckets/${bucket}`;
}
