/**
 * The permissions that the local cloud knows, by service, resource and verbs: of the services that it has, and of those
 * whose roles an app's identities carry (Cloud SQL, Storage, Scheduler, Pub/Sub, Monitoring, Trace), as far as their
 * callers meet them. A role is built from these alone, and a permission that is not here is held by nobody.
 */
const tagVerbs = "createTagBinding deleteTagBinding listEffectiveTags listTagBindings";
const policyVerbs = "getIamPolicy setIamPolicy";
const crud = "create delete get list update";

const table: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  artifactregistry: {
    aptartifacts: "create",
    attachments: "create delete get list",
    dockerimages: "get list",
    files: "delete download get list update upload",
    kfpartifacts: "create",
    locations: "get list",
    mavenartifacts: "get list",
    npmpackages: "get list",
    packages: "delete get list update",
    projectconfigs: "get update",
    projectsettings: "get update",
    pythonpackages: "get list",
    repositories: `${crud} ${policyVerbs} ${tagVerbs} createOnPush deleteArtifacts downloadArtifacts exportArtifacts readViaVirtualRepository uploadArtifacts`,
    rules: crud,
    tags: crud,
    versions: "delete get list update",
    yumartifacts: "create",
  },
  cloudkms: {
    autokeyConfigs: "get update",
    cryptoKeyVersions:
      "create delete destroy get list managePqcSign manageRawAesCbcKeys manageRawAesCtrKeys manageRawPKCS1Keys restore trustedImportExport update useToDecapsulate useToDecrypt useToDecryptViaDelegation useToEncrypt useToEncryptViaDelegation useToSign useToVerify viewPublicKey",
    cryptoKeys: `${crud} ${policyVerbs}`,
    ekmConfigs: `get update ${policyVerbs}`,
    ekmConnections: `create get list update ${policyVerbs} use verifyConnectivity`,
    folders: "showEffectiveAutokeyConfig",
    importJobs: `create delete get list ${policyVerbs} useToImport`,
    kajPolicyConfigs: "get update",
    keyHandles: "create get list",
    keyRings: `create delete get list ${policyVerbs} ${tagVerbs}`,
    locations: "generateRandomBytes get list optOutKeyDeletionMsa",
    operations: "get",
    projects: "showEffectiveAutokeyConfig showEffectiveKajEnrollmentConfig showEffectiveKajPolicyConfig",
    protectableResources: "list",
    protectedResources: "search",
    retiredResources: "get list",
    singleTenantHsmInstanceProposals: "approve create delete execute get list",
    singleTenantHsmInstances: "create get list use",
  },
  cloudscheduler: { jobs: `${crud} enable fullView pause run`, locations: "get list" },
  cloudsql: {
    backupRuns: `${crud} export`,
    databases: crud,
    instances: `${crud} ${tagVerbs} clone connect executeSql export failover import login migrate restart restoreBackup`,
    sslCerts: "create delete get list",
    users: crud,
  },
  cloudtrace: { traces: "get list patch" },
  iam: {
    denypolicies: crud,
    roles: `${crud} ${tagVerbs} undelete`,
    serviceAccountApiKeyBindings: "create delete undelete",
    serviceAccountKeys: "create delete disable enable get list",
    serviceAccounts: `${crud} ${policyVerbs} ${tagVerbs} actAs disable enable getAccessToken getOpenIdToken implicitDelegation signBlob signJwt undelete`,
    workloadIdentityPoolProviders: `${crud} undelete`,
    workloadIdentityPools: `${crud} undelete`,
  },
  logging: {
    buckets: `${crud} ${tagVerbs} copyLogEntries undelete write`,
    exclusions: crud,
    fields: "access",
    links: "create delete get list",
    locations: "get list",
    logEntries: "create download list route",
    logMetrics: crud,
    logScopes: crud,
    logServiceIndexes: "list",
    logServices: "list",
    logs: "delete list",
    notificationRules: crud,
    operations: "cancel get list",
    privateLogEntries: "list",
    queries: "deleteShared getShared listShared share updateShared usePrivate",
    settings: "get update",
    sinks: crud,
    sqlAlerts: "create update",
    usage: "get",
    views: `${crud} ${policyVerbs} access listLogs listResourceKeys listResourceValues`,
  },
  monitoring: {
    alertPolicies: `${crud} ${tagVerbs}`,
    alerts: "get list",
    dashboards: `${crud} ${tagVerbs}`,
    groups: crud,
    metricDescriptors: "create delete get list",
    metricsScopes: "link",
    monitoredResourceDescriptors: "get list",
    notificationChannelDescriptors: "get list",
    notificationChannels: `${crud} getVerificationCode sendVerificationCode verify`,
    services: crud,
    slos: crud,
    snoozes: "create get list update",
    timeSeries: "create list",
    uptimeCheckConfigs: crud,
  },
  pubsub: {
    subscriptions: `${crud} ${policyVerbs} consume`,
    topics: `${crud} ${policyVerbs} attachSubscription detachSubscription publish`,
  },
  redis: {
    aclPolicies: crud,
    backupCollections: "create delete get list",
    backups: "create delete export get list",
    clusters: `${crud} backup connect rescheduleMaintenance`,
    instances: `${crud} ${tagVerbs} export failover getAuthString import rescheduleMaintenance updateAuth upgrade`,
    locations: "get list",
    operations: "cancel delete get list",
  },
  resourcemanager: {
    folders: `${crud} ${policyVerbs} move undelete`,
    hierarchyNodes: tagVerbs,
    organizations: `get ${policyVerbs}`,
    projects: `${crud} ${policyVerbs} createBillingAssignment deleteBillingAssignment move undelete updateLiens`,
    tagHolds: "create delete list",
    tagKeys: `${crud} ${policyVerbs}`,
    tagValueBindings: "create delete",
    tagValues: `${crud} ${policyVerbs}`,
  },
  run: {
    configurations: "get list",
    executions: "cancel delete get list",
    instances: `${crud} ${policyVerbs} invoke sshRead sshRoot start stop`,
    jobs: `${crud} ${policyVerbs} ${tagVerbs} run runWithOverrides sshRead sshRoot`,
    locations: "list uploadSource",
    operations: "delete get list",
    prompts: "get",
    revisions: "delete get list",
    routes: "get invoke list",
    services: `${crud} ${policyVerbs} ${tagVerbs} sshRead sshRoot`,
    tasks: "get list",
    workerpools: `${crud} ${policyVerbs} sshRead sshRoot`,
  },
  secretmanager: {
    locations: "get list",
    secrets: `${crud} ${policyVerbs} ${tagVerbs} enableManagedRotation rotate`,
    versions: "access add destroy disable enable get list",
  },
  serviceusage: {
    operations: "get",
    quotas: "get update",
    services: "disable enable get list use",
  },
  storage: {
    buckets: `${crud} ${policyVerbs} ${tagVerbs} enableObjectRetention getIpFilter getObjectInsights relocate restore setIpFilter viewIntelligenceDetails`,
    folders: "create delete get list rename",
    hmacKeys: crud,
    managedFolders: `create delete get list ${policyVerbs}`,
    multipartUploads: "abort create list listParts",
    objects: `${crud} ${policyVerbs} createContext deleteContext move overrideUnlockedRetention restore setRetention updateContext`,
  },
  vpcaccess: { connectors: "create delete get list update", locations: "list", operations: "get list" },
};

/** All known permissions, `service.resource.verb`, sorted. */
export const permissions: readonly string[] = Object.entries(table)
  .flatMap(([service, resources]) =>
    Object.entries(resources).flatMap(([resource, verbs]) =>
      verbs.split(" ").map((verb) => `${service}.${resource}.${verb}`),
    ),
  )
  .sort();

/** Services whose permissions are all in the table: another of theirs is a slip. */
const complete: ReadonlySet<string> = new Set(["artifactregistry", "cloudkms", "redis", "run", "secretmanager"]);
const known: ReadonlySet<string> = new Set(permissions);

/** What a custom role of a project may not hold: it is of what stands above projects. */
const abovePermission = /^resourcemanager\.(folders|organizations)\.|^resourcemanager\.projects\.(create|list|move)$/;

/**
 * What a permission's name is to us, in a custom role of a project: `known`; `foreign`, one that may well be Google's
 * and is not in the table; `none`, a name that no permission has, or one that Google allows in no such role.
 */
export function permissionKind(name: string): "known" | "foreign" | "none" {
  if (abovePermission.test(name)) return "none";
  if (known.has(name)) return "known";
  const [, service = ""] = /^([a-z0-9-]+)\.[a-zA-Z0-9-]+\.[a-zA-Z0-9]+$/.exec(name) ?? [];
  return service === "" || complete.has(service) ? "none" : "foreign";
}

/**
 * The permissions that a list of patterns selects. A pattern is `service.resource.verb`; each part is `*` or names
 * joined by `|`; `service.*` is all of a service; a leading `-` takes away from what stands before it.
 */
export function select(patterns: readonly string[]): ReadonlySet<string> {
  const selected = new Set<string>();
  for (const pattern of patterns) {
    const remove = pattern.startsWith("-");
    const matches = matcher(remove ? pattern.slice(1) : pattern);
    let found = 0;
    for (const permission of permissions) {
      if (!matches(permission)) continue;
      found++;
      if (remove) selected.delete(permission);
      else selected.add(permission);
    }
    if (found === 0) throw new Error(`no permission matches ${pattern}`);
  }
  return selected;
}

function matcher(pattern: string): (permission: string) => boolean {
  const parts = pattern.split(".").map((part) => (part === "*" ? undefined : new Set(part.split("|"))));
  return (permission) => permission.split(".").every((part, i) => parts[i]?.has(part) ?? true);
}
