import type { CloudService } from "../../service.ts";
import { operationsBeta } from "./operations.ts";
import { serviceUsageRpc } from "./rpc.ts";
import { serviceUsageBeta } from "./rpc-beta.ts";

export const serviceusage: CloudService = {
  api: "serviceusage.googleapis.com",
  title: "Service Usage API",
  descriptors: "serviceusage-v1",
  alwaysOn: true,
  create: (host) => ({
    rpc: [serviceUsageRpc(host), serviceUsageBeta(host)],
    rest: [operationsBeta(host)],
    operations: { version: "v1", names: ["operations/*"] },
  }),
};
