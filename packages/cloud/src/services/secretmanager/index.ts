import type { CloudService } from "../../service.ts";

const dueKey = "secretmanager.due";

/** Secret Manager v1, global and regional secrets. Managed rotation (of Cloud SQL passwords) is not here. */
export const secretmanager: CloudService = {
  api: "secretmanager.googleapis.com",
  title: "Secret Manager API",
  descriptors: "secretmanager-v1",
  create: async (host) => ({
    rpc: [(await import("./rpc.ts")).secretManager(host, dueKey)],
    locations: { version: "v1" },
  }),
  // Its timers, where the API was ever called.
  close: async (host) => host.shared<{ stop(): void } | undefined>(dueKey, () => undefined)?.stop(),
};
