import type { CloudService } from "../../service.ts";
import { api } from "./parts.ts";
import { secretManager, stopTimers } from "./rpc.ts";

/** Secret Manager v1, global and regional secrets. Managed rotation (of Cloud SQL passwords) is not here. */
export const secretmanager: CloudService = {
  api,
  title: "Secret Manager API",
  descriptors: "secretmanager-v1",
  create: (host) => ({
    rpc: [secretManager(host)],
    locations: { version: "v1" },
  }),
  close: async (host) => stopTimers(host),
};
