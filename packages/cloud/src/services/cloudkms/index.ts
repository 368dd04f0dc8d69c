import type { CloudService } from "../../service.ts";
import type { Due } from "../../store/due.ts";
import { api } from "./rules.ts";

const dueKey = "cloudkms.due";

/**
 * Cloud KMS v1: key rings, keys and their versions, and all that is done with them. Import jobs, external keys (EKM),
 * Autokey and deletion are not here. Its parts are loaded at its first call.
 */
export const cloudkms: CloudService = {
  api,
  title: "Cloud Key Management Service (KMS) API",
  descriptors: "cloudkms-v1",
  create: async (host) => (await import("./rpc.ts")).keyManagement(host, dueKey),
  // Its timers, where the API was ever called.
  close: async (host) => host.shared<Due | undefined>(dueKey, () => undefined)?.stop(),
};
