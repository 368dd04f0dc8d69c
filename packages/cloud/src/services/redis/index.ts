import type { Host } from "../../host.ts";
import type { CloudService, RpcService } from "../../service.ts";
import { redisAnswer } from "./answers.ts";
import { anyClusters, runningClusters } from "./cluster/any.ts";
import { anyInstances, instancesOf, runningInstances } from "./instances.ts";
import { cloudRedis } from "./rpc.ts";
import { api } from "./rules.ts";

/**
 * Memorystore for Redis v1 (over REST v1beta1 as well): each instance is a `redis-server` at an address of its own, and so is each node of a
 * cluster.
 */
export const redis: CloudService = {
  api,
  title: "Google Cloud Memorystore for Redis API",
  descriptors: "redis-v1",
  create: async (host) => ({
    rpc: [cloudRedis(host, instancesOf(host)), await clusterService(host)],
    versions: { of: "v1", also: ["v1beta1"] },
    answers: redisAnswer,
    operations: { version: "v1", names: ["projects/*/locations/*/operations/*"] },
    locations: { version: "v1" },
  }),
  resume: async (host) => {
    if (anyInstances(host)) await instancesOf(host).resume();
    if (anyClusters(host)) await (await import("./cluster/clusters.ts")).clustersOf(host).resume();
  },
  close: async (host) => {
    await Promise.all([runningInstances(host)?.close(), runningClusters(host)?.close()]);
  },
};

/** Loaded at the API's first call. */
async function clusterService(host: Host): Promise<RpcService> {
  const { cloudRedisCluster } = await import("./cluster/rpc.ts");
  const { clustersOf } = await import("./cluster/clusters.ts");
  return cloudRedisCluster(host, clustersOf(host));
}
