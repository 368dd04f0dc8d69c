import type { CloudService } from "../../service.ts";
import { api } from "./rules.ts";

const dueKey = "cloudkms.due";

/**
 * Cloud KMS v1: key rings, keys and their versions, import jobs, Autokey, and all that is done with them. External keys
 * (EKM) and single-tenant HSMs are not here. Its parts are loaded at its first call.
 */
export const cloudkms: CloudService = {
  api,
  title: "Cloud Key Management Service (KMS) API",
  descriptors: "cloudkms-v1",
  create: async (host) => (await import("./rpc.ts")).keyManagement(host, dueKey),
  // Its timers and what it makes meanwhile, where the API was ever called.
  close: async (host) => host.shared<{ stop(): void } | undefined>(dueKey, () => undefined)?.stop(),
};
