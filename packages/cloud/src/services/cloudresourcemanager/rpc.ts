import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Project_State } from "../../../gen/cloudresourcemanager-v3.enums.ts";
import type { ProjectSchema, Projects } from "../../../gen/types/google/cloud/resourcemanager/v3/projects_pb.js";
import { iamMethods } from "../../chain/iam-methods.ts";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { parseQuery } from "./rules.ts";
import { mustExist, pageOf, type StoredProject, visible } from "./store.ts";

/** `google.cloud.resourcemanager.v3.Projects`, as far as a project's own affairs go. */
export function projectsV3(host: Host): RpcService {
  return rpc<typeof Projects>("google.cloud.resourcemanager.v3.Projects", {
    getProject: {
      permission: "resourcemanager.projects.get",
      resource: ({ name }) => name,
      audit: "ADMIN_READ",
      handle: ({ name }) => show(mustExist(host, name)),
    },
    listProjects: {
      permission: [],
      resource: () => "",
      handle: ({ parent }) => {
        if (!/^(organizations|folders)\/\d+$/.test(parent)) {
          throw new RpcError("INVALID_ARGUMENT", "field [parent] has issue [must be an organization or a folder]");
        }
        // No organisations and no folders are here: whoever names one may not see it.
        throw new RpcError("PERMISSION_DENIED", "The caller does not have permission");
      },
    },
    searchProjects: {
      permission: [],
      resource: () => "",
      handle: ({ query, pageSize, pageToken }, call) => {
        const test = parseQuery(query);
        if (test === undefined) throw new RpcError("INVALID_ARGUMENT", `The query "${query}" is not valid.`);
        const { items, nextPageToken } = pageOf(visible(host, call.caller).filter(test), {
          pageSize,
          pageToken,
          scope: query,
        });
        return { projects: items.map(show), nextPageToken };
      },
    },
    ...iamMethods({
      permissions: "resourcemanager.projects",
      exists: (name) => void mustExist(host, name),
      place: (name) => name,
    }),
  });
}

function show(project: StoredProject): MessageInitShape<typeof ProjectSchema> {
  const time = timestampFromMs(project.createdMs);
  return {
    name: `projects/${project.number}`,
    projectId: project.id,
    state: Project_State.ACTIVE,
    displayName: project.id,
    createTime: time,
    updateTime: time,
    etag: `W/"${Buffer.from(String(project.createdMs)).toString("hex").slice(0, 16)}"`,
  };
}
