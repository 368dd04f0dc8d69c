import { localIam } from "../../chain/iam.ts";
import { likeGoogleOf } from "../../chain/like-google.ts";
import type { Host } from "../../host.ts";
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

/** The image by digest: what its tag means now. Undefined when the registry has no such image. */
export function pinImage(host: Host, image: string): string | undefined {
  if (image.includes("@sha256:")) return undefined;
  const found = registryOf(host).resolve(image);
  return found === undefined ? undefined : `${image.replace(/:[^/:]+$/, "")}@${found.digest}`;
}
