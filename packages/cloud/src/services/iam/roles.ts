import type { MessageInitShape } from "@bufbuild/protobuf";
import { Role_RoleLaunchStage, RoleView } from "../../../gen/iam-v1.enums.ts";
import type { IAM, RoleSchema } from "../../../gen/types/google/iam/admin/v1/iam_pb.js";
import { permissions } from "../../chain/permissions.ts";
import { allRoles, type Role, roleOf } from "../../chain/roles.ts";
import type { Methods } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { RpcError } from "../../wire/rpc-error.ts";

type RoleMethods = Pick<
  Methods<typeof IAM>,
  "listRoles" | "getRole" | "queryGrantableRoles" | "queryTestablePermissions"
>;

const defaultPage = 300;
const largestPage = 1000;

/** The predefined roles, out of the table that permission checks use. */
export const roleMethods: RoleMethods = {
  listRoles: {
    permission: ({ parent }) => (parent === "" ? [] : "iam.roles.list"),
    resource: ({ parent }) => parent,
    audit: "ADMIN_READ",
    handle: ({ parent, view, pageSize, pageToken: token }) => {
      // Roles of a project are custom ones, and there are none.
      if (parent !== "") return { roles: [] };
      return page(allRoles(), { pageSize, token, scope: "roles", full: view === RoleView.FULL });
    },
  },
  getRole: {
    permission: ({ name }) => (name.startsWith("roles/") ? [] : "iam.roles.get"),
    resource: ({ name }) => (name.startsWith("roles/") ? "" : name),
    audit: "ADMIN_READ",
    handle: ({ name }) => {
      const role = roleOf(name);
      if (role === undefined) throw new RpcError("NOT_FOUND", `The role named ${name} was not found.`);
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
      return page(grantable, { pageSize, token, scope: fullResourceName, full: view === RoleView.FULL });
    },
  },
  queryTestablePermissions: {
    permission: [],
    resource: () => "",
    handle: ({ fullResourceName, pageSize, pageToken: token }) => {
      const service = serviceOf(fullResourceName);
      const after = token === "" ? "" : readPageToken(token, fullResourceName);
      const matching = permissions.filter(
        (name) => name > after && (service === "cloudresourcemanager" || name.startsWith(`${service}.`)),
      );
      const names = matching.slice(0, pageSize === 0 ? 100 : Math.min(pageSize, largestPage));
      const last = names.at(-1);
      return {
        permissions: names.map((name) => ({ name })),
        nextPageToken: last && names.length < matching.length ? pageToken(last, fullResourceName) : "",
      };
    },
  },
};

/** `secretmanager` of `//secretmanager.googleapis.com/projects/p/secrets/s`. */
function serviceOf(fullResourceName: string): string {
  const service = /^\/\/([a-z]+)\.googleapis\.com\/.+/.exec(fullResourceName)?.[1];
  if (service === undefined) {
    throw new RpcError("INVALID_ARGUMENT", `Invalid full resource name: ${fullResourceName}.`);
  }
  return service;
}

function page(
  roles: readonly Role[],
  options: { readonly pageSize: number; readonly token: string; readonly scope: string; readonly full: boolean },
) {
  const after = options.token === "" ? "" : readPageToken(options.token, options.scope);
  const rest = roles.filter(({ name }) => name > after);
  const items = rest.slice(0, options.pageSize <= 0 ? defaultPage : Math.min(options.pageSize, largestPage));
  const last = items.at(-1);
  return {
    roles: items.map((role) => show(role, options.full)),
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
