import type { Timestamp } from "@bufbuild/protobuf/wkt";
import {
  Instance_ConnectMode as ConnectMode,
  Instance_TransitEncryptionMode as Encryption,
  PersistenceConfig_PersistenceMode as Persistence,
  Instance_ReadReplicasMode as ReadReplicas,
  Instance_Tier as Tier,
} from "../../../gen/redis-v1.enums.ts";
import type { Instance } from "../../../gen/types/google/cloud/redis/v1/cloud_redis_pb.js";
import { RpcError } from "../../wire/rpc-error.ts";

export const api = "redis.googleapis.com";
export const port = 6379;

/** Where instances with in-transit encryption are, as Memorystore's. */
const encryptedPort = 6378;

export const isEncrypted = ({ transitEncryptionMode }: Instance): boolean =>
  transitEncryptionMode === Encryption.SERVER_AUTHENTICATION;

export const portOf = (instance: Instance): number => (isEncrypted(instance) ? encryptedPort : port);

export const invalid = (message: string): RpcError => new RpcError("INVALID_ARGUMENT", message);
export const notFound = (name: string): RpcError => new RpcError("NOT_FOUND", `Resource '${name}' was not found`);
export const exists = (name: string): RpcError => new RpcError("ALREADY_EXISTS", `Resource '${name}' already exists`);
export const unimplemented = (what: string): RpcError =>
  new RpcError("UNIMPLEMENTED", `The local cloud does not have ${what}.`);

/** From the comment of `CreateInstanceRequest.instance_id`. */
const idPattern = /^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/;
const versions = ["REDIS_3_2", "REDIS_4_0", "REDIS_5_0", "REDIS_6_X", "REDIS_7_0", "REDIS_7_2"];

/** The parameters that Memorystore lets one set, and what Redis calls them; docs.cloud.google.com/memorystore. */
const parameters: Readonly<Record<string, RegExp>> = {
  activedefrag: /^(yes|no)$/,
  "lazyfree-lazy-eviction": /^(yes|no)$/,
  "lazyfree-lazy-expire": /^(yes|no)$/,
  "lazyfree-lazy-user-del": /^(yes|no)$/,
  "lazyfree-lazy-user-flush": /^(yes|no)$/,
  "lfu-decay-time": /^\d+$/,
  "lfu-log-factor": /^\d+$/,
  "maxmemory-clients": /^\d+%?$/,
  "maxmemory-gb": /^\d+(\.\d)?$/,
  "maxmemory-policy": /^(noeviction|(allkeys|volatile)-(lru|lfu|random)|volatile-ttl)$/,
  "notify-keyspace-events": /^[KEg$lshzxetdmnA]*$/,
  "stream-node-max-bytes": /^\d+$/,
  "stream-node-max-entries": /^\d+$/,
  timeout: /^\d+$/,
};

/** Memorystore's own defaults where they differ from Redis's. */
const defaults: Readonly<Record<string, string>> = { "maxmemory-policy": "volatile-lru", activedefrag: "no" };

export function parseParent(parent: string): { readonly project: string; readonly location: string } {
  const match = /^projects\/([^/]+)\/locations\/([^/]+)$/.exec(parent);
  if (match === null) throw invalid(`Invalid parent '${parent}': it must be projects/PROJECT/locations/LOCATION.`);
  return { project: match[1] as string, location: match[2] as string };
}

/** What a new instance is asked to be, checked; throws for what Google refuses, and UNIMPLEMENTED for what is not here. */
export function checkNew(id: string, instance: Instance | undefined): Instance {
  if (instance === undefined) throw invalid("Field 'instance' is required.");
  if (!idPattern.test(id)) {
    throw invalid(
      `Invalid instance ID '${id}': it may have lowercase letters, digits and hyphens, begins with a letter, ends with a letter or digit and has at most 40 characters.`,
    );
  }
  if (instance.tier === Tier.TIER_UNSPECIFIED) throw invalid("Field 'instance.tier' is required.");
  if (instance.redisVersion !== "" && !versions.includes(instance.redisVersion)) {
    throw invalid(`Invalid redis_version '${instance.redisVersion}'.`);
  }
  checkReplicas(instance);
  checkChangeable(instance);
  return instance;
}

function checkReplicas({ readReplicasMode, replicaCount, tier }: Instance): void {
  if (readReplicasMode === ReadReplicas.READ_REPLICAS_ENABLED || replicaCount > 1) {
    throw unimplemented("Redis with read replicas (read_replicas_mode READ_REPLICAS_ENABLED)");
  }
  if (tier === Tier.BASIC && replicaCount > 0) throw invalid("An instance of tier BASIC has no replicas.");
}

function checkChangeable(instance: Instance): void {
  if (instance.memorySizeGb < 1 || instance.memorySizeGb > 300) {
    throw invalid("Field 'instance.memory_size_gb' must be between 1 and 300.");
  }
  if (instance.displayName.length > 80) throw invalid("Field 'instance.display_name' has more than 80 characters.");
  for (const [key, value] of Object.entries(instance.redisConfigs)) {
    const allowed = parameters[key];
    if (allowed === undefined) throw invalid(`Redis config '${key}' is not supported.`);
    if (!allowed.test(value)) throw invalid(`Invalid value '${value}' of Redis config '${key}'.`);
  }
  for (const [key, value] of Object.entries(instance.labels)) {
    if (!/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key) || !/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value)) {
      throw invalid(`Invalid label '${key}': '${value}'.`);
    }
  }
}

/** The fields that a client may leave out, as Google fills them in (recorded answers). */
export function withDefaults(
  instance: Instance,
  at: { readonly project: string; readonly projectNumber: string; readonly location: string },
): Partial<Instance> {
  const zone = instance.locationId || `${at.location}-a`;
  const highlyAvailable = instance.tier === Tier.STANDARD_HA;
  const other = zone.endsWith("-b") ? `${at.location}-c` : `${at.location}-b`;
  const alternative = instance.alternativeLocationId || (highlyAvailable ? other : "");
  const nodes = highlyAvailable ? [zone, alternative] : [zone];
  return {
    locationId: zone,
    alternativeLocationId: alternative,
    currentLocationId: zone,
    redisVersion: instance.redisVersion || "REDIS_7_0",
    authorizedNetwork: instance.authorizedNetwork || `projects/${at.project}/global/networks/default`,
    persistenceIamIdentity: `serviceAccount:service-${at.projectNumber}@cloud-redis.iam.gserviceaccount.com`,
    connectMode: instance.connectMode || ConnectMode.DIRECT_PEERING,
    transitEncryptionMode: instance.transitEncryptionMode || Encryption.DISABLED,
    readReplicasMode: ReadReplicas.READ_REPLICAS_DISABLED,
    replicaCount: 0,
    nodes: nodes.map((zone, i) => ({ $typeName: "google.cloud.redis.v1.NodeInfo", id: `node-${i}`, zone })),
    persistenceConfig: instance.persistenceConfig ?? {
      $typeName: "google.cloud.redis.v1.PersistenceConfig",
      persistenceMode: Persistence.DISABLED,
      rdbSnapshotPeriod: 0,
    },
  };
}

/** Maintenance versions as a live instance showed them. Nothing is maintained here: one may be chosen, to no effect. */
const maintenanceVersions = ["20230821_00_00", "20231114_00_00", "20240220_00_00", "20240328_00_00"];

export const maintenanceOf = (
  current = maintenanceVersions[0] as string,
): Pick<Instance, "maintenanceVersion" | "availableMaintenanceVersions"> => ({
  maintenanceVersion: current,
  availableMaintenanceVersions: maintenanceVersions.slice(maintenanceVersions.indexOf(current) + 1),
});

/** A maintenance policy with what the server says of it: when it was made and changed, how long a window is. */
export function stampPolicy(instance: Instance, before: Instance | undefined, now: Timestamp): void {
  const policy = instance.maintenancePolicy;
  if (policy === undefined) return;
  const createTime = before?.maintenancePolicy?.createTime ?? now;
  const duration = { $typeName: "google.protobuf.Duration" as const, seconds: 3600n, nanos: 0 };
  instance.maintenancePolicy = {
    ...policy,
    createTime,
    updateTime: now,
    weeklyMaintenanceWindow: policy.weeklyMaintenanceWindow.map((window) => ({ ...window, duration })),
  };
}

/** Throws when the version is none, or not newer than the instance's. */
export function checkUpgrade(instance: Instance, version: string): void {
  const to = versions.indexOf(version);
  if (to < 0) throw invalid(`Invalid redis_version '${version}'.`);
  if (to <= versions.indexOf(instance.redisVersion)) {
    throw invalid(`An instance of ${instance.redisVersion} cannot be upgraded to ${version}: it is no newer version.`);
  }
}

/** The zone where an instance is served after a failover: the other of its two. Throws where it has only one. */
export function otherZone({ name, tier, locationId, alternativeLocationId, currentLocationId }: Instance): string {
  if (tier !== Tier.STANDARD_HA) {
    throw new RpcError("FAILED_PRECONDITION", `Resource '${name}' is not of tier STANDARD_HA: it has no replica.`);
  }
  return currentLocationId === locationId ? alternativeLocationId : locationId;
}

const setters: Readonly<Record<string, (to: Instance, from: Instance) => void>> = {
  display_name: (to, from) => {
    to.displayName = from.displayName;
  },
  labels: (to, from) => {
    to.labels = from.labels;
  },
  memory_size_gb: (to, from) => {
    to.memorySizeGb = from.memorySizeGb;
  },
  redis_configs: (to, from) => {
    to.redisConfigs = from.redisConfigs;
  },
  auth_enabled: (to, from) => {
    to.authEnabled = from.authEnabled;
  },
  persistence_config: (to, from) => {
    if (from.persistenceConfig !== undefined) to.persistenceConfig = from.persistenceConfig;
  },
  maintenance_version: (to, from) => {
    if (!maintenanceVersions.includes(from.maintenanceVersion)) {
      throw invalid(`Invalid maintenance_version '${from.maintenanceVersion}'.`);
    }
    Object.assign(to, maintenanceOf(from.maintenanceVersion));
  },
  read_replicas_mode: (_to, from) => checkReplicas(from),
  replica_count: (_to, from) => checkReplicas(from),
  secondary_ip_range: (to, from) => {
    to.secondaryIpRange = from.secondaryIpRange === "auto" ? secondRangeOf(to.host) : from.secondaryIpRange;
  },
  maintenance_policy: (to, from) => {
    if (from.maintenancePolicy === undefined) delete to.maintenancePolicy;
    else to.maintenancePolicy = from.maintenancePolicy;
  },
};

/** Sets in `to` (the caller's own copy) what the mask names. */
export function applyMask(to: Instance, from: Instance, paths: readonly string[]): void {
  for (const path of paths) {
    const set = setters[path] ?? setters[path.split(".")[0] as string];
    if (set === undefined) throw invalid(`Field '${path}' of an instance cannot be updated.`);
    set(to, from);
  }
  checkChangeable(to);
}

/** What `redis-server` is told about an instance, by its own parameters' names; all can be changed while it runs. */
export function parametersOf(instance: Instance): Readonly<Record<string, string>> {
  const { "maxmemory-gb": limit, ...given } = instance.redisConfigs;
  const gib = limit === undefined ? instance.memorySizeGb : Number(limit);
  return { ...defaults, ...given, maxmemory: String(Math.round(gib * 1024 ** 3)) };
}

/** The `/29` that the instance's address is in: as at Google, the fourth address of the range is the host's. */
export function rangeOf(host: string): string {
  const [a, b, c, d] = host.split(".");
  return `${a}.${b}.${c}.${Number(d) - 3}/29`;
}

/** Where read replicas would be, next to it: what `auto` stands for. */
export function secondRangeOf(host: string): string {
  const [a, b, c, d] = host.split(".");
  return `${a}.${b}.${c}.${(Number(d) & 0xf0) ^ 0x10}/28`;
}
