import { iamMethods } from "../../chain/iam-methods.ts";
import type { Host } from "../../host.ts";
import type { RestMethod, RestRequest } from "../../service.ts";
import { foldersV2 } from "./folders-v2.ts";
import { liens } from "./liens.ts";
import { missing } from "./missing.ts";
import { operationsV1 } from "./operations.ts";
import { organizationsV1 } from "./organizations-v1.ts";
import { policyMethods } from "./policies-v1.ts";
import { createProject, creation, deleteProject, showV1, undeleteProject, updateProject } from "./projects.ts";
import { readProject } from "./read-project.ts";
import { resourceId } from "./rules.ts";
import { mustExist, pageOf, searched, storedProjects, visible } from "./store.ts";

const named = ({ params }: RestRequest): string => `projects/${params.projectId ?? ""}`;

/** Version 1 of the API, which Google defines by a discovery document: what gcloud and Terraform call. */
export function projectsV1(host: Host): readonly RestMethod[] {
  const policies = iamMethods({
    permissions: "resourcemanager.projects",
    exists: (name) => void mustExist(host, name),
    place: (name) => name,
  });
  return [
    {
      id: "cloudresourcemanager.projects.get",
      verb: "GET",
      path: "/v1/projects/{projectId}",
      permission: "resourcemanager.projects.get",
      resource: named,
      audit: "ADMIN_READ",
      handle: (request) => showV1(mustExist(host, named(request))),
    },
    {
      id: "cloudresourcemanager.projects.list",
      verb: "GET",
      path: "/v1/projects",
      permission: [],
      resource: () => "",
      handle: ({ query }, call) => {
        const filter = query.get("filter") ?? "";
        const found = searched(visible(host, call.caller), filter);
        const { items, nextPageToken } = pageOf(found, ({ id }) => id, {
          pageSize: Number(query.get("pageSize") ?? 0),
          pageToken: query.get("pageToken") ?? "",
          scope: filter,
        });
        return {
          ...(items.length === 0 ? {} : { projects: items.map(showV1) }),
          ...(nextPageToken === "" ? {} : { nextPageToken }),
        };
      },
    },
    {
      id: "cloudresourcemanager.projects.create",
      verb: "POST",
      path: "/v1/projects",
      permission: ({ body }) => creation(readProject(body).parent).permission,
      resource: ({ body }) => creation(readProject(body).parent).resource,
      audit: "ADMIN_WRITE",
      handle: ({ body }, call) => {
        const { projectId, ...wanted } = readProject(body);
        return { name: createProject(host, call, projectId, wanted).name };
      },
    },
    {
      id: "cloudresourcemanager.projects.update",
      verb: "PUT",
      path: "/v1/projects/{projectId}",
      permission: "resourcemanager.projects.update",
      resource: named,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { displayName, labels, parent } = readProject(request.body);
        // A parent cannot be taken away, only changed.
        return showV1(
          updateProject(host, named(request), { displayName, labels, ...(parent === "" ? {} : { parent }) }),
        );
      },
    },
    {
      id: "cloudresourcemanager.projects.delete",
      verb: "DELETE",
      path: "/v1/projects/{projectId}",
      permission: "resourcemanager.projects.delete",
      resource: named,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        deleteProject(host, named(request));
        return {};
      },
    },
    {
      id: "cloudresourcemanager.projects.undelete",
      verb: "POST",
      path: "/v1/projects/{projectId}:undelete",
      permission: "resourcemanager.projects.undelete",
      resource: named,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        undeleteProject(host, named(request));
        return {};
      },
    },
    {
      id: "cloudresourcemanager.projects.getAncestry",
      verb: "POST",
      path: "/v1/projects/{projectId}:getAncestry",
      permission: "resourcemanager.projects.get",
      resource: named,
      audit: "ADMIN_READ",
      handle: (request) => {
        const project = mustExist(host, named(request));
        const above = storedProjects(host).above(project);
        return {
          ancestor: [{ type: "project", id: project.id }, ...above.map(resourceId)].map((each) => ({
            resourceId: { ...each },
          })),
        };
      },
    },
    operationsV1(host),
    ...policyMethods(host, "projects", policies),
    ...organizationsV1(host),
    ...foldersV2(host),
    ...liens(host),
    ...missing,
  ];
}
