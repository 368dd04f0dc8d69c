import type { CloudBilling } from "../../../gen/types/google/cloud/billing/v1/cloud_billing_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { account, billingInfo } from "./rules.ts";
import { isPaid, mustOwn, ownsAccount, projectOf } from "./store.ts";

const mostAtOnce = 100;

/** Reading: who pays is settled when the cloud starts (`--preset no-billing`), and does not change. */
export function billingRpc(host: Host): RpcService {
  return rpc<typeof CloudBilling>("google.cloud.billing.v1.CloudBilling", {
    getProjectBillingInfo: {
      permission: "resourcemanager.projects.get",
      resource: ({ name }) => name,
      handle: ({ name }) => billingInfo(projectOf(host, name).id, isPaid(host)),
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
        const rest = host.projects.list().filter(({ id }) => id > after);
        const items = rest.slice(0, pageSize > 0 ? Math.min(pageSize, mostAtOnce) : mostAtOnce);
        const last = items.at(-1);
        return {
          projectBillingInfo: items.map(({ id }) => billingInfo(id, true)),
          nextPageToken: last !== undefined && items.length < rest.length ? pageToken(last.id, name) : "",
        };
      },
    },
  });
}
