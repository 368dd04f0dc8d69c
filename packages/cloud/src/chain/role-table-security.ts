import type { RoleRow } from "./basic-roles.ts";

const project = "resourcemanager.projects.get|list";
const tagReads = "listEffectiveTags|listTagBindings";
const roleReads = "iam.roles.get|list|listEffectiveTags|listTagBindings";
const organisation = [
  "resourcemanager.organizations.get|getIamPolicy",
  "resourcemanager.projects.get|getIamPolicy|list",
];
const accountWrites = "iam.serviceAccounts.actAs|create|delete|disable|enable|update";
const accountReads = `iam.serviceAccounts.get|getIamPolicy|list|${tagReads}`;
/** What tells who may do what, in all services. */
const review = [
  "*.*.getIamPolicy|list",
  "iam.roles|serviceAccounts.get",
  "logging.queries.usePrivate",
  "resourcemanager.hierarchyNodes.listTagBindings",
];
const artifactReads = [
  project,
  "artifactregistry.*.get|list",
  "artifactregistry.files.download",
  `artifactregistry.repositories.downloadArtifacts|exportArtifacts|getIamPolicy|readViaVirtualRepository|${tagReads}`,
];

/** Of those who look after permissions, and roles of services as whole: `service.role`. */
export const securityRoles: Readonly<Record<string, RoleRow>> = {
  "artifactregistry.attachmentReader": {
    title: "Artifact Registry Attachment Reader",
    holds: ["artifactregistry.attachments.get|list", "artifactregistry.files.download"],
  },
  "artifactregistry.attachmentWriter": {
    title: "Artifact Registry Attachment Writer",
    holds: ["artifactregistry.attachments.*", "artifactregistry.files.download|upload"],
  },
  "artifactregistry.containerRegistryMigrationAdmin": {
    title: "Container Registry -> Artifact Registry Migration Admin",
    holds: [
      "artifactregistry.projectsettings.*",
      "artifactregistry.repositories.create|downloadArtifacts|get|getIamPolicy|list|setIamPolicy|uploadArtifacts",
      "iam.roles.get",
      "resourcemanager.projects.get|getIamPolicy",
      "serviceusage.services.use",
      "storage.objects.get|list",
    ],
  },
  "artifactregistry.createOnPushRepoAdmin": {
    title: "Artifact Registry Create-on-Push Repository Administrator",
    holds: [
      "resourcemanager.projects.get",
      "artifactregistry.*",
      "-artifactregistry.projectconfigs|projectsettings.update",
      "-artifactregistry.repositories.create|createTagBinding|delete|deleteTagBinding|getIamPolicy|setIamPolicy|update",
    ],
  },
  "artifactregistry.editor": {
    title: "Artifactregistry Editor",
    holds: [
      project,
      "artifactregistry.*",
      "-artifactregistry.repositories.createTagBinding|deleteTagBinding|setIamPolicy",
    ],
  },
  "artifactregistry.viewer": { title: "Artifactregistry Viewer", holds: artifactReads },
  "iam.admin": {
    title: "Iam Admin",
    holds: [
      project,
      "iam.denypolicies.get|list",
      "iam.roles|serviceAccountApiKeyBindings|serviceAccountKeys.*",
      accountWrites,
      accountReads,
      "iam.serviceAccounts.createTagBinding|deleteTagBinding|setIamPolicy|undelete",
    ],
  },
  "iam.editor": {
    title: "Iam Editor",
    holds: [
      project,
      "iam.denypolicies.get|list",
      roleReads,
      "iam.serviceAccountApiKeyBindings|serviceAccountKeys.*",
      accountWrites,
      accountReads,
    ],
  },
  "iam.organizationRoleAdmin": { title: "Organization Role Administrator", holds: [...organisation, "iam.roles.*"] },
  "iam.organizationRoleViewer": { title: "Organization Role Viewer", holds: [...organisation, roleReads] },
  "iam.securityAdmin": { title: "Security Admin", holds: [...review, "*.*.setIamPolicy"] },
  "iam.securityReviewer": { title: "Security Reviewer", holds: review },
  "iam.serviceAccountApiKeyBindingAdmin": {
    title: "Service Account API Key Binding Admin",
    holds: ["iam.serviceAccountApiKeyBindings.*"],
  },
  "iam.viewer": {
    title: "Iam Viewer",
    holds: [project, "iam.denypolicies|serviceAccountKeys.get|list", roleReads, accountReads],
  },
  "logging.fieldAccessor": { title: "Log Field Accessor", holds: ["logging.fields.*"] },
  "logging.linkViewer": { title: "Log Link Accessor", holds: ["logging.links.get|list"] },
  "logging.sqlAlertWriter": { title: "SQL Alert Writer", holds: ["logging.sqlAlerts.*"] },
  "run.editor": {
    title: "Cloud Run Editor",
    holds: [project, "run.*", "-run.*.createTagBinding|deleteTagBinding|setIamPolicy"],
  },
  "run.sourceViewer": {
    title: "Cloud Run Source Viewer",
    holds: [
      project,
      "run.*.get|list|getIamPolicy",
      `run.jobs|services.${tagReads}`,
      "artifactregistry.repositories.get|list",
      "pubsub.subscriptions|topics.get|list",
      "serviceusage.quotas.get",
      "serviceusage.services.get|list",
      "storage.folders|managedFolders|objects.get|list",
    ],
  },
  "run.sshReader": { title: "Cloud Run SSH Read Only", holds: ["run.*.sshRead"] },
  "run.sshRoot": { title: "Cloud Run SSH Root Access", holds: ["run.*.sshRoot"] },
  "secretmanager.editor": {
    title: "Secretmanager Editor",
    holds: [
      project,
      "secretmanager.*",
      "-secretmanager.secrets.createTagBinding|deleteTagBinding|setIamPolicy",
      "-secretmanager.versions.access",
    ],
  },
  "storage.folderAdmin": {
    title: "Storage Folder Admin",
    holds: [project, "storage.folders|managedFolders|multipartUploads|objects.*"],
  },
};
