import type { Group, GroupSchema } from "../../../gen/types/google/monitoring/v3/group_pb.js";
import type { GroupService } from "../../../gen/types/google/monitoring/v3/group_service_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { collection, pageToken, readPageToken } from "../../store/collection.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { parseMetricFilter } from "./filter.ts";
import { access, newId } from "./kept.ts";
import { metricsOf } from "./metrics.ts";
import { badField, invalid, projectOfName, usOf } from "./rules.ts";

/** How far back members are looked for when nothing is said of it. */
const recentUs = 60_000_000;

/**
 * `google.monitoring.v3.GroupService`: groups, and who is in them: the resources that wrote time series and that a
 * group's filter takes, and those of all the groups that it is in.
 */
export function groupsRpc(host: Host): RpcService {
  const { db, schemas, projects, clock } = host;
  const metrics = metricsOf(host);
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
    parseMetricFilter(group.filter);
    if (group.parentName !== "") find(group.parentName);
    return group;
  };
  /** From the immediate parent to the most distant. */
  const ancestorsOf = ({ parentName }: Group): Group[] => {
    const found: Group[] = [];
    for (let name = parentName; name !== ""; ) {
      const parent = groups.get(projects.canonical(name));
      if (parent === undefined || found.some((each) => each.name === parent.name)) break;
      found.push(parent);
      name = parent.parentName;
    }
    return found;
  };
  const childrenOf = (name: string): Group[] =>
    groups.list({
      parent: name.slice(0, name.indexOf("/groups/")),
      where: ({ parentName }) => projects.canonical(parentName) === name,
    }).items;

  const isIn = (group: Group, name: string): boolean => ancestorsOf(group).some((each) => each.name === name);

  return rpc<typeof GroupService>("google.monitoring.v3.GroupService", {
    listGroups: {
      ...access("groups.list", "ADMIN_READ"),
      resource: ({ name }) => `projects/${projectOfName(name)}`,
      handle: ({ name, filter, pageSize, pageToken: token }) => {
        if (filter.case === "ancestorsOfGroup") return { group: ancestorsOf(find(filter.value)), nextPageToken: "" };
        const wanted = filter.case === undefined ? "" : projects.canonical(filter.value);
        const { items, nextPageToken } = groups.list({
          parent: projects.canonical(name),
          pageSize: pageSize > 0 ? pageSize : 100,
          pageToken: token,
          where: (group) =>
            filter.case === undefined ||
            (filter.case === "childrenOfGroup" ? projects.canonical(group.parentName) === wanted : isIn(group, wanted)),
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
        const parent = projects.canonical(changed.parentName);
        if (parent === changed.name || isIn(changed, changed.name)) {
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
    listGroupMembers: {
      ...access("groups.list", "ADMIN_READ"),
      resource: ({ name }) => name,
      handle: ({ name, filter, interval, pageSize, pageToken: token }) => {
        const group = find(name);
        const filters = [filter, group.filter, ...ancestorsOf(group).map((each) => each.filter)].map(parseMetricFilter);
        const untilUs = interval?.endTime === undefined ? clock.now() * 1000 : usOf(interval.endTime);
        const afterUs = interval?.startTime === undefined ? untilUs - recentUs : usOf(interval.startTime);
        metrics.flush();
        const project = name.split("/")[1] ?? "";
        const all = metrics.series
          .resources(projects.get(project)?.id ?? project, { afterUs, untilUs })
          .filter((resource) => filters.every(({ matches }) => matches({ project, type: "", labels: {}, resource })));
        const scope = `${name} ${filter}`;
        const from = token === "" ? 0 : Number(readPageToken(token, scope));
        const to = from + (pageSize > 0 ? pageSize : 100);
        return {
          members: all.slice(from, to).map(({ type, labels }) => ({ type, labels: { ...labels } })),
          nextPageToken: to < all.length ? pageToken(String(to), scope) : "",
          totalSize: all.length,
        };
      },
    },
  });
}
