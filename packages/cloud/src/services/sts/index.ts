import type { CloudService } from "../../service.ts";
import { stsSurface } from "./rpc.ts";

/** It speaks OAuth, not `google.rpc`: an HTTP surface of its own stands for its host. */
export const sts: CloudService = {
  api: "sts.googleapis.com",
  title: "Security Token Service API",
  create: () => ({}),
  resume: async (host) => host.surface(stsSurface(host)),
};
