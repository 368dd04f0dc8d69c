import type { RoleRow } from "./basic-roles.ts";

const project = "resourcemanager.projects.get|list";
const tagReads = "listEffectiveTags|listTagBindings";
const noCode = "-monitoring.notificationChannels.getVerificationCode";
const enable = "serviceusage.services.enable|get";
const metricReads = "monitoring.metricDescriptors|monitoredResourceDescriptors.get|list";

/** Roles of Cloud Monitoring. */
export const monitoringRoles: Readonly<Record<string, RoleRow>> = {
  "monitoring.admin": { title: "Monitoring Admin", holds: [project, "monitoring.*", enable] },
  "monitoring.alertPolicyEditor": { title: "Monitoring AlertPolicy Editor", holds: ["monitoring.alertPolicies.*"] },
  "monitoring.alertPolicyViewer": {
    title: "Monitoring AlertPolicy Viewer",
    holds: [`monitoring.alertPolicies.get|list|${tagReads}`],
  },
  "monitoring.alertViewer": { title: "Monitoring Alert Viewer", holds: ["monitoring.alerts.*"] },
  "monitoring.cloudConsoleIncidentEditor": {
    title: "Monitoring Cloud Console Incident Editor",
    holds: ["monitoring.alerts.*"],
  },
  "monitoring.cloudConsoleIncidentViewer": {
    title: "Monitoring Cloud Console Incident Viewer",
    holds: ["monitoring.alerts.*"],
  },
  "monitoring.dashboardEditor": {
    title: "Monitoring Dashboard Configuration Editor",
    holds: ["monitoring.dashboards.*"],
  },
  "monitoring.dashboardViewer": {
    title: "Monitoring Dashboard Configuration Viewer",
    holds: [`monitoring.dashboards.get|list|${tagReads}`],
  },
  "monitoring.editor": {
    title: "Monitoring Editor",
    holds: [project, "monitoring.*", noCode, "-monitoring.metricsScopes.link", enable],
  },
  "monitoring.metricWriter": {
    title: "Monitoring Metric Writer",
    holds: [metricReads, "monitoring.metricDescriptors.create", "monitoring.timeSeries.create"],
  },
  "monitoring.metricsScopesAdmin": {
    title: "Monitoring Metrics Scopes Admin",
    holds: [project, "monitoring.metricsScopes.link"],
  },
  "monitoring.metricsScopesViewer": { title: "Monitoring Metrics Scopes Viewer", holds: [project] },
  "monitoring.notificationChannelEditor": {
    title: "Monitoring NotificationChannel Editor",
    holds: ["monitoring.notificationChannelDescriptors|notificationChannels.*", noCode],
  },
  "monitoring.notificationChannelViewer": {
    title: "Monitoring NotificationChannel Viewer",
    holds: ["monitoring.notificationChannelDescriptors|notificationChannels.get|list"],
  },
  "monitoring.notificationServiceAgent": {
    title: "Monitoring Service Agent",
    holds: [
      metricReads,
      "monitoring.notificationChannels.get|list|update",
      "monitoring.timeSeries.list",
      "cloudtrace.traces.patch",
      "logging.links.list",
      "run.routes.invoke",
      "serviceusage.services.use",
    ],
  },
  "monitoring.servicesEditor": { title: "Monitoring Services Editor", holds: ["monitoring.services|slos.*"] },
  "monitoring.servicesViewer": { title: "Monitoring Services Viewer", holds: ["monitoring.services|slos.get|list"] },
  "monitoring.snoozeEditor": { title: "Monitoring Snooze Editor", holds: ["monitoring.snoozes.*"] },
  "monitoring.snoozeViewer": { title: "Monitoring Snooze Viewer", holds: ["monitoring.snoozes.get|list"] },
  "monitoring.uptimeCheckConfigEditor": {
    title: "Monitoring Uptime Check Configuration Editor",
    holds: ["monitoring.uptimeCheckConfigs.*"],
  },
  "monitoring.uptimeCheckConfigViewer": {
    title: "Monitoring Uptime Check Configuration Viewer",
    holds: ["monitoring.uptimeCheckConfigs.get|list"],
  },
  "monitoring.viewer": {
    title: "Monitoring Viewer",
    holds: [project, `monitoring.*.get|list|${tagReads}`],
  },
};
