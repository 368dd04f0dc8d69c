import type { CloudService } from "../../service.ts";

/** Resource Manager v3 and v1. Its parts are loaded at its first call. */
export const cloudresourcemanager: CloudService = {
  api: "cloudresourcemanager.googleapis.com",
  title: "Cloud Resource Manager API",
  descriptors: "cloudresourcemanager-v3",
  create: async (host) => (await import("./parts.ts")).resourceManager(host),
};
