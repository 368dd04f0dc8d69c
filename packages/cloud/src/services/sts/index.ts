import type { CloudService } from "../../service.ts";

/** It speaks OAuth, not `google.rpc`: an HTTP surface of its own stands for its host. */
export const sts: CloudService = {
  api: "sts.googleapis.com",
  title: "Security Token Service API",
  create: () => ({}),
  resume: async (host) =>
    host.surface({
      serves: (hostname) => hostname === "sts.googleapis.com" || hostname === "sts.mtls.googleapis.com",
      handle: async (req, res, at) => (await import("./rpc.ts")).serveSts(host, req, res, at),
    }),
};
