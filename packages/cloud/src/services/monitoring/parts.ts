import type { Host } from "../../host.ts";
import type { ServiceParts } from "../../service.ts";
import { alertPolicies, alertsRpc } from "./alerts.ts";
import { channelsRpc } from "./channels.ts";
import { createDashboards, dashboardsRpc } from "./dashboards.ts";
import { dashboardsRest } from "./dashboards-rest.ts";
import { groupsRpc } from "./groups.ts";
import { objectivesRpc } from "./objectives.ts";
import { metricRpc } from "./rpc.ts";
import { scopesRpc } from "./scopes.ts";
import { snoozesRpc } from "./snoozes.ts";
import { uptimeRpc } from "./uptime.ts";

/** The handlers, apart from the service's value, so that they are loaded at its first call. */
export function monitoringParts(host: Host): ServiceParts {
  const policies = alertPolicies(host);
  const dashboards = createDashboards(host);
  return {
    rpc: [
      metricRpc(host),
      alertsRpc(host, policies),
      channelsRpc(host, policies),
      objectivesRpc(host),
      groupsRpc(host),
      dashboardsRpc(dashboards),
      uptimeRpc(host, policies),
      scopesRpc(host),
      snoozesRpc(host, policies),
    ],
    operations: { version: "v1", names: ["operations/*"] },
    rest: dashboardsRest(host, dashboards),
  };
}
