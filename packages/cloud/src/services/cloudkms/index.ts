import type { CloudService } from "../../service.ts";
import { keyManagement, stopTimers } from "./rpc.ts";
import { api } from "./rules.ts";

/**
 * Cloud KMS v1: key rings, keys and their versions, and all that is done with them. Import jobs, external keys (EKM),
 * Autokey and deletion are not here.
 */
export const cloudkms: CloudService = {
  api,
  title: "Cloud Key Management Service (KMS) API",
  descriptors: "cloudkms-v1",
  create: keyManagement,
  close: async (host) => stopTimers(host),
};
