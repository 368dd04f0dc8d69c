import { localIam } from "./chain/iam.ts";
import type { Host } from "./host.ts";
import type { Principal } from "./service.ts";
import { ownerEmail } from "./store/projects.ts";

/** The laptop's owner, or whom an e-mail stands for: a service account (existing or not yet), else a person. */
export function principalOf(host: Host, email: string = ownerEmail): Principal {
  if (!email.endsWith(".gserviceaccount.com")) return { kind: "user", email };
  const account = localIam(host.iam).accounts.get(email);
  return { kind: "serviceAccount", email, ...(account === undefined ? {} : { uniqueId: account.uniqueId }) };
}
