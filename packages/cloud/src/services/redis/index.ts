import type { Host } from "../../host.ts";
import type { CloudService, RpcService } from "../../service.ts";
import { redisAnswer } from "./answers.ts";
import { anyInstances, runningInstances } from "./any.ts";
import { anyClusters, runningClusters } from "./cluster/any.ts";

/**
 * Memorystore for Redis v1 (over REST v1beta1 as well): each instance is a `redis-server` at an address of its own, and so is each node of a
 * cluster.
 */
export const redis: CloudService = {
  api: "redis.googleapis.com",
  title: "Google Cloud Memorystore for Redis API",
  descriptors: "redis-v1",
  create: async (host) => ({
    rpc: await redisServices(host),
    versions: { of: "v1", also: ["v1beta1"] },
    answers: redisAnswer,
    operations: { version: "v1", names: ["projects/*/locations/*/operations/*"] },
    locations: { version: "v1" },
  }),
  resume: async (host) => {
    if (anyInstances(host)) await (await import("./instances.ts")).instancesOf(host).resume();
    if (anyClusters(host)) await (await import("./cluster/clusters.ts")).clustersOf(host).resume();
  },
  close: async (host) => {
    await Promise.all([runningInstances(host)?.close(), runningClusters(host)?.close()]);
  },
};

/** Loaded at the API's first call. */
async function redisServices(host: Host): Promise<RpcService[]> {
  const [{ cloudRedis }, { instancesOf }, { cloudRedisCluster }, { clustersOf }] = await Promise.all([
    import("./rpc.ts"),
    import("./instances.ts"),
    import("./cluster/rpc.ts"),
    import("./cluster/clusters.ts"),
  ]);
  return [cloudRedis(host, instancesOf(host)), cloudRedisCluster(host, clustersOf(host))];
}
