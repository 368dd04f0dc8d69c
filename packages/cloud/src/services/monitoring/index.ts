import type { CloudService } from "../../service.ts";
import { madeMetrics } from "./metrics.ts";
import { metricRpc } from "./rpc.ts";

/** Cloud Monitoring API v3: metrics. Groups, uptime checks, notification channels and services are known by name alone. */
export const monitoring: CloudService = {
  api: "monitoring.googleapis.com",
  title: "Cloud Monitoring API",
  descriptors: "monitoring-v3",
  create: (host) => ({ rpc: [metricRpc(host)] }),
  close: async (host) => madeMetrics(host)?.flush(),
};
