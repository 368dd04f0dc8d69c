import type { MessageInitShape } from "@bufbuild/protobuf";
import type { IAM, Role_RoleLaunchStage, RoleSchema } from "../../../gen/types/google/iam/admin/v1/iam_pb.js";
import type { CustomRole, CustomRoleContent } from "../../chain/custom-roles.ts";
import { localIam } from "../../chain/iam.ts";
import { permissionKind } from "../../chain/permissions.ts";
import { concurrentChange } from "../../chain/policies.ts";
import type { Host } from "../../host.ts";
import type { Methods } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { checkRoleId, checkRoleTexts, roleMask } from "./rules-roles.ts";

type CustomRoleMethods = Pick<Methods<typeof IAM>, "createRole" | "updateRole" | "deleteRole" | "undeleteRole">;

const mostPermissions = 3000;

/** Roles that projects define for themselves. Those of organisations are not here: there are none. */
export function customRoleMethods(host: Host): CustomRoleMethods {
  const { customRoles } = localIam(host.iam);
  const byName = ({ name }: { readonly name: string }): string => name;

  const checkPermissions = (names: readonly string[]): readonly string[] => {
    if (names.length > mostPermissions) {
      throw new RpcError("INVALID_ARGUMENT", `A custom role has at most ${mostPermissions} permissions.`);
    }
    for (const name of names) {
      const kind = permissionKind(name);
      if (kind === "none") throw new RpcError("INVALID_ARGUMENT", `Permission ${name} is not valid.`);
      if (kind === "known") continue;
      host.note(
        `iam.permission.${name}`,
        `${name} is not known here: a custom role may hold it, and it opens nothing.`,
      );
    }
    return [...new Set(names)].sort();
  };

  /** The role of a request, live or deleted. Throws NOT_FOUND, and ABORTED for an etag that is not its present one. */
  const must = (given: string, etag: Uint8Array): CustomRole => {
    const role = findCustomRole(host, given);
    if (role === undefined) throw unknownRole(given);
    if (etag.length > 0 && Buffer.from(etag).toString("base64") !== role.etag) throw concurrentChange();
    return role;
  };

  return {
    createRole: {
      permission: ({ parent }) => projectsOnly("iam.roles.create", parent),
      resource: ({ parent }) => parent,
      audit: "ADMIN_WRITE",
      handle: ({ parent, roleId, role }) => {
        refuseOrganization(parent);
        const project = host.projects.get(parent.replace(/^projects\//, ""));
        if (project === undefined) throw new RpcError("NOT_FOUND", `Unknown project id: ${parent}`);
        checkRoleId(roleId);
        checkRoleTexts(role ?? {});
        const name = `projects/${project.id}/roles/${roleId}`;
        const taken = customRoles.taken(name);
        if (taken === "live") {
          throw new RpcError("ALREADY_EXISTS", `A role named ${roleId} in projects/${project.id} already exists.`);
        }
        if (taken === "deleted") {
          const message = `You can't create a role_id (${roleId}) which has been marked for deletion.`;
          throw new RpcError("FAILED_PRECONDITION", message);
        }
        const { title = "", description = "", stage = 0, includedPermissions = [] } = role ?? {};
        const content = { title, description, stage, includedPermissions: checkPermissions(includedPermissions) };
        return showCustomRole(customRoles.put(name, content), true);
      },
    },
    updateRole: {
      permission: ({ name }) => projectsOnly("iam.roles.update", name),
      resource: byName,
      audit: "ADMIN_WRITE",
      handle: ({ name, role, updateMask }) => {
        refuseOrganization(name);
        const present = must(name, role?.etag ?? new Uint8Array());
        if (present.deletedMs !== undefined) throw markedForDeletion("update", present);
        const { title = "", description = "", stage = 0, includedPermissions = [] } = role ?? {};
        const wanted: CustomRoleContent = { title, description, stage, includedPermissions };
        const change = Object.fromEntries(roleMask(updateMask?.paths).map((field) => [field, wanted[field]]));
        checkRoleTexts(change);
        if ("includedPermissions" in change) change.includedPermissions = checkPermissions(includedPermissions);
        const { etag: _, ...rest } = present;
        return showCustomRole(customRoles.put(present.name, { ...rest, ...change }), true);
      },
    },
    deleteRole: {
      permission: ({ name }) => projectsOnly("iam.roles.delete", name),
      resource: byName,
      audit: "ADMIN_WRITE",
      handle: ({ name, etag }) => {
        refuseOrganization(name);
        const role = must(name, etag);
        if (role.deletedMs !== undefined) throw markedForDeletion("delete", role);
        return showCustomRole(customRoles.setDeleted(role.name, true), true);
      },
    },
    undeleteRole: {
      permission: ({ name }) => projectsOnly("iam.roles.undelete", name),
      resource: byName,
      audit: "ADMIN_WRITE",
      handle: ({ name, etag }) => {
        refuseOrganization(name);
        const role = must(name, etag);
        if (role.deletedMs === undefined) {
          const message = `You can't undelete a role (${role.name}) that has not been deleted.`;
          throw new RpcError("FAILED_PRECONDITION", message);
        }
        return showCustomRole(customRoles.setDeleted(role.name, false), true);
      },
    },
  };
}

/** A custom role by name (with the project's id or number), live or deleted less than 7 days ago. */
export function findCustomRole(host: Host, name: string): CustomRole | undefined {
  return localIam(host.iam).customRoles.get(host.projects.canonical(name));
}

export function unknownRole(name: string): RpcError {
  return new RpcError("NOT_FOUND", `The role named ${name} was not found.`);
}

/** What the caller needs: nothing on what an organisation owns, so that it says what is missing and not who may. */
export function projectsOnly(permission: string, name: string): string | readonly string[] {
  return name.startsWith("organizations/") ? [] : permission;
}

/** Throws UNIMPLEMENTED for what is an organisation's. */
export function refuseOrganization(name: string): void {
  if (!name.startsWith("organizations/")) return;
  throw new RpcError("UNIMPLEMENTED", "The local cloud has no organizations: custom roles are projects' here.");
}

export function showCustomRole(role: CustomRole, full: boolean): MessageInitShape<typeof RoleSchema> {
  return {
    name: role.name,
    title: role.title,
    description: role.description,
    stage: role.stage as Role_RoleLaunchStage,
    etag: Buffer.from(role.etag, "base64"),
    deleted: role.deletedMs !== undefined,
    ...(full ? { includedPermissions: [...role.includedPermissions] } : {}),
  };
}

function markedForDeletion(verb: string, { name }: CustomRole): RpcError {
  const id = name.split("/").at(-1);
  return new RpcError("FAILED_PRECONDITION", `You can't ${verb} a role_id (${id}) which has been marked for deletion.`);
}
