import type { Group, GroupSchema } from "../../../gen/types/google/monitoring/v3/group_pb.js";
import type { GroupService } from "../../../gen/types/google/monitoring/v3/group_service_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { collection } from "../../store/collection.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { access, newId } from "./kept.ts";
import { badField, invalid, projectOfName } from "./rules.ts";

/** `google.monitoring.v3.GroupService`: groups are kept. Who is in one is not known here: `ListGroupMembers` is missing. */
export function groupsRpc(host: Host): RpcService {
  const { db, schemas, projects } = host;
  const schema = schemas.message<typeof GroupSchema>("google.monitoring.v3.Group");
  const groups = collection({ db, schemas, table: "monitoring_groups", schema });

  const find = (given: string): Group => {
    const found = groups.get(projects.canonical(given));
    if (found !== undefined) return found;
    throw new RpcError("NOT_FOUND", `Could not find group definition for '${given.split("/").at(-1)}'.`);
  };
  const check = (group: Group | undefined): Group => {
    if (group === undefined) throw invalid(badField("group", undefined, "A group must be given."));
    if (group.displayName === "") throw invalid(badField("group.display_name", "", "A display name must be given."));
    if (group.filter === "") throw invalid(badField("group.filter", "", "A filter must be given."));
    if (group.parentName !== "") find(group.parentName);
    return group;
  };
  const childrenOf = (name: string): Group[] =>
    groups.list({
      parent: name.slice(0, name.indexOf("/groups/")),
      where: ({ parentName }) => projects.canonical(parentName) === name,
    }).items;

  return rpc<typeof GroupService>("google.monitoring.v3.GroupService", {
    listGroups: {
      ...access("groups.list", "ADMIN_READ"),
      resource: ({ name }) => `projects/${projectOfName(name)}`,
      handle: ({ name, filter, pageSize, pageToken }) => {
        if (filter.case === "ancestorsOfGroup" || filter.case === "descendantsOfGroup") {
          throw new RpcError("UNIMPLEMENTED", `The local cloud does not list groups by ${filter.case}.`);
        }
        const wanted = filter.case === undefined ? undefined : projects.canonical(filter.value);
        const { items, nextPageToken } = groups.list({
          parent: projects.canonical(name),
          pageSize: pageSize > 0 ? pageSize : 100,
          pageToken,
          where: ({ parentName }) => wanted === undefined || projects.canonical(parentName) === wanted,
        });
        return { group: items, nextPageToken };
      },
    },
    getGroup: {
      ...access("groups.get", "ADMIN_READ"),
      resource: ({ name }) => name,
      handle: ({ name }) => find(name),
    },
    createGroup: {
      ...access("groups.create", "ADMIN_WRITE"),
      resource: ({ name }) => `projects/${projectOfName(name)}`,
      handle: ({ name, group: given, validateOnly }) => {
        const made = schemas.clone(schema, check(given));
        made.name = `${projects.canonical(name)}/groups/${newId(host)}`;
        if (!validateOnly) groups.put(made.name, made);
        return made;
      },
    },
    updateGroup: {
      ...access("groups.update", "ADMIN_WRITE"),
      resource: ({ group }) => group?.name ?? "",
      handle: ({ group: given, validateOnly }) => {
        const changed = schemas.clone(schema, check(given));
        changed.name = find(changed.name).name;
        if (projects.canonical(changed.parentName) === changed.name) {
          throw invalid(badField("group.parent_name", changed.parentName, "A group cannot be its own parent."));
        }
        if (!validateOnly) groups.put(changed.name, changed);
        return changed;
      },
    },
    deleteGroup: {
      ...access("groups.delete", "ADMIN_WRITE"),
      resource: ({ name }) => name,
      handle: ({ name: given, recursive }) => {
        const remove = (name: string): void => {
          const children = childrenOf(name);
          if (children.length > 0 && !recursive) {
            throw new RpcError("FAILED_PRECONDITION", `The group '${given}' has groups in it: delete it recursively.`);
          }
          groups.delete(name);
          for (const child of children) remove(child.name);
        };
        const { name } = find(given);
        db.tx(() => remove(name));
        return {};
      },
    },
  });
}
