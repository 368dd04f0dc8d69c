import type { CloudService } from "../../service.ts";
import { serviceUsageRpc } from "./rpc.ts";

export const serviceusage: CloudService = {
  api: "serviceusage.googleapis.com",
  title: "Service Usage API",
  descriptors: "serviceusage-v1",
  alwaysOn: true,
  create: (host) => ({
    rpc: [serviceUsageRpc(host)],
    operations: { version: "v1", names: ["operations/*"] },
  }),
};
