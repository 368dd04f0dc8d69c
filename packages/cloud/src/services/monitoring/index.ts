import type { CloudService } from "../../service.ts";
import { madeMetrics } from "./metrics.ts";

/** Cloud Monitoring API v3: metrics, alert policies, channels, services with objectives, groups. The rest of it is known by name alone. */
export const monitoring: CloudService = {
  api: "monitoring.googleapis.com",
  title: "Cloud Monitoring API",
  descriptors: "monitoring-v3",
  create: async (host) => (await import("./parts.ts")).monitoringParts(host),
  close: async (host) => madeMetrics(host)?.flush(),
};
