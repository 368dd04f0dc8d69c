import { hasPreset } from "../../chain/presets.ts";
import type { Host } from "../../host.ts";
import type { Principal } from "../../service.ts";
import { ownerEmail, type StoredProject, type StoredProjects } from "../../store/projects.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { account } from "./rules.ts";

/** Whether projects of this cloud have a billing account. */
export function isPaid(host: Host): boolean {
  return !hasPreset(host, "no-billing");
}

/** The account that pays for a project; `""` for none. */
export function payerOf(host: Host, project: StoredProject): string {
  return isPaid(host) ? (project.billing ?? account.name) : "";
}

export function ownsAccount(host: Host, caller: Principal): boolean {
  return isPaid(host) && caller.email === ownerEmail;
}

/** Throws what Google says of an account that is not there, or not the caller's. */
export function mustOwn(host: Host, caller: Principal, name: string): void {
  if (name !== account.name || !ownsAccount(host, caller))
    throw new RpcError("PERMISSION_DENIED", "The caller does not have permission");
}

/** Throws for an account that the caller cannot let a project be paid by. The owner's may have any id, as his own has. */
export function mayUse(host: Host, caller: Principal, name: string): void {
  if (!/^billingAccounts\/[0-9A-F]{6}(-[0-9A-F]{6}){2}$/.test(name)) {
    throw new RpcError("INVALID_ARGUMENT", "Request contains an invalid argument.");
  }
  if (!ownsAccount(host, caller)) throw new RpcError("PERMISSION_DENIED", "The caller does not have permission");
}

/** `projects/p`, by id or number. Throws as for one that the caller may not see. */
export function projectOf(host: Host, name: string): StoredProject {
  const project = (host.projects as StoredProjects).get(name.replace(/^projects\//, ""));
  if (project === undefined) throw new RpcError("PERMISSION_DENIED", "The caller does not have permission");
  return project;
}
