import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Project_State } from "../../../gen/cloudresourcemanager-v3.enums.ts";
import type { ProjectSchema } from "../../../gen/types/google/cloud/resourcemanager/v3/projects_pb.js";
import type { OperationSchema } from "../../../gen/types/google/longrunning/operations_pb.js";
import type { Host } from "../../host.ts";
import type { Call, Json } from "../../service.ts";
import type { ProjectDetails } from "../../store/projects.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { refuseLien } from "./liens.ts";
import { begun } from "./operations.ts";
import { checkLabels, checkParent, checkProjectId, checkProjectName, etagOf, resourceId } from "./rules.ts";
import { mustExist, type StoredProject, stateOf, storedProjects } from "./store.ts";

/** What a client says of a project, in the words of version 3. */
export type Wanted = Pick<ProjectDetails, "displayName" | "labels" | "parent">;

/** The permission that making a project takes, and where: nowhere outside an organisation. */
export function creation(parent: string): { readonly permission: readonly string[]; readonly resource: string } {
  if (parent !== "") checkParent(parent);
  return { permission: parent === "" ? [] : ["resourcemanager.projects.create"], resource: parent };
}

/** Makes a project. Its operation is shown alike by both versions. */
export function createProject(
  host: Host,
  call: Call,
  id: string,
  wanted: Wanted,
): MessageInitShape<typeof OperationSchema> {
  checkProjectId(id);
  check(wanted);
  const { kind, email } = call.caller;
  if (wanted.parent === "" && kind !== "user") {
    throw new RpcError("PERMISSION_DENIED", "Service accounts cannot create projects without a parent.");
  }
  const member = kind === "federated" ? email : `${kind}:${email}`;
  return host.db.tx(() => {
    const project = storedProjects(host).create(id, wanted, member);
    if (project === undefined) throw new RpcError("ALREADY_EXISTS", "Requested entity already exists");
    const operation = begun<typeof ProjectSchema, never>(host, {
      prefix: "cp",
      target: `projects/${project.id}`,
      response: "Project",
      metadata: {
        type: "CreateProjectMetadata",
        value: { createTime: timestampFromMs(project.createdMs), gettable: true, ready: true } as never,
      },
      work: () => showV3(project),
    });
    return operation;
  });
}

/** Changes what a client may change of a project that is not to be deleted. */
export function updateProject(host: Host, name: string, wanted: Partial<Wanted>): StoredProject {
  const project = active(host, name, "update");
  check({ ...project, ...wanted });
  if (wanted.parent !== undefined && wanted.parent !== project.parent) checkPlace(host, wanted.parent);
  return storedProjects(host).change(project.id, { ...wanted, updatedMs: host.clock.now() });
}

export function moveProject(host: Host, call: Call, name: string, destination: string): StoredProject {
  checkParent(destination);
  host.iam.require(call.caller, ["resourcemanager.projects.move"], `${call.api}/${destination}`);
  return updateProject(host, name, { parent: destination });
}

export function deleteProject(host: Host, name: string): StoredProject {
  const project = active(host, name, "delete");
  refuseLien(host, project);
  host.note("cloudresourcemanager.deletion", "What runs in a project that is to be deleted goes on running here.");
  const now = host.clock.now();
  return storedProjects(host).change(project.id, { deletedMs: now, updatedMs: now });
}

export function undeleteProject(host: Host, name: string): StoredProject {
  const project = mustExist(host, name);
  if (project.deletedMs === undefined) {
    throw new RpcError("FAILED_PRECONDITION", "Cannot undelete an active project.");
  }
  return storedProjects(host).change(project.id, { deletedMs: undefined, updatedMs: host.clock.now() });
}

function active(host: Host, name: string, verb: string): StoredProject {
  const project = mustExist(host, name);
  if (project.deletedMs === undefined) return project;
  throw new RpcError("FAILED_PRECONDITION", `Cannot ${verb} an inactive project.`);
}

function check({ displayName, labels, parent }: Wanted): void {
  checkProjectName(displayName);
  checkLabels(labels);
  if (parent !== "") checkParent(parent);
}

/** The folder or organisation must be there, and not on its way out. */
function checkPlace(host: Host, parent: string): void {
  const container = storedProjects(host).hierarchy.get(parent);
  if (container?.deletedMs === undefined && container !== undefined) return;
  throw new RpcError("PERMISSION_DENIED", "The caller does not have permission");
}

/** As version 1 shows it. */
export function showV1(project: StoredProject): Json {
  const { number, id, displayName, labels, parent, createdMs } = project;
  return {
    projectNumber: number,
    projectId: id,
    lifecycleState: stateOf(project),
    ...(displayName === "" ? {} : { name: displayName }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    createTime: new Date(createdMs).toISOString(),
    ...(parent === "" ? {} : { parent: { ...resourceId(parent) } }),
  };
}

export function showV3(project: StoredProject): MessageInitShape<typeof ProjectSchema> {
  const { number, id, displayName, labels, parent, createdMs, updatedMs, deletedMs } = project;
  return {
    name: `projects/${number}`,
    projectId: id,
    parent,
    state: Project_State[stateOf(project)],
    displayName,
    labels: { ...labels },
    createTime: timestampFromMs(createdMs),
    ...(updatedMs === undefined ? {} : { updateTime: timestampFromMs(updatedMs) }),
    ...(deletedMs === undefined ? {} : { deleteTime: timestampFromMs(deletedMs) }),
    etag: `W/"${etagOf(id, displayName, parent, createdMs, updatedMs)}"`,
  };
}
