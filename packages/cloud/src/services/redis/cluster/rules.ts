import {
  AuthorizationMode as Auth,
  AutomatedBackupConfig_AutomatedBackupMode as Backups,
  TransitEncryptionMode as Encryption,
  NodeType,
  ClusterPersistenceConfig_PersistenceMode as Persistence,
  ZoneDistributionConfig_ZoneDistributionMode as Zones,
} from "../../../../gen/redis-v1.enums.ts";
import type { Cluster } from "../../../../gen/types/google/cloud/redis/cluster/v1/cloud_redis_cluster_pb.js";
import { invalid, unimplemented } from "../rules.ts";

/** How many GiB of keys a node holds; docs.cloud.google.com/memorystore/docs/cluster/cluster-node-specification. */
const capacities: Readonly<Record<number, number>> = {
  [NodeType.REDIS_SHARED_CORE_NANO]: 1.4,
  [NodeType.REDIS_STANDARD_SMALL]: 6.5,
  [NodeType.REDIS_HIGHMEM_MEDIUM]: 13,
  [NodeType.REDIS_HIGHMEM_XLARGE]: 58,
};
const nodeTypes = new Map<number, string>(Object.entries(NodeType).map(([name, number]) => [number, name]));

/** Every node is a process of this machine: so many are enough to try things out. */
const mostNodes = 64;
const idPattern = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Parameters of Redis that a cluster's user may set; docs.cloud.google.com/memorystore/docs/cluster. */
const parameters: Readonly<Record<string, RegExp>> = {
  "maxmemory-policy": /^(noeviction|(allkeys|volatile)-(lru|lfu|random)|volatile-ttl)$/,
  "maxmemory-clients": /^\d+%?$/,
  maxmemory: /^\d+$/,
  maxclients: /^\d+$/,
  "notify-keyspace-events": /^[KEg$lshzxetdmnA]*$/,
  "slowlog-log-slower-than": /^-?\d+$/,
  "slowlog-max-len": /^\d+$/,
};

/** What a new cluster leaves out, as recorded answers fill it in. Throws for what Google refuses, or is not here. */
export function settleCluster(id: string, given: Cluster): Partial<Cluster> {
  if (!idPattern.test(id)) throw invalid(`Invalid cluster ID '${id}'.`);
  if (given.pscConfigs.length !== 1) throw unimplemented("Redis clusters without exactly one psc_config");
  if (given.importSources.case !== undefined) throw unimplemented("Redis clusters made from a backup");
  if (given.crossClusterReplicationConfig !== undefined) throw unimplemented("replication between Redis clusters");
  const settled = {
    replicaCount: given.replicaCount ?? 0,
    shardCount: given.shardCount ?? 3,
    nodeType: given.nodeType || NodeType.REDIS_HIGHMEM_MEDIUM,
    authorizationMode: given.authorizationMode || Auth.AUTH_MODE_DISABLED,
    transitEncryptionMode: given.transitEncryptionMode || Encryption.DISABLED,
    deletionProtectionEnabled: given.deletionProtectionEnabled ?? false,
    persistenceConfig: given.persistenceConfig ?? {
      $typeName: "google.cloud.redis.cluster.v1.ClusterPersistenceConfig" as const,
      mode: Persistence.DISABLED,
    },
    zoneDistributionConfig: given.zoneDistributionConfig ?? {
      $typeName: "google.cloud.redis.cluster.v1.ZoneDistributionConfig" as const,
      mode: Zones.MULTI_ZONE,
      zone: "",
    },
    automatedBackupConfig: given.automatedBackupConfig ?? {
      $typeName: "google.cloud.redis.cluster.v1.AutomatedBackupConfig" as const,
      automatedBackupMode: Backups.DISABLED,
      schedule: { case: undefined },
    },
  };
  checkCluster({ ...given, ...settled });
  return { ...settled, ...sizeOf({ ...given, ...settled }) };
}

export function sizeOf({ nodeType, shardCount = 0 }: Cluster): { preciseSizeGb: number; sizeGb: number } {
  const capacity = capacities[nodeType];
  if (capacity === undefined) throw unimplemented(`nodes of type ${nodeTypes.get(nodeType)} in Redis clusters`);
  const preciseSizeGb = Math.round(capacity * shardCount * 10) / 10;
  return { preciseSizeGb, sizeGb: Math.ceil(preciseSizeGb) };
}

function checkCluster({ shardCount = 0, replicaCount = 0, redisConfigs }: Cluster): void {
  if (shardCount < 1 || shardCount > 250) throw invalid("Field 'cluster.shard_count' must be between 1 and 250.");
  if (replicaCount < 0 || replicaCount > 5) throw invalid("Field 'cluster.replica_count' must be between 0 and 5.");
  const nodes = shardCount * (replicaCount + 1);
  if (nodes > mostNodes) throw unimplemented(`Redis clusters of more than ${mostNodes} nodes (this one has ${nodes})`);
  for (const [key, value] of Object.entries(redisConfigs)) {
    const allowed = parameters[key];
    if (allowed === undefined) throw invalid(`Redis config '${key}' is not supported.`);
    if (!allowed.test(value)) throw invalid(`Invalid value '${value}' of Redis config '${key}'.`);
  }
}

const setters: Readonly<Record<string, (to: Cluster, from: Cluster) => void>> = {
  automated_backup_config: (to, from) => set(to, from, "automatedBackupConfig"),
  deletion_protection_enabled: (to, from) => {
    to.deletionProtectionEnabled = from.deletionProtectionEnabled ?? false;
  },
  maintenance_policy: (to, from) => set(to, from, "maintenancePolicy"),
  node_type: (to, from) => {
    to.nodeType = from.nodeType;
  },
  persistence_config: (to, from) => set(to, from, "persistenceConfig"),
  redis_configs: (to, from) => {
    to.redisConfigs = from.redisConfigs;
  },
  replica_count: (to, from) => {
    to.replicaCount = from.replicaCount ?? 0;
  },
  shard_count: (to, from) => {
    to.shardCount = from.shardCount ?? 0;
  },
};

function set<K extends "automatedBackupConfig" | "maintenancePolicy" | "persistenceConfig">(
  to: Cluster,
  from: Cluster,
  field: K,
): void {
  if (from[field] === undefined) delete to[field];
  else to[field] = from[field];
}

/** Sets in `to` (the caller's own copy) what the mask names. */
export function applyMask(to: Cluster, from: Cluster, paths: readonly string[]): void {
  for (const path of paths) {
    const setter = setters[path.split(".")[0] as string];
    if (setter === undefined) throw invalid(`Field '${path}' of a cluster cannot be updated.`);
    setter(to, from);
  }
  checkCluster(to);
  Object.assign(to, sizeOf(to));
}

/** How many clients a node takes at once, with its replicas among them. */
export function mostClients(cluster: Cluster | undefined): number {
  const given = cluster?.redisConfigs.maxclients;
  return given === undefined ? 10_000 : Number(given) + (cluster?.replicaCount ?? 0);
}

/**
 * What each node's `redis-server` is told, by its own parameters' names; all can be changed while it runs. How many
 * clients it takes is not among it: it would count the nodes' own connections too.
 */
export function parametersOf(cluster: Cluster): Readonly<Record<string, string>> {
  const bytes = Math.round((capacities[cluster.nodeType] ?? 1) * 1024 ** 3);
  const { maxclients: _, ...given } = cluster.redisConfigs;
  return { "maxmemory-policy": "volatile-lru", maxmemory: String(bytes), ...given };
}
