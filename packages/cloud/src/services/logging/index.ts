import type { CloudService } from "../../service.ts";
import { loggingRpc } from "./rpc.ts";

export const logging: CloudService = {
  api: "logging.googleapis.com",
  title: "Cloud Logging API",
  descriptors: "logging-v2",
  create: (host) => ({ rpc: [loggingRpc(host)] }),
};
