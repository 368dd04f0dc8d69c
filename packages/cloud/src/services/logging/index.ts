import type { CloudService } from "../../service.ts";
import { configRpc } from "./config-rpc.ts";
import { anyConfig, configStore } from "./config-store.ts";
import { logMetricsRpc } from "./log-metrics-rpc.ts";
import { routingOf } from "./routing.ts";
import { loggingRpc } from "./rpc.ts";

export const logging: CloudService = {
  api: "logging.googleapis.com",
  title: "Cloud Logging API",
  descriptors: "logging-v2",
  create: (host) => {
    const [store, routing] = [configStore(host), routingOf(host)];
    return {
      rpc: [loggingRpc(host), configRpc(host, store, routing), logMetricsRpc(host, store, routing)],
      operations: { version: "v2", names: ["projects/*/locations/*/operations/*"], numbered: true },
      locations: { version: "v2" },
    };
  },
  /** Sinks, exclusions and metrics work from the start, not from the first call on. */
  resume: async (host) => {
    if (anyConfig(host)) routingOf(host);
  },
};
