import type { CloudService } from "../../service.ts";

export const serviceusage: CloudService = {
  api: "serviceusage.googleapis.com",
  title: "Service Usage API",
  descriptors: "serviceusage-v1",
  alwaysOn: true,
  create: async (host) => (await import("./parts.ts")).serviceUsage(host),
};
