import type { MessageInitShape } from "@bufbuild/protobuf";
import { Permission_PermissionLaunchStage, Role_RoleLaunchStage, RoleView } from "../../../gen/iam-v1.enums.ts";
import type { IAM, RoleSchema } from "../../../gen/types/google/iam/admin/v1/iam_pb.js";
import { localIam } from "../../chain/iam.ts";
import { permissionKind, permissions } from "../../chain/permissions.ts";
import { allRoles, type Role, roleOf } from "../../chain/roles.ts";
import type { Host } from "../../host.ts";
import type { Methods } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { findCustomRole, projectsOnly, refuseOrganization, showCustomRole, unknownRole } from "./custom-roles.ts";

type RoleMethods = Pick<
  Methods<typeof IAM>,
  "listRoles" | "getRole" | "queryGrantableRoles" | "queryTestablePermissions"
>;

const defaultPage = 300;
const largestPage = 1000;

/** Roles: the predefined ones, out of the table that permission checks use, and those of projects. */
export const roleMethods = (host: Host): RoleMethods => ({
  listRoles: {
    permission: ({ parent }) => (parent === "" ? [] : projectsOnly("iam.roles.list", parent)),
    resource: ({ parent }) => parent,
    audit: "ADMIN_READ",
    handle: ({ parent, view, pageSize, pageToken: token, showDeleted }) => {
      const full = view === RoleView.FULL;
      if (parent === "") return page(allRoles().map(shown), { pageSize, token, scope: "roles", full });
      refuseOrganization(parent);
      const project = host.projects.get(parent.replace(/^projects\//, ""));
      if (project === undefined) throw new RpcError("NOT_FOUND", `Unknown project id: ${parent}`);
      const roles = localIam(host.iam)
        .customRoles.list(project.id)
        .filter(({ deletedMs }) => showDeleted || deletedMs === undefined)
        .map((role) => ({ name: role.name, show: (whole: boolean) => showCustomRole(role, whole) }));
      return page(roles, { pageSize, token, scope: parent, full });
    },
  },
  getRole: {
    permission: ({ name }) => (name.startsWith("roles/") ? [] : projectsOnly("iam.roles.get", name)),
    resource: ({ name }) => (name.startsWith("roles/") ? "" : name),
    audit: "ADMIN_READ",
    handle: ({ name }) => {
      refuseOrganization(name);
      const custom = findCustomRole(host, name);
      if (custom !== undefined) return showCustomRole(custom, true);
      const role = roleOf(name);
      if (role === undefined) throw unknownRole(name);
      return show(role, true);
    },
  },
  queryGrantableRoles: {
    permission: [],
    resource: () => "",
    handle: ({ fullResourceName, view, pageSize, pageToken: token }) => {
      const service = serviceOf(fullResourceName);
      const grantable = allRoles().filter(
        ({ name }) => service === "cloudresourcemanager" || name.startsWith(`roles/${service}.`),
      );
      return page(grantable.map(shown), { pageSize, token, scope: fullResourceName, full: view === RoleView.FULL });
    },
  },
  queryTestablePermissions: {
    permission: [],
    resource: () => "",
    handle: ({ fullResourceName, pageSize, pageToken: token }) => {
      const service = serviceOf(fullResourceName);
      const after = token === "" ? "" : readPageToken(token, fullResourceName);
      const matching = permissions.filter(
        (name) =>
          name > after &&
          permissionKind(name) === "known" &&
          (service === "cloudresourcemanager" || name.startsWith(`${service}.`)),
      );
      const names = matching.slice(0, pageSize === 0 ? 100 : Math.min(pageSize, largestPage));
      const last = names.at(-1);
      return {
        permissions: names.map((name) => ({ name, stage: Permission_PermissionLaunchStage.GA })),
        nextPageToken: last && names.length < matching.length ? pageToken(last, fullResourceName) : "",
      };
    },
  },
});

/** `secretmanager` of `//secretmanager.googleapis.com/projects/p/secrets/s`. */
function serviceOf(fullResourceName: string): string {
  const service = /^\/\/([a-z]+)\.googleapis\.com\/.+/.exec(fullResourceName)?.[1];
  if (service === undefined) {
    throw new RpcError("INVALID_ARGUMENT", `Invalid full resource name: ${fullResourceName}.`);
  }
  return service;
}

interface Shown {
  readonly name: string;
  readonly show: (full: boolean) => MessageInitShape<typeof RoleSchema>;
}

function shown(role: Role): Shown {
  return { name: role.name, show: (full) => show(role, full) };
}

function page(
  roles: readonly Shown[],
  options: { readonly pageSize: number; readonly token: string; readonly scope: string; readonly full: boolean },
) {
  const after = options.token === "" ? "" : readPageToken(options.token, options.scope);
  const rest = roles.filter(({ name }) => name > after);
  const items = rest.slice(0, options.pageSize <= 0 ? defaultPage : Math.min(options.pageSize, largestPage));
  const last = items.at(-1);
  return {
    roles: items.map((role) => role.show(options.full)),
    nextPageToken: last && items.length < rest.length ? pageToken(last.name, options.scope) : "",
  };
}

function show(role: Role, full: boolean): MessageInitShape<typeof RoleSchema> {
  return {
    name: role.name,
    title: role.title,
    stage: Role_RoleLaunchStage.GA,
    etag: Uint8Array.of(0),
    ...(full ? { includedPermissions: [...role.permissions].sort() } : {}),
  };
}
