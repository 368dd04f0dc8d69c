import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Folder_State } from "../../../gen/cloudresourcemanager-v3.enums.ts";
import type { FolderSchema, Folders } from "../../../gen/types/google/cloud/resourcemanager/v3/folders_pb.js";
import type { OperationSchema } from "../../../gen/types/google/longrunning/operations_pb.js";
import { type IamMethods, iamMethods } from "../../chain/iam-methods.ts";
import type { Host } from "../../host.ts";
import { type Call, type Principal, type RpcService, rpc } from "../../service.ts";
import type { Container } from "../../store/projects-hierarchy.ts";
import { changeFolder, checkFolder, deleteFolder, moveFolder, undeleteFolder } from "./folder-changes.ts";
import { begun, done } from "./operations.ts";
import { parseQuery } from "./query.ts";
import { checkParent, etagOf, fieldIssue } from "./rules.ts";
import { mustContain, pageOf, stateOf, storedProjects, visibleContainers } from "./store.ts";

/** `google.cloud.resourcemanager.v3.Folders` */
export function foldersV3(host: Host): RpcService {
  const changed = (work: () => Container) => {
    const folder = host.db.tx(work);
    return done<typeof FolderSchema>(host, "Folder", { ...show(folder), deleteTime: undefined });
  };
  return rpc<typeof Folders>("google.cloud.resourcemanager.v3.Folders", {
    getFolder: {
      permission: "resourcemanager.folders.get",
      resource: ({ name }) => name,
      handle: ({ name }) => show(mustContain(host, name)),
    },
    listFolders: {
      permission: "resourcemanager.folders.list",
      resource: ({ parent }) => parent,
      handle: ({ parent, pageSize, pageToken, showDeleted }) => {
        const found = foldersIn(host, parent, showDeleted);
        const scope = `${parent} ${showDeleted}`;
        const { items, nextPageToken } = pageOf(found, byTitle, { pageSize, pageToken, scope });
        return { folders: items.map(show), nextPageToken };
      },
    },
    searchFolders: {
      permission: [],
      resource: () => "",
      handle: ({ query, pageSize, pageToken }, call) => {
        const found = searchedFolders(host, call.caller, query);
        const { items, nextPageToken } = pageOf(found, ({ name }) => name, { pageSize, pageToken, scope: query });
        return { folders: items.map(show), nextPageToken };
      },
    },
    createFolder: {
      permission: "resourcemanager.folders.create",
      resource: ({ folder }) => folder?.parent ?? "",
      audit: "ADMIN_WRITE",
      handle: ({ folder }, call) => {
        if (folder === undefined) throw fieldIssue("folder", "field must be set");
        return createFolder(host, call, folder);
      },
    },
    updateFolder: {
      permission: "resourcemanager.folders.update",
      resource: ({ folder }) => folder?.name ?? "",
      audit: "ADMIN_WRITE",
      handle: ({ folder, updateMask }) => {
        const paths = updateMask?.paths ?? [];
        if (folder === undefined) throw fieldIssue("folder", "field must be set");
        if (paths.some((path) => path !== "display_name" && path !== "*")) {
          throw fieldIssue("update_mask", "only display_name can be updated");
        }
        return changed(() => changeFolder(host, folder.name, folder.displayName));
      },
    },
    moveFolder: {
      permission: "resourcemanager.folders.move",
      resource: ({ name }) => name,
      audit: "ADMIN_WRITE",
      handle: ({ name, destinationParent }, call) => changed(() => moveFolder(host, call, name, destinationParent)),
    },
    deleteFolder: {
      permission: "resourcemanager.folders.delete",
      resource: ({ name }) => name,
      audit: "ADMIN_WRITE",
      handle: ({ name }) => changed(() => deleteFolder(host, name)),
    },
    undeleteFolder: {
      permission: "resourcemanager.folders.undelete",
      resource: ({ name }) => name,
      audit: "ADMIN_WRITE",
      handle: ({ name }) => changed(() => undeleteFolder(host, name)),
    },
    ...folderPolicies(host),
  });
}

/** Makes a folder; its operation is told of by every version. */
export function createFolder(
  host: Host,
  call: Call,
  { parent, displayName }: { readonly parent: string; readonly displayName: string },
): MessageInitShape<typeof OperationSchema> {
  checkParent(parent);
  checkFolder(host, { parent, displayName });
  const { kind, email } = call.caller;
  const creator = kind === "federated" ? email : `${kind}:${email}`;
  const made = storedProjects(host).hierarchy.createFolder(parent, displayName, creator);
  return begun<typeof FolderSchema, never>(host, {
    ...{ prefix: "cf", target: made.name, response: "Folder" },
    work: () => show(made),
  });
}

export function folderPolicies(host: Host): IamMethods {
  return iamMethods({
    permissions: "resourcemanager.folders",
    exists: (name) => void mustContain(host, name),
    place: (name) => name,
  });
}

/** Those in a folder or organisation, by their titles. */
export function foldersIn(host: Host, parent: string, deletedToo: boolean): readonly Container[] {
  checkParent(parent);
  mustContain(host, parent);
  return storedProjects(host)
    .hierarchy.list()
    .filter((each) => each.parent === parent && (deletedToo || stateOf(each) === "ACTIVE"))
    .sort((a, b) => (byTitle(a) < byTitle(b) ? -1 : 1));
}

/** Those that the caller may see and the query asks for. Throws INVALID_ARGUMENT. */
export function searchedFolders(host: Host, caller: Principal, query: string): readonly Container[] {
  const test = parseQuery(query, folderField, nobody);
  if (test === undefined) throw fieldIssue("query", "invalid query");
  return visibleContainers(host, caller, "folders").filter(test);
}

export const byTitle = ({ displayName, name }: Container): string => `${displayName}/${name}`;
const nobody: Container = { name: "", parent: "", displayName: "", createdMs: 0, updatedMs: 0 };

function folderField(field: string, folder: Container): readonly string[] | undefined {
  switch (field) {
    case "displayName":
      return [folder.displayName];
    case "parent":
      return [folder.parent];
    case "state":
    case "lifecycleState":
      return [stateOf(folder)];
    default:
      return undefined;
  }
}

function show(folder: Container): MessageInitShape<typeof FolderSchema> {
  const { name, parent, displayName, createdMs, updatedMs, deletedMs } = folder;
  return {
    name,
    parent,
    displayName,
    state: Folder_State[stateOf(folder)],
    createTime: timestampFromMs(createdMs),
    updateTime: timestampFromMs(updatedMs),
    ...(deletedMs === undefined ? {} : { deleteTime: timestampFromMs(deletedMs) }),
    etag: etagOf(name, updatedMs),
  };
}
