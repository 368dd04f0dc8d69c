import type { Access, Call, CloudService } from "../service.ts";
import { isProjectId, ownerEmail, type StoredProjects } from "../store/projects.ts";
import { errorInfo, RpcError } from "../wire/rpc-error.ts";
import { denied } from "./denied.ts";
import { projectDeleted, serviceDisabled } from "./enabled.ts";
import { type LocalIam, placesOf } from "./iam.ts";
import type { LikeGoogle } from "./like-google.ts";
import { type BindingDelta, bindingDeltas, modifiedGrants } from "./modified-grants.ts";

/**
 * APIs that work without a resource's project having enabled them: their switch is the one of the project that the
 * caller names as paying for the call (`x-goog-user-project`).
 */
const billedToCaller: ReadonlySet<string> = new Set(["cloudresourcemanager.googleapis.com"]);

/** APIs whose calls are always their resources' projects' to pay for. */
const payingForItself: ReadonlySet<string> = new Set(["storage.googleapis.com"]);

/** 403 for a person's application default credentials, whose calls nobody pays for unless they name who does. */
function payerMissing(api: string): RpcError {
  return new RpcError(
    "PERMISSION_DENIED",
    `Your application is authenticating by using local Application Default Credentials. The ${api} API requires a quota project, which is not set by default. To learn how to set your quota project, see https://cloud.google.com/docs/authentication/adc-troubleshooting/user-creds .`,
    [errorInfo("SERVICE_DISABLED", "googleapis.com", { service: api, consumer: "projects/764086051850" })],
  );
}

export interface AdmitParts {
  readonly projects: StoredProjects;
  readonly iam: LocalIam;
  /** Whether the owner's call makes a project that it names and that is not there; true by default. */
  readonly newProjects: boolean;
  readonly likeGoogle?: LikeGoogle | undefined;
}

/** The project that the call names, the API's switch in it, the caller's permissions. Throws what Google would. */
export function admit<I>(call: Call, service: CloudService, access: Access<I>, request: I, parts: AdmitParts): void {
  const { projects, iam } = parts;
  const { api, name } = target(call.api, access.resource(request));
  const wanted = typeof access.permission === "function" ? access.permission(request) : access.permission;
  const permissions = typeof wanted === "string" ? [wanted] : wanted;

  const named = projectIn(name);
  if (named !== undefined && !known(named, call, parts)) {
    throw denied(permissions[0] ?? "resourcemanager.projects.get", qualified(api, name), call.caller);
  }
  const above = /^(?:folders|organizations)\/\d+(?=\/|$)/.exec(name)?.[0];
  // Whoever asks Resource Manager of one wants to know whether it is there.
  const isUse = !billedToCaller.has(call.api) || permissions.some((each) => each.endsWith(".create"));
  if (above !== undefined && isUse && !knownAbove(above, call, parts)) {
    throw denied(permissions[0] ?? "", qualified(api, name), call.caller);
  }
  const payer = call.headers["x-goog-user-project"];
  if (payer !== undefined) admitPayer(call, service, payer, parts);
  else if (call.caller.byDefaultCredentials && !payingForItself.has(service.api)) throw payerMissing(service.api);

  const consumer = billedToCaller.has(call.api) ? payer : named;
  const project = consumer === undefined ? undefined : projects.get(consumer);
  const shut = named === undefined ? undefined : projects.get(named);
  if (shut?.deletedMs !== undefined && !billedToCaller.has(call.api)) throw projectDeleted(service, shut);
  if (project !== undefined && !service.alwaysOn && !answers(project.id, service.api, parts)) {
    throw serviceDisabled(service, project);
  }
  const place = qualified(api, projects.canonical(name));
  const asked = permissions.filter(
    (permission) =>
      access.grants?.(request, permission, call.caller) !== true || iam.isDenied(call.caller, permission, place),
  );
  if (!permissions.some((each) => each.endsWith(".setIamPolicy"))) {
    if (asked.length > 0) iam.require(call.caller, asked, place);
    return;
  }
  const present = iam.policy(placesOf(place)[0] ?? place);
  iam.require(call.caller, asked, place, modifiedGrants(request, present));
  const changes = bindingDeltas(request, present);
  if (changes !== undefined) deltas.set(call, changes);
}

/** What admitted calls change in a policy: known before, and told by their audit entries after. */
const deltas = new WeakMap<Call, readonly BindingDelta[]>();

export function deltasOf(call: Call): readonly BindingDelta[] | undefined {
  return deltas.get(call);
}

function answers(projectId: string, api: string, { projects, likeGoogle }: AdmitParts): boolean {
  return projects.enabled(projectId, api) && likeGoogle?.apiIsLate(projectId, api) !== true;
}

/** Whether the project is there; made now when the owner names a new one. */
function known(id: string, call: Call, { projects, newProjects }: AdmitParts): boolean {
  const passing = billedToCaller.has(call.api);
  const there = projects.get(id);
  if (there !== undefined) {
    if (there.passing === true && !passing) projects.named(there.id, passing);
    return true;
  }
  if (!isOwner(call) || !newProjects || !isProjectId(id)) return false;
  projects.named(id, passing);
  return true;
}

/** The same of a folder or an organisation. */
function knownAbove(name: string, call: Call, { projects, newProjects }: AdmitParts): boolean {
  if (projects.hierarchy.get(name) !== undefined) return true;
  if (!isOwner(call) || !newProjects) return false;
  projects.hierarchy.ensure(name);
  return true;
}

const isOwner = ({ caller }: Call): boolean => caller.kind === "user" && caller.email === ownerEmail;

/** Whether the caller may let this project pay for the call. Throws USER_PROJECT_DENIED as Google does. */
function admitPayer(call: Call, service: CloudService, payer: string, parts: AdmitParts): void {
  const isThere = known(payer, call, parts);
  const project = parts.projects.get(payer);
  const resource = `projects/${project?.id ?? payer}`;
  if (isThere && parts.iam.allowed(call.caller, "serviceusage.services.use", resource)) return;
  const url = `https://console.developers.google.com/iam-admin/iam/project?project=${payer}`;
  throw new RpcError(
    "PERMISSION_DENIED",
    `Caller does not have required permission to use project ${payer}. Grant the caller the roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission, by visiting ${url} and then retry. Propagation of the new permission may take a few minutes.`,
    [
      errorInfo("USER_PROJECT_DENIED", "googleapis.com", { service: service.api, consumer: `projects/${payer}` }),
      {
        "@type": "type.googleapis.com/google.rpc.Help",
        links: [{ description: "Google developer console IAM admin", url }],
      },
    ],
  );
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
