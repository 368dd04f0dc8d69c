import type { Host } from "../../host.ts";
import type { Call } from "../../service.ts";
import type { Container } from "../../store/projects-hierarchy.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { checkParent, fieldIssue, hidden } from "./rules.ts";
import { mustContain, stateOf, storedProjects } from "./store.ts";

/** How deep folders go, and how many stand side by side: https://cloud.google.com/resource-manager/docs/limits */
const deepest = 10;
const most = 300;

/** Throws for a name that a folder cannot have, or not in this place. */
export function checkFolder(
  host: Host,
  { parent, displayName, name }: { readonly parent: string; readonly displayName: string; readonly name?: string },
): void {
  const { hierarchy } = storedProjects(host);
  // The documentation says 30 characters at most, and Google has been seen to take more.
  if (!/^[\p{L}\p{N}](?:[\p{L}\p{N}_ -]*[\p{L}\p{N}])?$/u.test(displayName)) {
    throw fieldIssue("display_name", "folder display name contains invalid characters");
  }
  const place = hierarchy.get(parent);
  if (place === undefined || place.deletedMs !== undefined) throw hidden();
  const beside = hierarchy
    .list()
    .filter((each) => each.parent === parent && each.name !== name && stateOf(each) === "ACTIVE");
  if (beside.some((each) => each.displayName.toLowerCase() === displayName.toLowerCase())) {
    throw violation(
      "FOLDER_NAME_UNIQUENESS_VIOLATION",
      parent,
      "the folder must have a unique name among its siblings",
    );
  }
  if (beside.length >= most)
    throw violation("MAX_CHILD_FOLDERS_VIOLATION", parent, `there are ${most} folders already`);
  if (hierarchy.above(parent).length + 1 > deepest) {
    throw violation("FOLDER_HEIGHT_VIOLATION", parent, `folders may be nested ${deepest} levels deep`);
  }
}

export function changeFolder(host: Host, name: string, displayName: string): Container {
  const folder = active(host, name);
  checkFolder(host, { parent: folder.parent, displayName, name });
  return storedProjects(host).hierarchy.put({ ...folder, displayName, updatedMs: host.clock.now() });
}

export function moveFolder(host: Host, call: Call, name: string, parent: string): Container {
  checkParent(parent);
  const { hierarchy } = storedProjects(host);
  const folder = active(host, name);
  host.iam.require(call.caller, ["resourcemanager.folders.move"], `${call.api}/${parent}`);
  if (parent === name || hierarchy.above(parent).includes(name)) {
    throw violation("CYCLE_INTRODUCED_ERROR", name, "the folder cannot be moved into itself");
  }
  checkFolder(host, { parent, displayName: folder.displayName, name });
  return hierarchy.put({ ...folder, parent, updatedMs: host.clock.now() });
}

export function deleteFolder(host: Host, name: string): Container {
  const { hierarchy, list } = storedProjects(host);
  const folder = active(host, name);
  const inside = [...hierarchy.list(), ...list()].some((each) => each.parent === name && stateOf(each) === "ACTIVE");
  if (inside) {
    throw violation("FOLDER_TO_DELETE_NON_EMPTY_VIOLATION", name, "the folder to delete must be empty");
  }
  return hierarchy.put({ ...folder, deletedMs: host.clock.now(), updatedMs: host.clock.now() });
}

export function undeleteFolder(host: Host, name: string): Container {
  const folder = mustContain(host, name);
  if (folder.deletedMs === undefined) {
    throw new RpcError("FAILED_PRECONDITION", "Cannot undelete an active folder.");
  }
  checkFolder(host, folder);
  return storedProjects(host).hierarchy.put({ ...folder, deletedMs: undefined, updatedMs: host.clock.now() });
}

function active(host: Host, name: string): Container {
  const folder = mustContain(host, name);
  if (folder.deletedMs === undefined) return folder;
  throw new RpcError("FAILED_PRECONDITION", "The folder is to be deleted.");
}

function violation(type: string, subject: string, description: string): RpcError {
  return new RpcError("FAILED_PRECONDITION", `Precondition check failed: ${description}.`, [
    { "@type": "type.googleapis.com/google.rpc.PreconditionFailure", violations: [{ type, subject, description }] },
  ]);
}
