import type { MessageInitShape } from "@bufbuild/protobuf";
import type { IAM, ServiceAccountSchema } from "../../../gen/types/google/iam/admin/v1/iam_pb.js";
import type { Account } from "../../chain/accounts.ts";
import { localIam } from "../../chain/iam.ts";
import { iamMethods } from "../../chain/iam-methods.ts";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { customRoleMethods } from "./custom-roles.ts";
import { keyMethods } from "./keys.ts";
import { roleMethods } from "./roles.ts";
import { checkAccountId, checkTexts, maskedFields } from "./rules.ts";
import { canonicalAccount, deleteAccount, mustBeAccount, undeleteAccount } from "./store.ts";

/** `google.iam.admin.v1.IAM`: service accounts with their policies and keys, and the predefined roles. */
export function iamRpc(host: Host): RpcService {
  const { accounts } = localIam(host.iam);
  const byName = ({ name }: { readonly name: string }): string => canonicalAccount(host, name);

  return rpc<typeof IAM>("google.iam.admin.v1.IAM", {
    createServiceAccount: {
      permission: "iam.serviceAccounts.create",
      resource: ({ name }) => name,
      audit: "ADMIN_WRITE",
      handle: ({ name, accountId, serviceAccount }) => {
        const project = host.projects.get(name.replace(/^projects\//, ""));
        if (project === undefined) throw new RpcError("NOT_FOUND", `Unknown project id: ${name}`);
        checkAccountId(accountId);
        checkTexts(serviceAccount ?? {});
        const created = accounts.create({
          email: `${accountId}@${project.id}.iam.gserviceaccount.com`,
          projectId: project.id,
          displayName: serviceAccount?.displayName ?? "",
          description: serviceAccount?.description ?? "",
        });
        if (created === undefined) {
          throw new RpcError(
            "ALREADY_EXISTS",
            `Service account ${accountId} already exists within project projects/${project.id}.`,
            [
              {
                "@type": "type.googleapis.com/google.rpc.ResourceInfo",
                resourceName: `projects/${project.id}/serviceAccounts/${accountId}@${project.id}.iam.gserviceaccount.com`,
              },
            ],
          );
        }
        return show(created);
      },
    },
    getServiceAccount: {
      permission: "iam.serviceAccounts.get",
      resource: byName,
      audit: "ADMIN_READ",
      handle: ({ name }) => show(mustBeAccount(host, name)),
    },
    listServiceAccounts: {
      permission: "iam.serviceAccounts.list",
      resource: ({ name }) => name,
      audit: "ADMIN_READ",
      handle: ({ name, pageSize, pageToken: token }) => {
        const project = host.projects.get(name.replace(/^projects\//, ""));
        if (project === undefined) throw new RpcError("NOT_FOUND", `Unknown project id: ${name}`);
        const after = token === "" ? "" : readPageToken(token, project.id);
        const rest = accounts.list(project.id).filter(({ email }) => email > after);
        const items = rest.slice(0, pageSize <= 0 ? 20 : Math.min(pageSize, 100));
        const last = items.at(-1);
        return {
          accounts: items.map(show),
          nextPageToken: last && items.length < rest.length ? pageToken(last.email, project.id) : "",
        };
      },
    },
    patchServiceAccount: {
      permission: "iam.serviceAccounts.update",
      resource: ({ serviceAccount }) => canonicalAccount(host, serviceAccount?.name ?? ""),
      audit: "ADMIN_WRITE",
      handle: ({ serviceAccount, updateMask }) => {
        const account = mustBeAccount(host, serviceAccount?.name ?? "");
        const change = Object.fromEntries(
          maskedFields(updateMask?.paths).map((field) => [field, serviceAccount?.[field] ?? ""]),
        );
        checkTexts(change);
        const updated = accounts.update(account.email, change);
        // Google answers with the name and what was changed alone.
        return { name: nameOf(updated), ...change };
      },
    },
    updateServiceAccount: {
      permission: "iam.serviceAccounts.update",
      resource: byName,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const account = mustBeAccount(host, request.name);
        checkTexts(request);
        const { displayName, description } = request;
        return show(accounts.update(account.email, { displayName, ...(description === "" ? {} : { description }) }));
      },
    },
    deleteServiceAccount: {
      permission: "iam.serviceAccounts.delete",
      resource: byName,
      audit: "ADMIN_WRITE",
      handle: ({ name }) => {
        deleteAccount(host, mustBeAccount(host, name));
        return {};
      },
    },
    undeleteServiceAccount: {
      permission: "iam.serviceAccounts.undelete",
      resource: byName,
      audit: "ADMIN_WRITE",
      handle: ({ name }) => ({ restoredAccount: show(undeleteAccount(host, name.split("/").at(-1) ?? "")) }),
    },
    enableServiceAccount: {
      permission: "iam.serviceAccounts.enable",
      resource: byName,
      audit: "ADMIN_WRITE",
      handle: ({ name }) => {
        accounts.update(mustBeAccount(host, name).email, { disabled: false });
        return {};
      },
    },
    disableServiceAccount: {
      permission: "iam.serviceAccounts.disable",
      resource: byName,
      audit: "ADMIN_WRITE",
      handle: ({ name }) => {
        accounts.update(mustBeAccount(host, name).email, { disabled: true });
        return {};
      },
    },
    ...iamMethods({
      permissions: "iam.serviceAccounts",
      exists: (name) => void mustBeAccount(host, name),
      canonical: (resource) => canonicalAccount(host, resource),
    }),
    ...keyMethods(host),
    ...roleMethods(host),
    ...customRoleMethods(host),
  });
}

function nameOf(account: Account): string {
  return `projects/${account.projectId}/serviceAccounts/${account.email}`;
}

function show(account: Account): MessageInitShape<typeof ServiceAccountSchema> {
  return {
    name: nameOf(account),
    projectId: account.projectId,
    uniqueId: account.uniqueId,
    email: account.email,
    displayName: account.displayName,
    description: account.description,
    etag: Buffer.from(account.etag, "base64"),
    oauth2ClientId: account.uniqueId,
    disabled: account.disabled,
  };
}
