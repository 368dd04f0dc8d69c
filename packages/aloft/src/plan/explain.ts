import { GoogleError } from "@aloft/google";
import { Failure, messageOf } from "@aloft/kit/failure";
import type { Address, Graph } from "../app/graph.ts";

/** An error for people: what, why, and the command that mends it. */
export interface Explained {
  readonly what: string;
  readonly why?: string;
  readonly next?: string;
}

/** Roles that hold a permission, the first prefix that fits. The smallest predefined role of each service for a deployer. */
const roleOf: readonly (readonly [prefix: string, role: string])[] = [
  ["secretmanager.versions.access", "roles/secretmanager.secretAccessor"],
  ["secretmanager.", "roles/secretmanager.admin"],
  ["iam.serviceAccounts.actAs", "roles/iam.serviceAccountUser"],
  ["iam.serviceaccounts.actAs", "roles/iam.serviceAccountUser"],
  ["iam.serviceAccounts.", "roles/iam.serviceAccountAdmin"],
  ["run.", "roles/run.admin"],
  ["artifactregistry.", "roles/artifactregistry.admin"],
  ["redis.", "roles/redis.admin"],
  ["serviceusage.", "roles/serviceusage.serviceUsageAdmin"],
  ["compute.", "roles/compute.networkUser"],
  ["vpcaccess.", "roles/vpcaccess.user"],
];

/** The permission that a PERMISSION_DENIED names, in its details or its words. */
export function permissionOf(error: GoogleError): string | undefined {
  return error.metadata.permission ?? /[Pp]ermission '?([a-zA-Z]+\.[a-zA-Z]+\.[a-zA-Z]+)'?/.exec(error.message)?.[1];
}

/** The grant that the caller lacks, as a command. */
function grantFor(permission: string | undefined, { project }: Pick<Graph, "project">): string | undefined {
  const role = roleOf.find(([prefix]) => permission?.startsWith(prefix))?.[1];
  return role === undefined
    ? undefined
    : `gcloud projects add-iam-policy-binding ${project} --member=user:YOU --role=${role}`;
}

/** `Permission denied on secret: projects/1/secrets/S/versions/2 for Revision service account x@y`: whose grant is missing. */
function secretGrant(message: string, graph: Pick<Graph, "env" | "project">): Explained | undefined {
  if (!/permission denied on secret/i.test(message)) return undefined;
  const secret = /secrets\/([A-Za-z0-9_-]+)/.exec(message)?.[1] ?? "SECRET";
  const email = /[\w.-]+@[\w.-]+\.(?:iam\.)?gserviceaccount\.com/.exec(message)?.[0] ?? "SERVICE_ACCOUNT";
  return {
    what: `its identity may not read the secret ${secret}: the grant of roles/secretmanager.secretAccessor on ${secret} to serviceAccount:${email} is missing, or is not known everywhere yet`,
    why: message,
    next: `aloft up${graph.env === "local" ? "" : ` --env ${graph.env}`}`,
  };
}

/** An image of another project, which must let this project's Cloud Run read it. */
function imageGrant({ message }: GoogleError): Explained | undefined {
  const agent = /Service Agent (\S+) must have permission to read the image/i.exec(message)?.[1];
  const image = /([a-z0-9-]+)-docker\.pkg\.dev\/([^/\s]+)\/([^/\s]+)\//.exec(message);
  if (agent === undefined || image === null) return undefined;
  const [, location, project, repository] = image;
  return {
    what: `Cloud Run's own account may not read the image: ${agent} lacks roles/artifactregistry.reader on ${repository} in ${project}`,
    why: message,
    next: `gcloud artifacts repositories add-iam-policy-binding ${repository} --location=${location} --project=${project} --member=serviceAccount:${agent} --role=roles/artifactregistry.reader`,
  };
}

/** An API that is off, or off for the project that a person's credentials name (or do not) as the one that pays. */
function apiOff(thrown: GoogleError, graph: Pick<Graph, "project">): Explained | undefined {
  if (thrown.reason !== "SERVICE_DISABLED") return undefined;
  if (/quota project/i.test(thrown.message)) {
    return {
      what: "your credentials name no project that pays for the calls",
      why: thrown.message,
      next: `gcloud auth application-default set-quota-project ${graph.project}`,
    };
  }
  const api = thrown.metadata.service ?? /^\S+ ([\w-]+\.googleapis\.com)/.exec(thrown.call)?.[1] ?? "API";
  return {
    what: `${api} is switched off, or was switched on a few minutes ago and is not known everywhere yet`,
    why: thrown.message,
    next: `gcloud services enable ${api} --project=${graph.project}`,
  };
}

/** What stands in the way in the project, its organisation or its network, and only its owner can change. */
function projectProblem({ message, reason }: GoogleError, graph: Pick<Graph, "project">): Explained | undefined {
  if (reason === "UREQ_PROJECT_BILLING_NOT_FOUND" || /billing/i.test(message))
    return { what: message, next: `gcloud billing projects link ${graph.project} --billing-account=ACCOUNT` };
  // constraints/iam.allowedPolicyMemberDomains, on in all organisations since 2024.
  if (/do not belong to a permitted customer/i.test(message)) {
    return {
      what: "the organisation lets in nobody from outside: allUsers and other organisations' members are refused",
      why: message,
      next: "public: true in place of allUsers: true (it needs no such grant)",
    };
  }
  const network = /projects\/[^/]+\/global\/networks\/([\w-]+)/.exec(message)?.[1];
  if (network !== undefined && /not found|does not exist/i.test(message)) {
    return {
      what: `there is no network ${network} in ${graph.project}`,
      why: message,
      next: `gcloud compute networks create ${network} --subnet-mode=auto --project=${graph.project}, or name another with network:`,
    };
  }
  return undefined;
}

/** What went wrong with one resource. */
export function explain(thrown: unknown, graph: Pick<Graph, "env" | "project">, address?: Address): Explained {
  if (thrown instanceof Failure) {
    const { what, why, next, problems } = thrown;
    const listed = problems.map((p) => (p.at === undefined ? p.what : `${p.at}: ${p.what}`)).join("; ");
    const reason = why ?? (listed === "" ? undefined : listed);
    return { what, ...(reason === undefined ? {} : { why: reason }), ...(next === undefined ? {} : { next }) };
  }
  if (!(thrown instanceof GoogleError)) return { what: messageOf(thrown) };
  const denied = secretGrant(thrown.message, graph);
  if (denied !== undefined) return denied;
  const known = imageGrant(thrown) ?? apiOff(thrown, graph);
  if (known !== undefined) return known;
  if (thrown.code === "PERMISSION_DENIED") {
    const permission = permissionOf(thrown);
    const next = grantFor(permission, graph);
    return {
      what: permission === undefined ? "you lack a permission for it" : `you lack the permission ${permission}`,
      why: thrown.message,
      ...(next === undefined ? {} : { next }),
    };
  }
  const ofTheProject = projectProblem(thrown, graph);
  if (ofTheProject !== undefined) return ofTheProject;
  const flag = graph.env === "local" ? "" : ` --env ${graph.env}`;
  if (thrown.code === "ABORTED") {
    return { what: "somebody else changed it meanwhile", why: thrown.message, next: `aloft up${flag}` };
  }
  const starting =
    thrown.code !== "INVALID_ARGUMENT" && /^Revision '|container|probe|memory limit/i.test(thrown.message);
  if (address?.startsWith("service/") === true && starting) {
    const [what = "", ...rest] = thrown.message.split(/\n\s*\n/);
    const why = rest.map((part) => part.trim()).join("\n");
    return { what, ...(why === "" ? {} : { why }), next: `aloft logs ${address.slice("service/".length)}${flag}` };
  }
  return { what: thrown.message, why: `${thrown.code} from ${thrown.call}` };
}

/**
 * Errors that say nothing about one resource but about the whole connection: nobody listens, no credentials. As a `Failure`
 * to throw; undefined for all others.
 */
export function connectionFailure(thrown: unknown, graph: Pick<Graph, "env" | "project">): Failure | undefined {
  if (!(thrown instanceof GoogleError)) return undefined;
  if (thrown.code === "UNAUTHENTICATED") {
    return new Failure({
      code: "CREDENTIALS_MISSING",
      what: `Google does not accept the credentials for ${graph.project}.`,
      why: thrown.message,
      next: graph.env === "local" ? "aloft cloud stop && aloft cloud start" : "gcloud auth application-default login",
      cause: thrown,
    });
  }
  if (thrown.status !== 0 || thrown.code !== "UNAVAILABLE") return undefined;
  return graph.env === "local"
    ? new Failure({
        code: "CLOUD_NOT_RUNNING",
        what: "The local cloud does not answer.",
        why: thrown.message,
        next: "aloft cloud start",
        cause: thrown,
      })
    : new Failure({
        code: "API_ERROR",
        what: thrown.message,
        why: thrown.call,
        next: "look at the network, then try again",
        cause: thrown,
      });
}
