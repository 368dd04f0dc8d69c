import type { Host } from "../../host.ts";
import type { ServiceParts } from "../../service.ts";
import { configRpc } from "./config-rpc.ts";
import { configStore } from "./config-store.ts";
import { logMetricsRpc } from "./log-metrics-rpc.ts";
import { logScopes } from "./log-scopes.ts";
import { routingOf } from "./routing.ts";
import { loggingRpc } from "./rpc.ts";
import { projectSettings } from "./settings-rpc.ts";
import { viewPolicies } from "./view-policies.ts";

/** The three services of the API, over one configuration, and what of it has no proto. */
export function loggingServices(host: Host): Pick<ServiceParts, "rpc" | "rest"> {
  const [store, routing] = [configStore(host), routingOf(host)];
  return {
    rpc: [loggingRpc(host), configRpc(host, store, routing), logMetricsRpc(host, store, routing)],
    rest: [...viewPolicies(host, routing.buckets), ...logScopes(host), projectSettings(host)],
  };
}
