import type { Host } from "../../host.ts";
import type { Json, RestMethod, RestRequest } from "../../service.ts";
import type { Container } from "../../store/projects-hierarchy.ts";
import { changeFolder, deleteFolder, moveFolder, undeleteFolder } from "./folder-changes.ts";
import { byTitle, createFolder, folderPolicies, foldersIn, searchedFolders } from "./folders.ts";
import { policyMethods } from "./policies-v1.ts";
import { fieldIssue } from "./rules.ts";
import { mustContain, pageOf, stateOf } from "./store.ts";

/** Version 2, which is folders alone: what gcloud calls. */
export function foldersV2(host: Host): readonly RestMethod[] {
  const named = ({ params }: RestRequest): string => `folders/${params.folder ?? ""}`;
  const parentOf = ({ query }: RestRequest): string => query.get("parent") ?? "";
  const changing = (
    name: string,
    verb: RestMethod["verb"],
    suffix: string,
    work: (...request: Parameters<RestMethod["handle"]>) => Json,
  ): RestMethod => ({
    ...{ id: `cloudresourcemanager.folders.${name}`, verb, path: `/v2/folders/{folder}${suffix}` },
    permission: `resourcemanager.folders.${name === "patch" ? "update" : name}`,
    resource: named,
    audit: "ADMIN_WRITE",
    handle: (request, call) => host.db.tx(() => work(request, call)),
  });
  return [
    {
      id: "cloudresourcemanager.folders.get",
      verb: "GET",
      path: "/v2/folders/{folder}",
      permission: "resourcemanager.folders.get",
      resource: named,
      handle: (request) => show(mustContain(host, named(request))),
    },
    {
      id: "cloudresourcemanager.folders.list",
      verb: "GET",
      path: "/v2/folders",
      permission: "resourcemanager.folders.list",
      resource: parentOf,
      handle: (request) => {
        const { query } = request;
        const deletedToo = query.get("showDeleted") === "true";
        return paged(foldersIn(host, parentOf(request), deletedToo), byTitle, {
          pageSize: Number(query.get("pageSize") ?? 0),
          pageToken: query.get("pageToken") ?? "",
          scope: `${parentOf(request)} ${deletedToo}`,
        });
      },
    },
    {
      id: "cloudresourcemanager.folders.search",
      verb: "POST",
      path: "/v2/folders:search",
      permission: [],
      resource: () => "",
      handle: ({ body }, call) => {
        const query = String(body.query ?? "");
        return paged(searchedFolders(host, call.caller, query), ({ name }) => name, {
          pageSize: Number(body.pageSize ?? 0),
          pageToken: String(body.pageToken ?? ""),
          scope: query,
        });
      },
    },
    {
      id: "cloudresourcemanager.folders.create",
      verb: "POST",
      path: "/v2/folders",
      permission: "resourcemanager.folders.create",
      resource: parentOf,
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const displayName = title(request);
        const { name } = createFolder(host, call, { parent: parentOf(request), displayName });
        return { name };
      },
    },
    changing("patch", "PATCH", "", (request) => show(changeFolder(host, named(request), title(request)))),
    changing("move", "POST", ":move", (request, call) => {
      const folder = moveFolder(host, call, named(request), String(request.body.destinationParent ?? ""));
      const type = "type.googleapis.com/google.cloud.resourcemanager.v2.Folder";
      return { done: true, response: { "@type": type, ...(show(folder) as object) } };
    }),
    changing("delete", "DELETE", "", (request) => show(deleteFolder(host, named(request)))),
    changing("undelete", "POST", ":undelete", (request) => show(undeleteFolder(host, named(request)))),
    ...policyMethods(host, "folders", folderPolicies(host), "v2"),
  ];
}

function title({ body }: RestRequest): string {
  if (typeof body.displayName === "string") return body.displayName;
  throw fieldIssue("display_name", "field must be set");
}

function paged(
  found: readonly Container[],
  key: (folder: Container) => string,
  options: Parameters<typeof pageOf>[2],
): Json {
  const { items, nextPageToken } = pageOf(found, key, options);
  return {
    ...(items.length === 0 ? {} : { folders: items.map(show) }),
    ...(nextPageToken === "" ? {} : { nextPageToken }),
  };
}

function show(folder: Container): Json {
  const { name, parent, displayName, createdMs } = folder;
  return { name, parent, displayName, lifecycleState: stateOf(folder), createTime: new Date(createdMs).toISOString() };
}
