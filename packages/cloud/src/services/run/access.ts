import { localIam } from "../../chain/iam.ts";
import { likeGoogleOf } from "../../chain/like-google.ts";
import type { Host } from "../../host.ts";
import type { RevisionFailure } from "../../machines/machines.ts";
import type { Principal } from "../../service.ts";
import { errorInfo, RpcError } from "../../wire/rpc-error.ts";
import { registryOf } from "../artifactregistry/store.ts";
import { api } from "./operations.ts";

/**
 * Throws PERMISSION_DENIED, in Google's words, unless the caller may let a service run as this account. One that does
 * not exist is refused in the same words.
 */
export function requireActAs(host: Host, caller: Principal, email: string): void {
  const account = localIam(host.iam).accounts.get(email);
  const permission = "iam.serviceaccounts.actAs";
  if (account !== undefined && likeGoogleOf(host)?.actAsIsLate(account) !== true) {
    const resource = `iam.googleapis.com/projects/${account.projectId}/serviceAccounts/${account.email}`;
    if (host.iam.allowed(caller, "iam.serviceAccounts.actAs", resource)) return;
  }
  throw new RpcError(
    "PERMISSION_DENIED",
    `Permission '${permission}' denied on service account ${email} (or it may not exist).`,
    [errorInfo("IAM_PERMISSION_DENIED", api, { permission: "iam.serviceAccounts.actAs", resource: email })],
  );
}

const pull = "artifactregistry.repositories.downloadArtifacts";

/** A repository here that an image is in; undefined for images of elsewhere. */
function repositoryOf(host: Host, image: string): { readonly name: string; readonly project: string } | undefined {
  const [, location, project = "", repository] = /^([a-z0-9-]+)-docker\.pkg\.dev\/([^/]+)\/([^/]+)\//.exec(image) ?? [];
  const found = host.projects.get(project);
  if (found === undefined) return undefined;
  return { name: `projects/${found.id}/locations/${location}/repositories/${repository}`, project: found.id };
}

/** Throws PERMISSION_DENIED, in Google's words, unless the caller may read the images that they deploy. */
export function requireImages(host: Host, caller: Principal, images: readonly string[]): void {
  for (const image of images) {
    const repository = repositoryOf(host, image);
    if (repository === undefined) continue;
    if (host.iam.allowed(caller, pull, `artifactregistry.googleapis.com/${repository.name}`)) continue;
    throw new RpcError(
      "PERMISSION_DENIED",
      `Permission "${pull}" denied on resource "${repository.name}" (or it may not exist)`,
      [errorInfo("IAM_PERMISSION_DENIED", "iam.googleapis.com", { permission: pull, resource: repository.name })],
    );
  }
}

/**
 * Why Cloud Run's own service agent, and not the runtime's identity, may not pull an image. In its own project it always
 * may; another project must have let it.
 */
export function unreadableImage(
  host: Host,
  images: readonly string[],
  place: { readonly project: string; readonly projectNumber: string },
): RevisionFailure | undefined {
  const email = `service-${place.projectNumber}@serverless-robot-prod.iam.gserviceaccount.com`;
  for (const image of images) {
    const repository = repositoryOf(host, image);
    if (repository === undefined || repository.project === place.project) continue;
    const agent: Principal = { kind: "serviceAccount", email };
    if (host.iam.allowed(agent, pull, `artifactregistry.googleapis.com/${repository.name}`)) continue;
    const why = `Note that the image is from project [${repository.project}], which is not the same as this project [${place.project}]. Permission must be granted to the Google Cloud Run Service Agent ${email} from this project.`;
    return {
      reason: "ContainerPermissionDenied",
      message: `Google Cloud Run Service Agent ${email} must have permission to read the image, ${image}. Ensure that the provided container image URL is correct and that the above account has permission to access the image. If you just enabled the Cloud Run API, the permissions might take a few minutes to propagate. ${why}`,
    };
  }
  return undefined;
}

/** The image by digest: what its tag means now. Undefined when the registry has no such image. */
export function pinImage(host: Host, image: string): string | undefined {
  if (image.includes("@sha256:")) return undefined;
  const found = registryOf(host).resolve(image);
  return found === undefined ? undefined : `${image.replace(/:[^/:]+$/, "")}@${found.digest}`;
}
