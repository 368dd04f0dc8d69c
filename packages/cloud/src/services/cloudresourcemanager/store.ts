import type { Host } from "../../host.ts";
import type { Principal } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import type { StoredProject } from "../../store/projects.ts";
import { RpcError } from "../../wire/rpc-error.ts";

export type { StoredProject };

/** The project of `projects/p` (or of an id or number alone). Throws what Google says where there is none. */
export function mustExist(host: Host, name: string): StoredProject {
  const project = host.projects.get(name.replace(/^projects\//, ""));
  if (project === undefined) throw new RpcError("PERMISSION_DENIED", "The caller does not have permission");
  return project as StoredProject;
}

/** Those that the caller may see, by id. */
export function visible(host: Host, caller: Principal): readonly StoredProject[] {
  return (host.projects.list() as readonly StoredProject[]).filter(({ id }) =>
    host.iam.holds(caller, "resourcemanager.projects.get", `projects/${id}`),
  );
}

/** A page of projects in the order of their ids. */
export function pageOf(
  all: readonly StoredProject[],
  options: { readonly pageSize: number; readonly pageToken: string; readonly scope: string },
): { readonly items: readonly StoredProject[]; readonly nextPageToken: string } {
  const after = options.pageToken === "" ? "" : readPageToken(options.pageToken, options.scope);
  const rest = all.filter(({ id }) => id > after);
  const items = rest.slice(0, options.pageSize > 0 ? options.pageSize : 500);
  const last = items.at(-1);
  return { items, nextPageToken: last && items.length < rest.length ? pageToken(last.id, options.scope) : "" };
}
