import type { CloudService } from "../../service.ts";
import { redisAnswer } from "./answers.ts";
import { anyInstances, instancesOf, runningInstances } from "./instances.ts";
import { cloudRedis } from "./rpc.ts";
import { api } from "./rules.ts";

/** Memorystore for Redis v1 (over REST v1beta1 as well): each instance is a `redis-server` at an address of its own. */
export const redis: CloudService = {
  api,
  title: "Google Cloud Memorystore for Redis API",
  descriptors: "redis-v1",
  create: (host) => ({
    rpc: [cloudRedis(host, instancesOf(host))],
    versions: { of: "v1", also: ["v1beta1"] },
    answers: redisAnswer,
    operations: { version: "v1", names: ["projects/*/locations/*/operations/*"] },
    locations: { version: "v1" },
  }),
  resume: async (host) => {
    if (anyInstances(host)) await instancesOf(host).resume();
  },
  close: async (host) => {
    await runningInstances(host)?.close();
  },
};
