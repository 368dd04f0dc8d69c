import type { CloudService } from "../../service.ts";
import { api, hasState } from "./api.ts";

/**
 * Cloud Storage: the JSON API v1 with its uploads and downloads, and of the XML API what signed URLs are for. Its parts
 * are loaded at its first call, or at the start of a cloud that has buckets.
 */
export const storage: CloudService = {
  api,
  title: "Cloud Storage JSON API",
  create: async (host) => (await import("./rpc.ts")).storageParts(host),
  resume: async (host) => {
    if (hasState(host)) await (await import("./rpc.ts")).resumeStorage(host);
  },
  close: async (host) => {
    host.shared("storage.lifecycle", () => () => undefined)();
  },
};
