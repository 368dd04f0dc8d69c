import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  BillingAccountSchema,
  ProjectBillingInfoSchema,
} from "../../../gen/types/google/cloud/billing/v1/cloud_billing_pb.js";

/** The only one: of the laptop's owner, on whom every project is. */
export const account = {
  name: "billingAccounts/0A10F7-0A10F7-0A10F7",
  displayName: "Local",
  open: true,
  currencyCode: "USD",
} as const satisfies MessageInitShape<typeof BillingAccountSchema>;

export function billingInfo(projectId: string, paid: boolean): MessageInitShape<typeof ProjectBillingInfoSchema> {
  const name = `projects/${projectId}/billingInfo`;
  return { name, projectId, ...(paid ? { billingAccountName: account.name, billingEnabled: true } : {}) };
}
