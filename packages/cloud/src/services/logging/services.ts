import type { Host } from "../../host.ts";
import type { RpcService } from "../../service.ts";
import { configRpc } from "./config-rpc.ts";
import { configStore } from "./config-store.ts";
import { logMetricsRpc } from "./log-metrics-rpc.ts";
import { routingOf } from "./routing.ts";
import { loggingRpc } from "./rpc.ts";

/** The three services of the API, over one configuration. */
export function loggingServices(host: Host): RpcService[] {
  const [store, routing] = [configStore(host), routingOf(host)];
  return [loggingRpc(host), configRpc(host, store, routing), logMetricsRpc(host, store, routing)];
}
