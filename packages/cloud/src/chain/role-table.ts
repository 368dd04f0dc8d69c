import { basicRoles, type RoleRow } from "./basic-roles.ts";
import { autokeyUse, kmsRoles } from "./role-table-kms.ts";
import { monitoringRoles } from "./role-table-monitoring.ts";
import { resourceRoles } from "./role-table-resources.ts";
import { securityRoles } from "./role-table-security.ts";
import { storageRoles } from "./role-table-storage.ts";

const project = "resourcemanager.projects.get|list";
const projectGet = "resourcemanager.projects.get";
const tagReads = "listEffectiveTags|listTagBindings";
const registryRead = [
  projectGet,
  "artifactregistry.*.get|list",
  "artifactregistry.files.download",
  `artifactregistry.repositories.downloadArtifacts|exportArtifacts|readViaVirtualRepository|${tagReads}`,
];
const registryWrite = [
  ...registryRead,
  "artifactregistry.aptartifacts|kfpartifacts|yumartifacts.create",
  "artifactregistry.attachments.create|delete",
  "artifactregistry.files.update|upload",
  "artifactregistry.packages.update",
  "artifactregistry.repositories.uploadArtifacts",
  "artifactregistry.tags.create|update",
];
const secretMetadata = [
  project,
  "secretmanager.locations.get|list",
  `secretmanager.secrets.get|list|getIamPolicy|${tagReads}`,
  "secretmanager.versions.get|list",
];
const runRead = [project, "run.*.get|list|getIamPolicy", `run.jobs|services.${tagReads}`];
const redisRead = [project, "redis.*.get|list", "serviceusage.services.use"];
const objectRead = [project, "storage.folders|managedFolders|objects.get|list"];
const objectUse = [
  ...objectRead,
  "storage.folders.*",
  "storage.managedFolders.create|delete",
  "storage.multipartUploads.*",
  "storage.objects.create|createContext|delete|deleteContext|move|restore|update|updateContext",
  "monitoring.timeSeries.create",
];
const logsRead = [
  projectGet,
  "logging.buckets|exclusions|links|locations|logMetrics|sinks|views.get|list",
  "logging.logEntries|logServiceIndexes|logServices|logs.list",
  "logging.operations.get|list",
  "logging.queries.getShared|listShared|usePrivate",
  "logging.usage.get",
];
const serviceReads = [
  "serviceusage.operations|quotas.get",
  "serviceusage.services.get|list",
  "monitoring.timeSeries.list",
];

/** Google's predefined roles, `service.role`; and the basic ones. */
export const roleTable: Readonly<Record<string, RoleRow>> = {
  ...basicRoles,
  ...kmsRoles,
  ...securityRoles,
  "artifactregistry.admin": {
    title: "Artifact Registry Administrator",
    holds: [projectGet, ...autokeyUse, "artifactregistry.*", "-artifactregistry.repositories.createOnPush"],
  },
  "artifactregistry.createOnPushWriter": {
    title: "Artifact Registry Create-on-Push Writer",
    holds: [...registryWrite, "artifactregistry.repositories.createOnPush"],
  },
  "artifactregistry.reader": { title: "Artifact Registry Reader", holds: registryRead },
  "artifactregistry.repoAdmin": {
    title: "Artifact Registry Repository Administrator",
    holds: [
      ...registryWrite,
      "artifactregistry.attachments|files|packages|rules|tags|versions.*",
      "artifactregistry.repositories.deleteArtifacts",
    ],
  },
  "artifactregistry.serviceAgent": {
    title: "Artifact Registry Service Agent",
    holds: [
      "artifactregistry.repositories.downloadArtifacts|get|readViaVirtualRepository",
      "artifactregistry.versions.delete",
      "pubsub.topics.publish",
    ],
  },
  "artifactregistry.writer": { title: "Artifact Registry Writer", holds: registryWrite },
  browser: {
    title: "Browser",
    holds: ["resourcemanager.folders|organizations|projects.get|list", "resourcemanager.projects.getIamPolicy"],
  },
  "cloudscheduler.admin": {
    title: "Cloud Scheduler Admin",
    holds: [project, "cloudscheduler.*", "serviceusage.services.get|list"],
  },
  "cloudscheduler.serviceAgent": {
    title: "Cloud Scheduler Service Agent",
    holds: [
      "iam.serviceAccounts.getAccessToken|getOpenIdToken",
      "logging.logEntries.create|route",
      "pubsub.topics.publish",
    ],
  },
  "cloudsql.client": { title: "Cloud SQL Client", holds: ["cloudsql.instances.connect|get"] },
  "cloudsql.instanceUser": { title: "Cloud SQL Instance User", holds: ["cloudsql.instances.executeSql|get|login"] },
  "cloudtrace.agent": { title: "Cloud Trace Agent", holds: ["cloudtrace.traces.patch"] },
  "iam.denyAdmin": { title: "Deny Admin", holds: ["iam.denypolicies.*"] },
  "iam.denyReviewer": { title: "Deny Reviewer", holds: ["iam.denypolicies.get|list"] },
  "iam.roleAdmin": {
    title: "Role Administrator",
    holds: ["iam.roles.*", "resourcemanager.projects.get|getIamPolicy"],
  },
  "iam.roleViewer": {
    title: "Role Viewer",
    holds: [`iam.roles.get|list|${tagReads}`, "resourcemanager.projects.get|getIamPolicy"],
  },
  "iam.serviceAccountAdmin": {
    title: "Service Account Admin",
    holds: [
      project,
      "iam.serviceAccountApiKeyBindings.*",
      `iam.serviceAccounts.create|createTagBinding|delete|deleteTagBinding|disable|enable|get|getIamPolicy|list|${tagReads}|setIamPolicy|undelete|update`,
    ],
  },
  "iam.serviceAccountCreator": {
    title: "Create Service Accounts",
    holds: [project, "iam.serviceAccounts.create|get|list"],
  },
  "iam.serviceAccountDeleter": {
    title: "Delete Service Accounts",
    holds: [project, "iam.serviceAccounts.delete|get|list"],
  },
  "iam.serviceAccountKeyAdmin": {
    title: "Service Account Key Admin",
    holds: [project, "iam.serviceAccountKeys.*", "iam.serviceAccounts.get|list"],
  },
  "iam.serviceAccountOpenIdTokenCreator": {
    title: "Service Account OpenID Connect Identity Token Creator",
    holds: ["iam.serviceAccounts.getOpenIdToken"],
  },
  "iam.serviceAccountTokenCreator": {
    title: "Service Account Token Creator",
    holds: [project, "iam.serviceAccounts.get|getAccessToken|getOpenIdToken|implicitDelegation|list|signBlob|signJwt"],
  },
  "iam.serviceAccountUser": {
    title: "Service Account User",
    holds: [project, "iam.serviceAccounts.actAs|get|list"],
  },
  "iam.serviceAccountViewer": {
    title: "View Service Accounts",
    holds: [project, "iam.serviceAccountKeys.get|list", `iam.serviceAccounts.get|getIamPolicy|list|${tagReads}`],
  },
  "iam.workloadIdentityPoolAdmin": {
    title: "IAM Workload Identity Pool Admin",
    holds: [project, "iam.workloadIdentityPools|workloadIdentityPoolProviders.*"],
  },
  "iam.workloadIdentityPoolViewer": {
    title: "IAM Workload Identity Pool Viewer",
    holds: [project, "iam.workloadIdentityPools|workloadIdentityPoolProviders.get|list"],
  },
  "iam.workloadIdentityUser": {
    title: "Workload Identity User",
    holds: ["iam.serviceAccounts.get|getAccessToken|getOpenIdToken|list"],
  },
  "logging.admin": {
    title: "Logging Admin",
    holds: [project, "logging.*", "-logging.buckets.write"],
  },
  "logging.bucketWriter": { title: "Logs Bucket Writer", holds: ["logging.buckets.write"] },
  "logging.configWriter": {
    title: "Logs Configuration Writer",
    holds: [
      project,
      `logging.buckets.create|createTagBinding|delete|deleteTagBinding|get|list|${tagReads}|undelete|update`,
      "logging.exclusions|links|locations|logMetrics|logScopes|notificationRules|operations|settings|sinks|sqlAlerts.*",
      "logging.logServiceIndexes|logServices|logs.list",
      "logging.views.create|delete|get|getIamPolicy|list|update",
    ],
  },
  "logging.logWriter": { title: "Logs Writer", holds: ["logging.logEntries.create|route"] },
  "logging.privateLogViewer": {
    title: "Private Logs Viewer",
    holds: [...logsRead, "logging.privateLogEntries.list", "logging.views.access"],
  },
  "logging.viewAccessor": {
    title: "Logs View Accessor",
    holds: ["logging.logEntries.download", "logging.views.access|listLogs|listResourceKeys|listResourceValues"],
  },
  "logging.viewer": { title: "Logs Viewer", holds: [...logsRead, "logging.logScopes.get|list"] },
  ...monitoringRoles,
  "pubsub.publisher": { title: "Pub/Sub Publisher", holds: ["pubsub.topics.publish"] },
  "pubsub.subscriber": {
    title: "Pub/Sub Subscriber",
    holds: ["pubsub.subscriptions.consume", "pubsub.topics.attachSubscription"],
  },
  "redis.admin": {
    title: "Cloud Memorystore Redis Admin",
    holds: [project, ...autokeyUse, "redis.*", "serviceusage.services.use"],
  },
  "redis.dbConnectionUser": {
    title: "Cloud Memorystore Redis Db Connection User",
    holds: ["redis.clusters.connect"],
  },
  "redis.editor": {
    title: "Cloud Memorystore Redis Editor",
    holds: [
      ...redisRead,
      "redis.aclPolicies.create|delete|update",
      "redis.clusters.backup|update",
      "redis.instances.failover|update",
      "redis.operations.cancel|delete",
    ],
  },
  "redis.serviceAgent": {
    title: "Cloud Memorystore Redis Service Agent",
    holds: [
      project,
      "monitoring.metricDescriptors.create|get|list",
      "monitoring.monitoredResourceDescriptors.*",
      "monitoring.timeSeries.create",
    ],
  },
  "redis.viewer": { title: "Cloud Memorystore Redis Viewer", holds: [...redisRead, `redis.instances.${tagReads}`] },
  ...resourceRoles,
  "run.admin": { title: "Cloud Run Admin", holds: [project, "run.*"] },
  "run.builder": {
    title: "Cloud Run Builder",
    holds: [
      "artifactregistry.repositories.deleteArtifacts|downloadArtifacts|uploadArtifacts",
      "logging.logEntries.create",
      "storage.objects.get",
    ],
  },
  "run.developer": {
    title: "Cloud Run Developer",
    holds: [project, "run.*", "-run.*.setIamPolicy", "-run.jobs|services.createTagBinding|deleteTagBinding"],
  },
  "run.invoker": {
    title: "Cloud Run Invoker",
    holds: ["run.instances.invoke", "run.jobs.run", "run.routes.invoke"],
  },
  "run.jobsExecutor": { title: "Cloud Run Jobs Executor", holds: ["run.executions.cancel", "run.jobs.run"] },
  "run.jobsExecutorWithOverrides": {
    title: "Cloud Run Jobs Executor With Overrides",
    holds: ["run.executions.cancel", "run.jobs.run|runWithOverrides"],
  },
  "run.serviceAgent": {
    title: "Cloud Run Service Agent",
    holds: [
      ...registryRead,
      "artifactregistry.repositories.uploadArtifacts",
      "iam.serviceAccounts.actAs|getAccessToken|getOpenIdToken|signBlob",
      "resourcemanager.projects.get|getIamPolicy|list",
      "run.routes.invoke",
      "serviceusage.services.get|use",
      "storage.buckets.create|get|update",
      "storage.folders|managedFolders.get|list",
      "storage.objects.create|delete|get|list|update",
      "vpcaccess.connectors.get",
    ],
  },
  "run.servicesInvoker": { title: "Cloud Run Service Invoker", holds: ["run.routes.invoke"] },
  "run.viewer": { title: "Cloud Run Viewer", holds: runRead },
  "secretmanager.admin": { title: "Secret Manager Admin", holds: [project, ...autokeyUse, "secretmanager.*"] },
  "secretmanager.secretAccessor": {
    title: "Secret Manager Secret Accessor",
    holds: [project, "secretmanager.versions.access"],
  },
  "secretmanager.secretVersionAdder": {
    title: "Secret Manager Secret Version Adder",
    holds: [project, "secretmanager.versions.add", "secretmanager.secrets.rotate"],
  },
  "secretmanager.secretVersionManager": {
    title: "Secret Manager Secret Version Manager",
    holds: [project, "secretmanager.secrets.rotate", "secretmanager.versions.add|destroy|disable|enable|get|list"],
  },
  "secretmanager.viewer": { title: "Secret Manager Viewer", holds: secretMetadata },
  "serviceusage.serviceUsageAdmin": {
    title: "Service Usage Admin",
    holds: ["serviceusage.*", "monitoring.timeSeries.list"],
  },
  "serviceusage.serviceUsageConsumer": {
    title: "Service Usage Consumer",
    holds: [...serviceReads, "serviceusage.services.use"],
  },
  "serviceusage.serviceUsageViewer": {
    title: "Service Usage Viewer",
    holds: serviceReads,
  },
  ...storageRoles,
  "storage.admin": {
    title: "Storage Admin",
    holds: [
      project,
      "resourcemanager.hierarchyNodes.listEffectiveTags",
      ...autokeyUse,
      "monitoring.metricDescriptors|monitoredResourceDescriptors.list",
      "monitoring.timeSeries.*",
      "storage.*",
      "-storage.hmacKeys.*",
    ],
  },
  "storage.objectAdmin": {
    title: "Storage Object Admin",
    holds: [...objectUse, "storage.objects.*"],
  },
  "storage.objectCreator": {
    title: "Storage Object Creator",
    holds: [
      project,
      "storage.folders|managedFolders.create",
      "storage.multipartUploads.abort|create|listParts",
      "storage.objects.create|createContext",
    ],
  },
  "storage.objectUser": { title: "Storage Object User", holds: objectUse },
  "storage.objectViewer": { title: "Storage Object Viewer", holds: objectRead },
};
