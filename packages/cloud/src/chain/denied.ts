import type { Principal } from "../service.ts";
import { errorInfo, RpcError } from "../wire/rpc-error.ts";

/**
 * PERMISSION_DENIED in the words of the API that owns the resource. `resource` is canonical, with its API
 * (`secretmanager.googleapis.com/projects/p/secrets/s`), or a project (`projects/p`).
 */
export function denied(permission: string, resource: string, caller?: Principal): RpcError {
  const slash = resource.indexOf("/");
  const api = resource.slice(0, slash).includes(".") ? resource.slice(0, slash) : "";
  const name = api === "" ? resource : resource.slice(slash + 1);
  const unnamed = api === "storage.googleapis.com" && caller?.kind === "anonymous";
  return new RpcError(unnamed ? "UNAUTHENTICATED" : "PERMISSION_DENIED", words(permission, api, name, caller), [
    errorInfo("IAM_PERMISSION_DENIED", "iam.googleapis.com", { permission, resource: name }),
  ]);
}

/** Messages as seen from Google: each API has its own turn of phrase. */
function words(permission: string, api: string, name: string, caller: Principal | undefined): string {
  switch (api) {
    case "secretmanager.googleapis.com":
      return `Permission '${permission}' denied for resource '${name}' (or it may not exist).`;
    case "artifactregistry.googleapis.com":
      return `Permission '${permission}' denied on resource '//${api}/${name}' (or it may not exist).`;
    case "cloudkms.googleapis.com":
      return `Permission '${permission}' denied on resource '${name}' (or it may not exist).`;
    case "run.googleapis.com":
      return `Permission '${permission}' denied on resource '${name}' (or resource may not exist).`;
    case "iam.googleapis.com":
      return `Permission '${permission}' denied on resource (or it may not exist).`;
    case "cloudresourcemanager.googleapis.com":
      if (permission.startsWith("iam.denypolicies.")) {
        return `Permission ${permission.replace(".", ".googleapis.com/")} denied on resource ${api}/${name}`;
      }
      return "The caller does not have permission";
    case "logging.googleapis.com":
      return `Permission '${permission}' denied on resource (or it may not exist).`;
    case "storage.googleapis.com":
      return `${caller?.email || "Anonymous caller"} does not have ${permission} access to the Google Cloud ${storageKind(permission)}. Permission '${permission}' denied on resource (or it may not exist).`;
    default:
      return `Permission '${permission}' denied on '${name}' (or it may not exist).`;
  }
}

/** What Cloud Storage says that a permission is about. */
function storageKind(permission: string): string {
  if (/^storage\.(hmacKeys\.|buckets\.(create|list)$)/.test(permission)) return "project";
  return /^storage\.(buckets|notifications)\.|^storage\.objects\.list$/.test(permission)
    ? "Storage bucket"
    : "Storage object";
}
