import type { Account } from "../../chain/accounts.ts";
import { localIam } from "../../chain/iam.ts";
import type { Host } from "../../host.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { parseAccountName, unknownAccount } from "./rules.ts";

/** The API-qualified place of an account's policy, as permission checks know it. */
export function resourceOf(account: Pick<Account, "projectId" | "email">): string {
  return `//iam.googleapis.com/projects/${account.projectId}/serviceAccounts/${account.email}`;
}

/**
 * What permission checks and audit entries go by when a request names an account: its own project and e-mail, though
 * it was named by `projects/-` or its unique id. A name that is nobody's stays as it is, in the project it names.
 */
export function canonicalAccount(host: Host, name: string): string {
  const { project, account } = parseAccountName(name);
  const accounts = localIam(host.iam).accounts;
  const found = accounts.get(account) ?? accounts.deleted(account);
  if (found !== undefined) return `projects/${found.projectId}/serviceAccounts/${found.email}`;
  const home = /@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(account)?.[1];
  if (project === "-" && home !== undefined && host.projects.get(home))
    return `projects/${home}/serviceAccounts/${account}`;
  return host.projects.canonical(name);
}

/** The live account of a name. Throws NOT_FOUND, in other words when it was deleted. */
export function mustBeAccount(host: Host, name: string): Account {
  const { project, account } = parseAccountName(name);
  const accounts = localIam(host.iam).accounts;
  const found = accounts.get(account);
  const elsewhere = found && project !== "-" && host.projects.get(project)?.id !== found.projectId;
  if (found !== undefined && !elsewhere) return found;
  const gone = found === undefined ? accounts.deleted(account) : undefined;
  if (gone !== undefined) throw new RpcError("NOT_FOUND", `Account deleted: ${gone.uniqueId}`);
  throw unknownAccount();
}

/** Deletes it; its bindings everywhere become those of a deleted account, and no later one inherits them. */
export function deleteAccount(host: Host, account: Account): void {
  const { accounts, policies } = localIam(host.iam);
  host.db.tx(() => {
    accounts.delete(account.email);
    policies.renameMember(liveMember(account), deletedMember(account));
    policies.removeUnder(resourceOf(account).slice(2));
  });
}

/** Brings a deleted one back, with its bindings. Throws when another has its name now, or nothing is left of it. */
export function undeleteAccount(host: Host, idOrEmail: string): Account {
  const { accounts, policies } = localIam(host.iam);
  const gone = accounts.deleted(idOrEmail);
  if (gone === undefined) throw unknownAccount();
  if (accounts.get(gone.email) !== undefined) {
    throw new RpcError("ALREADY_EXISTS", `Service account ${gone.email} already exists.`);
  }
  return host.db.tx(() => {
    const restored = accounts.undelete(gone.uniqueId);
    policies.renameMember(deletedMember(restored), liveMember(restored));
    return restored;
  });
}

function liveMember({ email }: Account): string {
  return `serviceAccount:${email}`;
}

function deletedMember({ email, uniqueId }: Account): string {
  return `deleted:serviceAccount:${email}?uid=${uniqueId}`;
}
