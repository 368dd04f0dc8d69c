import type { CloudBilling } from "../../../gen/types/google/cloud/billing/v1/cloud_billing_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import type { StoredProjects } from "../../store/projects.ts";
import { account, billingInfo } from "./rules.ts";
import { mayUse, mustOwn, ownsAccount, payerOf, projectOf } from "./store.ts";

const mostAtOnce = 100;

/** Who pays for which project. With `--preset no-billing` nobody does, whatever is asked for. */
export function billingRpc(host: Host): RpcService {
  return rpc<typeof CloudBilling>("google.cloud.billing.v1.CloudBilling", {
    getProjectBillingInfo: {
      permission: "resourcemanager.projects.get",
      resource: ({ name }) => name,
      handle: ({ name }) => {
        const project = projectOf(host, name);
        return billingInfo(project.id, payerOf(host, project));
      },
    },
    updateProjectBillingInfo: {
      permission: ({ projectBillingInfo }) =>
        `resourcemanager.projects.${projectBillingInfo?.billingAccountName ? "create" : "delete"}BillingAssignment`,
      resource: ({ name }) => name,
      audit: "ADMIN_WRITE",
      handle: ({ name, projectBillingInfo }, { caller }) => {
        const project = projectOf(host, name);
        const wanted = projectBillingInfo?.billingAccountName ?? "";
        if (wanted !== "") mayUse(host, caller, wanted);
        const changed = (host.projects as StoredProjects).change(project.id, { billing: wanted });
        return billingInfo(changed.id, payerOf(host, changed));
      },
    },
    testIamPermissions: {
      permission: [],
      resource: () => "",
      handle: ({ permissions }, { caller }) => ({ permissions: ownsAccount(host, caller) ? permissions : [] }),
    },
    listBillingAccounts: {
      permission: [],
      resource: () => "",
      handle: ({ parent }, { caller }) => ({
        billingAccounts: parent === "" && ownsAccount(host, caller) ? [account] : [],
      }),
    },
    getBillingAccount: {
      permission: [],
      resource: () => "",
      handle: ({ name }, { caller }) => {
        mustOwn(host, caller, name);
        return account;
      },
    },
    listProjectBillingInfo: {
      permission: [],
      resource: () => "",
      handle: ({ name, pageSize, pageToken: token }, { caller }) => {
        mustOwn(host, caller, name);
        const after = token === "" ? "" : readPageToken(token, name);
        const all = (host.projects as StoredProjects).list();
        const rest = all.filter((each) => each.id > after && payerOf(host, each) === name);
        const items = rest.slice(0, pageSize > 0 ? Math.min(pageSize, mostAtOnce) : mostAtOnce);
        const last = items.at(-1);
        return {
          projectBillingInfo: items.map(({ id }) => billingInfo(id, name)),
          nextPageToken: last !== undefined && items.length < rest.length ? pageToken(last.id, name) : "",
        };
      },
    },
  });
}
