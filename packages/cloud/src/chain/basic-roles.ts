/** A predefined role: its title as Google shows it, and the permissions it holds (see `select`). */
export interface RoleRow {
  readonly title: string;
  readonly holds: readonly string[];
}

/** What nobody holds by a basic role: minting another's tokens, and the data in buckets (that comes by bucket policies). */
const basicOwner = [
  "*",
  "-iam.denypolicies.create|delete|update",
  "-iam.serviceAccounts.getAccessToken|getOpenIdToken|implicitDelegation|signBlob|signJwt",
  "-logging.buckets.write",
  "-resourcemanager.folders|organizations.*",
  "-resourcemanager.projects.create",
  "-storage.buckets.get|getIamPolicy|getIpFilter|relocate|setIamPolicy|setIpFilter|update",
  "-storage.managedFolders|multipartUploads|objects.*",
];

/** `roles/owner`, `roles/editor`, `roles/viewer`. */
export const basicRoles: Readonly<Record<string, RoleRow>> = {
  editor: {
    title: "Editor",
    holds: [
      ...basicOwner,
      "-*.*.setIamPolicy|createTagBinding|deleteTagBinding",
      "resourcemanager.hierarchyNodes.createTagBinding|deleteTagBinding",
      "-cloudkms.cryptoKeyVersions.destroy|managePqcSign|manageRawAesCbcKeys|manageRawAesCtrKeys|manageRawPKCS1Keys",
      "-cloudkms.cryptoKeyVersions.restore|useToDecapsulate|useToDecrypt|useToDecryptViaDelegation|useToEncrypt",
      "-cloudkms.cryptoKeyVersions.useToEncryptViaDelegation|useToSign|useToVerify|viewPublicKey",
      "-cloudkms.locations.optOutKeyDeletionMsa",
      "-iam.roles.create|delete|undelete|update",
      "-iam.serviceAccounts.undelete",
      "-iam.workloadIdentityPools|workloadIdentityPoolProviders.create|delete|undelete|update",
      "-logging.buckets.create|delete|undelete|update",
      "-logging.exclusions|sinks.create|delete|update",
      "-logging.fields|views.access",
      "-logging.privateLogEntries.list",
      "-logging.queries.deleteShared|share|updateShared",
      "-resourcemanager.projects.createBillingAssignment|delete|deleteBillingAssignment|undelete|updateLiens",
      "-secretmanager.versions.access",
      "-storage.buckets.enableObjectRetention|getObjectInsights|restore",
      "-monitoring.metricsScopes.link",
      "-monitoring.notificationChannels.getVerificationCode",
      "-pubsub.*.getIamPolicy",
    ],
  },
  owner: { title: "Owner", holds: basicOwner },
  viewer: {
    title: "Viewer",
    holds: [
      ...basicOwner.map((pattern) =>
        pattern === "*" ? "*.*.get|list|getIamPolicy|listEffectiveTags|listTagBindings" : pattern,
      ),
      "-logging.privateLogEntries.list",
      "-pubsub.*.getIamPolicy",
      "artifactregistry.files.download",
      "artifactregistry.repositories.downloadArtifacts|exportArtifacts|readViaVirtualRepository",
      "cloudkms.ekmConnections.verifyConnectivity",
      "cloudkms.folders|projects.showEffectiveAutokeyConfig",
      "cloudkms.locations.generateRandomBytes",
      "cloudkms.projects.showEffectiveKajEnrollmentConfig|showEffectiveKajPolicyConfig",
      "cloudkms.protectedResources.search",
      "cloudscheduler.jobs.fullView",
      "cloudsql.backupRuns|instances.export",
      "logging.buckets.copyLogEntries",
      "logging.logEntries.download",
      "logging.queries.getShared|listShared|usePrivate",
      "logging.views.listLogs|listResourceKeys|listResourceValues",
      "redis.backups.export",
      "run.*.sshRead",
      "storage.buckets.viewIntelligenceDetails",
    ],
  },
};
