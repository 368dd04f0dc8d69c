import type { Host } from "../../../host.ts";
import type { Clusters } from "./clusters.ts";

export const clustersKey = "redis.clusters";
export const clusterTable = "redis_clusters";

/** Whether there is a cluster at all, asked without loading anything. */
export function anyClusters({ db }: Host): boolean {
  const table = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(clusterTable);
  return table !== undefined && db.prepare(`SELECT 1 FROM ${clusterTable} LIMIT 1`).get() !== undefined;
}

/** The clusters where they were made; for the cloud's end. */
export const runningClusters = (host: Host): Clusters | undefined =>
  host.shared<Clusters | undefined>(clustersKey, () => undefined);
