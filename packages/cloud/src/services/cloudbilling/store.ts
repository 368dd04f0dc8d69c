import { hasPreset } from "../../chain/presets.ts";
import type { Host, Project } from "../../host.ts";
import type { Principal } from "../../service.ts";
import { ownerEmail } from "../../store/projects.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { account } from "./rules.ts";

/** Whether projects of this cloud have a billing account. */
export function isPaid(host: Host): boolean {
  return !hasPreset(host, "no-billing");
}

export function ownsAccount(host: Host, caller: Principal): boolean {
  return isPaid(host) && caller.email === ownerEmail;
}

/** Throws what Google says of an account that is not there, or not the caller's. */
export function mustOwn(host: Host, caller: Principal, name: string): void {
  if (name !== account.name || !ownsAccount(host, caller))
    throw new RpcError("PERMISSION_DENIED", "The caller does not have permission");
}

/** `projects/p`, by id or number. Throws as for one that the caller may not see. */
export function projectOf(host: Host, name: string): Project {
  const project = host.projects.get(name.replace(/^projects\//, ""));
  if (project === undefined) throw new RpcError("PERMISSION_DENIED", "The caller does not have permission");
  return project;
}
