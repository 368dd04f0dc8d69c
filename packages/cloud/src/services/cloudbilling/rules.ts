import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  BillingAccountSchema,
  ProjectBillingInfoSchema,
} from "../../../gen/types/google/cloud/billing/v1/cloud_billing_pb.js";

/** The laptop's owner's, on which every project is that nobody created with an account of its own, or none. */
export const account = {
  name: "billingAccounts/0A10F7-0A10F7-0A10F7",
  displayName: "Local",
  open: true,
  currencyCode: "USD",
} as const satisfies MessageInitShape<typeof BillingAccountSchema>;

export function billingInfo(projectId: string, accountName: string): MessageInitShape<typeof ProjectBillingInfoSchema> {
  const name = `projects/${projectId}/billingInfo`;
  return { name, projectId, billingAccountName: accountName, billingEnabled: accountName !== "" };
}
