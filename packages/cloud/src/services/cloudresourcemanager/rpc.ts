import type { ProjectSchema, Projects } from "../../../gen/types/google/cloud/resourcemanager/v3/projects_pb.js";
import { iamMethods } from "../../chain/iam-methods.ts";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import type { StoredProject } from "../../store/projects.ts";
import { applyFieldMask } from "../../wire/field-mask.ts";
import { begun } from "./operations.ts";
import {
  createProject,
  creation,
  deleteProject,
  moveProject,
  showV3,
  undeleteProject,
  updateProject,
} from "./projects.ts";
import { checkParent, fieldIssue } from "./rules.ts";
import { mustContain, mustExist, pageOf, searched, stateOf, storedProjects, visible } from "./store.ts";

/** `google.cloud.resourcemanager.v3.Projects` */
export function projectsV3(host: Host): RpcService {
  const operation = (verb: string, work: () => StoredProject) => {
    const project = host.db.tx(work);
    return begun<typeof ProjectSchema, never>(host, {
      prefix: `${verb.slice(0, 1).toLowerCase()}p`,
      target: `projects/${project.id}`,
      response: "Project",
      metadata: { type: `${verb}ProjectMetadata` },
      work: () => showV3(project),
    });
  };
  return rpc<typeof Projects>("google.cloud.resourcemanager.v3.Projects", {
    getProject: {
      permission: "resourcemanager.projects.get",
      resource: ({ name }) => name,
      audit: "ADMIN_READ",
      handle: ({ name }) => showV3(mustExist(host, name)),
    },
    listProjects: {
      permission: "resourcemanager.projects.list",
      resource: ({ parent }) => parent,
      handle: ({ parent, pageSize, pageToken, showDeleted }) => {
        checkParent(parent);
        mustContain(host, parent);
        const found = storedProjects(host)
          .list()
          .filter((each) => each.parent === parent && (showDeleted || stateOf(each) === "ACTIVE"));
        const scope = `${parent} ${showDeleted}`;
        const { items, nextPageToken } = pageOf(found, ({ id }) => id, { pageSize, pageToken, scope });
        return { projects: items.map(showV3), nextPageToken };
      },
    },
    searchProjects: {
      permission: [],
      resource: () => "",
      handle: ({ query, pageSize, pageToken }, call) => {
        const found = searched(visible(host, call.caller), query);
        const { items, nextPageToken } = pageOf(found, ({ id }) => id, { pageSize, pageToken, scope: query });
        return { projects: items.map(showV3), nextPageToken };
      },
    },
    createProject: {
      permission: ({ project }) => creation(project?.parent ?? "").permission,
      resource: ({ project }) => creation(project?.parent ?? "").resource,
      audit: "ADMIN_WRITE",
      handle: ({ project }, call) => {
        if (project === undefined) throw fieldIssue("project", "field must be set");
        if (project.name !== "") throw fieldIssue("project.name", "field should not be set for new projects");
        return createProject(host, call, project.projectId, project);
      },
    },
    updateProject: {
      permission: "resourcemanager.projects.update",
      resource: ({ project }) => project?.name ?? "",
      audit: "ADMIN_WRITE",
      handle: ({ project, updateMask }) => {
        if (project === undefined) throw fieldIssue("project", "field must be set");
        const schema = host.schemas.message<typeof ProjectSchema>("google.cloud.resourcemanager.v3.Project");
        const next = host.schemas.create(schema, showV3(mustExist(host, project.name)));
        const changeable = ["display_name", "labels"];
        const paths = updateMask?.paths.length ? updateMask.paths : changeable;
        applyFieldMask(schema, next, project, { paths, changeable });
        const { displayName, labels } = next;
        return operation("Update", () => updateProject(host, project.name, { displayName, labels }));
      },
    },
    moveProject: {
      permission: "resourcemanager.projects.move",
      resource: ({ name }) => name,
      audit: "ADMIN_WRITE",
      handle: ({ name, destinationParent }, call) =>
        operation("Move", () => moveProject(host, call, name, destinationParent)),
    },
    deleteProject: {
      permission: "resourcemanager.projects.delete",
      resource: ({ name }) => name,
      audit: "ADMIN_WRITE",
      handle: ({ name }) => operation("Delete", () => deleteProject(host, name)),
    },
    undeleteProject: {
      permission: "resourcemanager.projects.undelete",
      resource: ({ name }) => name,
      audit: "ADMIN_WRITE",
      handle: ({ name }) => operation("Undelete", () => undeleteProject(host, name)),
    },
    ...iamMethods({
      permissions: "resourcemanager.projects",
      exists: (name) => void mustExist(host, name),
      place: (name) => name,
    }),
  });
}
