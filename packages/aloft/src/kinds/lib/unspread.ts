import { GoogleError } from "@aloft/google";
import type { ServiceSpec } from "../../app/specs.ts";
import type { ApplyContext, KindContext } from "../kind.ts";
import { membersOf, readPolicy, secretAccessor } from "./policy.ts";
import { secretPath } from "./secrets.ts";

/** A revision that may not read its secret, seconds after the grant was made. */
const refusedSecret = /permission denied on secret|SecretsAccessCheckFailed/i;
/** A service account made seconds ago, which nobody may act as yet. */
const refusedAccount = /iam\.serviceaccounts\.actAs/i;
/** Where the API was switched on a moment ago. Of an image in another project it says so besides, and stays. */
const refusedImage = /Service Agent \S+ must have permission to read the image/i;
const otherProject = /the image is from project/i;

/** What IAM has not spread yet, when a refusal of Cloud Run is no more than that; undefined for all others. */
export async function unspread(thrown: unknown, spec: ServiceSpec, context: ApplyContext): Promise<string | undefined> {
  if (!(thrown instanceof GoogleError)) return undefined;
  const { message, status } = thrown;
  if (refusedSecret.test(message)) {
    const late = context.freshGrant || (await mayRead(spec, context));
    return late ? "the revision may not read its secret yet" : undefined;
  }
  if (!context.freshGrant) return undefined;
  if (status === 403 && refusedAccount.test(message)) return "the service account is too new to be run as";
  const image = refusedImage.test(message) && !otherProject.test(message);
  return image ? "Cloud Run's own account may not read the image yet" : undefined;
}

/** Whether the grants that the revision needs are all there: then it is IAM that is late, whenever they were made. */
async function mayRead(spec: ServiceSpec, context: KindContext): Promise<boolean> {
  const { google, place, signal } = context;
  const secrets = new Set(spec.containers.flatMap((one) => Object.values(one.secrets).map(({ secret }) => secret)));
  const member = `serviceAccount:${String(spec.serviceAccount)}`;
  const granted = [...secrets].map(async (secret) => {
    const policy = await readPolicy(google, { api: "secretmanager", path: secretPath(secret, place) }, signal);
    return membersOf(policy, secretAccessor).includes(member);
  });
  try {
    return granted.length > 0 && (await Promise.all(granted)).every(Boolean);
  } catch (thrown) {
    if (thrown instanceof GoogleError) return false;
    throw thrown;
  }
}
