import type { Host } from "../../host.ts";
import type { ServiceParts } from "../../service.ts";
import { operationsBeta } from "./operations.ts";
import { serviceUsageRpc } from "./rpc.ts";
import { serviceUsageBeta } from "./rpc-beta.ts";

/** The services of the API, loaded at its first call. */
export const serviceUsage = (host: Host): ServiceParts => ({
  rpc: [serviceUsageRpc(host), serviceUsageBeta(host)],
  rest: [operationsBeta(host)],
  operations: { version: "v1", names: ["operations/*"] },
});
