import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  EncryptionInfo_Type as EncryptionType,
  EncryptionInfo_KmsKeyState as KeyState,
  Cluster_State as State,
} from "../../../../gen/redis-v1.enums.ts";
import type { CryptoKey } from "../../../../gen/types/google/cloud/kms/v1/resources_pb.js";
import type {
  CloudRedisCluster,
  Cluster,
  EncryptionInfo,
} from "../../../../gen/types/google/cloud/redis/cluster/v1/cloud_redis_cluster_pb.js";
import type { Host } from "../../../host.ts";
import { type Call, type RpcService, rpc } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import { exists, invalid, notFound, parseParent } from "../rules.ts";
import { type Clusters, shownCluster } from "./clusters.ts";
import { applyMask, settleCluster } from "./rules.ts";

const typeName = "google.cloud.redis.cluster.v1.EncryptionInfo";

/** Memorystore for Redis Cluster. Backups and shared certificate authorities are not here. */
export function cloudRedisCluster(host: Host, clusters: Clusters): RpcService {
  const { store, begin } = clusters;
  const { schemas, projects, clock } = host;

  const find = (given: string): Cluster => {
    const found = store.clusters.get(projects.canonical(given));
    if (found === undefined) throw notFound(given);
    return found;
  };
  const idle = (given: string): Cluster => {
    const cluster = find(given);
    if (cluster.state !== State.ACTIVE) {
      throw new RpcError("ABORTED", `Resource '${given}' is busy: another operation on it is under way.`);
    }
    return cluster;
  };

  return rpc<typeof CloudRedisCluster>("google.cloud.redis.cluster.v1.CloudRedisCluster", {
    createCluster: {
      permission: "redis.clusters.create",
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: async (request, call) => {
        parseParent(request.parent);
        const given = request.cluster;
        if (given === undefined) throw invalid("Field 'cluster' is required.");
        const settled = settleCluster(request.clusterId, given);
        const name = projects.canonical(`${request.parent}/clusters/${request.clusterId}`);
        const encryptionInfo = await encryptionOf(host, given.kmsKey ?? "", call);
        const cluster = schemas.create(store.schema, {
          ...given,
          ...settled,
          name,
          uid: host.ids.uuid(),
          state: State.CREATING,
          createTime: timestampFromMs(clock.now()),
          encryptionInfo,
          discoveryEndpoints: [],
          pscConnections: [],
          pscServiceAttachments: [],
        });
        if (!store.clusters.insert(name, cluster)) throw exists(name);
        host.note(
          "redis.cluster",
          "Redis clusters: each node is a redis-server here. Backups are not made, and no KMS key encrypts the data.",
        );
        return begin("create", cluster);
      },
    },
    getCluster: {
      permission: "redis.clusters.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => shownCluster(find(request.name)),
    },
    listClusters: {
      permission: "redis.clusters.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        const { location } = parseParent(request.parent);
        const parent = projects.canonical(request.parent);
        const { items, nextPageToken } = store.clusters.list({
          ...(location === "-" ? { under: parent.slice(0, -1) } : { parent }),
          pageSize: Math.min(request.pageSize || 1000, 1000),
          pageToken: request.pageToken,
        });
        return { clusters: items.map(shownCluster), nextPageToken };
      },
    },
    updateCluster: {
      permission: "redis.clusters.update",
      resource: (request) => request.cluster?.name ?? "",
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { cluster: wanted, updateMask } = request;
        if (wanted === undefined) throw invalid("Field 'cluster' is required.");
        if (updateMask === undefined || updateMask.paths.length === 0) {
          throw invalid("Field 'update_mask' is required.");
        }
        const before = idle(wanted.name);
        const cluster = schemas.clone(store.schema, before);
        applyMask(cluster, wanted, updateMask.paths);
        cluster.state = State.UPDATING;
        store.clusters.put(cluster.name, cluster);
        return begin("update", cluster, before);
      },
    },
    deleteCluster: {
      permission: "redis.clusters.delete",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const cluster = idle(request.name);
        if (cluster.deletionProtectionEnabled) {
          throw new RpcError("FAILED_PRECONDITION", `Resource '${cluster.name}' is protected against deletion.`);
        }
        cluster.state = State.DELETING;
        store.clusters.put(cluster.name, cluster);
        return begin("delete", cluster);
      },
    },
    getClusterCertificateAuthority: {
      permission: "redis.clusters.get",
      resource: (request) => request.name.replace(/\/certificateAuthority$/, ""),
      audit: "ADMIN_READ",
      handle: async (request) => {
        const { name } = find(request.name.replace(/\/certificateAuthority$/, ""));
        const certificates = [await clusters.certificate(name)];
        return {
          name: `${name}/certificateAuthority`,
          serverCa: { case: "managedServerCa" as const, value: { caCerts: [{ certificates }] } },
        };
      },
    },
    rescheduleClusterMaintenance: {
      permission: "redis.clusters.rescheduleMaintenance",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { name } = find(request.name);
        throw new RpcError("FAILED_PRECONDITION", `No maintenance of '${name}' is scheduled.`);
      },
    },
  });
}

/** What is said of the key that would encrypt the data: its primary version, read as the caller. */
async function encryptionOf(host: Host, kmsKey: string, call: Call): Promise<EncryptionInfo> {
  if (kmsKey === "") {
    const encryptionType = EncryptionType.GOOGLE_DEFAULT_ENCRYPTION;
    return { $typeName: typeName, encryptionType, kmsKeyVersions: [], kmsKeyPrimaryState: 0 };
  }
  const method = "google.cloud.kms.v1.KeyManagementService/GetCryptoKey";
  const { primary } = await host.call<CryptoKey>(method, { name: kmsKey }, call.caller);
  return {
    $typeName: typeName,
    encryptionType: EncryptionType.CUSTOMER_MANAGED_ENCRYPTION,
    kmsKeyVersions: primary === undefined ? [] : [primary.name],
    kmsKeyPrimaryState: primary?.state === 1 ? KeyState.ENABLED : KeyState.DISABLED,
    lastUpdateTime: timestampFromMs(host.clock.now()),
  };
}
