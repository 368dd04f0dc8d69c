import type { Host } from "../../host.ts";
import type { Json, RestMethod, RestRequest } from "../../service.ts";
import type { Lien } from "../../store/projects.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { fieldIssue, hidden } from "./rules.ts";
import { mustExist, pageOf, type StoredProject, storedProjects } from "./store.ts";

const deletion = "resourcemanager.projects.delete";

/** Liens, which keep a project from being deleted: in both versions, by discovery alone. */
export function liens(host: Host): readonly RestMethod[] {
  const { liens: kept } = storedProjects(host);
  const named = ({ params }: RestRequest): string => `liens/${params.lien ?? ""}`;
  /** `projects/p` of what stands in the body, the query, or of a lien that is there. */
  const projectNamed = (request: RestRequest): string => {
    const parent = request.query.get("parent") ?? request.body.parent;
    return typeof parent === "string" ? parent : (kept.get(named(request))?.parent ?? "");
  };
  const must = (name: string) => {
    const lien = kept.get(name);
    if (lien === undefined) throw hidden();
    return lien;
  };
  return ["v1", "v3"].flatMap((version): RestMethod[] => [
    {
      id: "cloudresourcemanager.liens.create",
      verb: "POST",
      path: `/${version}/liens`,
      permission: "resourcemanager.projects.updateLiens",
      resource: projectNamed,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const project = mustExist(host, projectNamed(request));
        const { restrictions, reason = "", origin = "" } = request.body;
        if (!Array.isArray(restrictions) || restrictions.join() !== deletion) {
          throw fieldIssue("restrictions", `must be ["${deletion}"]`);
        }
        const name = `liens/p${project.number}-l${host.ids.uuid()}`;
        const parent = `projects/${project.number}`;
        const lien = { name, parent, reason: String(reason), origin: String(origin), createdMs: host.clock.now() };
        return show(kept.put(name, lien));
      },
    },
    {
      id: "cloudresourcemanager.liens.get",
      verb: "GET",
      path: `/${version}/liens/{lien}`,
      permission: "resourcemanager.projects.get",
      resource: projectNamed,
      handle: (request) => show(must(named(request))),
    },
    {
      id: "cloudresourcemanager.liens.list",
      verb: "GET",
      path: `/${version}/liens`,
      permission: "resourcemanager.projects.get",
      resource: projectNamed,
      handle: (request) => {
        const parent = `projects/${mustExist(host, projectNamed(request)).number}`;
        const found = kept.all().filter((lien) => lien.parent === parent);
        const { items, nextPageToken } = pageOf(found, ({ name }) => name, {
          pageSize: Number(request.query.get("pageSize") ?? 0),
          pageToken: request.query.get("pageToken") ?? "",
          scope: parent,
        });
        return {
          ...(items.length === 0 ? {} : { liens: items.map(show) }),
          ...(nextPageToken === "" ? {} : { nextPageToken }),
        };
      },
    },
    {
      id: "cloudresourcemanager.liens.delete",
      verb: "DELETE",
      path: `/${version}/liens/{lien}`,
      permission: "resourcemanager.projects.updateLiens",
      resource: projectNamed,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        kept.delete(must(named(request)).name);
        return {};
      },
    },
  ]);
}

/** Throws FAILED_PRECONDITION for a project that a lien keeps. */
export function refuseLien(host: Host, project: StoredProject): void {
  const parent = `projects/${project.number}`;
  const lien = storedProjects(host)
    .liens.all()
    .find((each) => each.parent === parent);
  if (lien === undefined) return;
  const by = lien.origin === "" ? "" : ` by [${lien.origin}]`;
  throw new RpcError(
    "FAILED_PRECONDITION",
    `A lien to prevent deletion was placed on the project${by}. Remove the lien to allow deletion.`,
  );
}

function show({ createdMs, ...lien }: Lien): Json {
  return { ...lien, restrictions: [deletion], createTime: new Date(createdMs).toISOString() };
}
