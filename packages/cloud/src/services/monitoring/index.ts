import type { CloudService } from "../../service.ts";
import { alertPolicies, alertsRpc } from "./alerts.ts";
import { channelsRpc } from "./channels.ts";
import { groupsRpc } from "./groups.ts";
import { madeMetrics } from "./metrics.ts";
import { objectivesRpc } from "./objectives.ts";
import { metricRpc } from "./rpc.ts";

/** Cloud Monitoring API v3: metrics, alert policies, channels, services with objectives, groups. The rest of it is known by name alone. */
export const monitoring: CloudService = {
  api: "monitoring.googleapis.com",
  title: "Cloud Monitoring API",
  descriptors: "monitoring-v3",
  create: (host) => {
    const policies = alertPolicies(host);
    return {
      rpc: [
        metricRpc(host),
        alertsRpc(host, policies),
        channelsRpc(host, policies),
        objectivesRpc(host),
        groupsRpc(host),
      ],
    };
  },
  close: async (host) => madeMetrics(host)?.flush(),
};
