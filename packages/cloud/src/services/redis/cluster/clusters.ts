import { messageOf } from "@aloft/kit/failure";
import { type EmptySchema, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { Cluster_State as State } from "../../../../gen/redis-v1.enums.ts";
import type {
  Cluster,
  OperationMetadataSchema,
} from "../../../../gen/types/google/cloud/redis/cluster/v1/cloud_redis_cluster_pb.js";
import type { Operation } from "../../../../gen/types/google/longrunning/operations_pb.js";
import { likeGoogleOf } from "../../../chain/like-google.ts";
import type { Host } from "../../../host.ts";
import { createProcesses } from "../../../processes.ts";
import { failure, tell } from "../instances.ts";
import { api, port } from "../rules.ts";
import { createRedisStore } from "../store.ts";
import { clustersKey } from "./any.ts";
import { type ClusterServers, createClusterServers } from "./servers.ts";
import { type ClusterStore, createClusterStore, type Place } from "./store.ts";

type Verb = "create" | "update" | "delete";

/** The clusters with their processes: what operations do to them, and what a restart of the cloud finds. */
export interface Clusters {
  readonly store: ClusterStore;
  /** Starts the long work for a cluster that is stored in its passing state; answers the operation, still pending. */
  begin(verb: Verb, cluster: Cluster, before?: Cluster): Operation;
  /** The certificate of a cluster's CA. */
  certificate(name: string): Promise<string>;
  resume(): Promise<void>;
  close(): Promise<void>;
}

export const clustersOf = (host: Host): Clusters => host.shared(clustersKey, () => createClusters(host));

/** As it is answered: how it was asked to be connected is not said again (recorded answers). */
export const shownCluster = (cluster: Cluster): Cluster => ({ ...cluster, pscConfigs: [] });

function createClusters(host: Host): Clusters {
  const { schemas, clock } = host;
  const store = createClusterStore(host);
  const instances = createRedisStore(host);
  const { schema } = store;
  const empty = schemas.message<typeof EmptySchema>("google.protobuf.Empty");
  const metadata = schemas.message<typeof OperationMetadataSchema>("google.cloud.redis.cluster.v1.OperationMetadata");
  const processes = createProcesses(host.db);
  const all = new Map<string, ClusterServers>();
  const working = new Set<Promise<void>>();
  const closing = new AbortController();

  const serversOf = (name: string): ClusterServers => {
    const known = all.get(name);
    if (known !== undefined) return known;
    const taken = (address: string): boolean => store.addressTaken(address) || instances.hostTaken(address);
    const made = createClusterServers({ host, store, processes, name, taken, tell: (line) => tell(host, name, line) });
    all.set(name, made);
    return made;
  };

  const create = async (cluster: Cluster): Promise<Cluster> => {
    try {
      const place = await serversOf(cluster.name).start(cluster);
      return ready({ ...cluster, ...connectionsOf(host, cluster, place) });
    } catch (thrown) {
      await remove(cluster);
      throw failure(thrown);
    }
  };
  const update = async (cluster: Cluster): Promise<Cluster> => {
    await serversOf(cluster.name).apply(cluster);
    return ready(cluster);
  };
  const remove = async ({ name }: Cluster): Promise<void> => {
    await serversOf(name).remove();
    all.delete(name);
    store.delete(name);
  };
  const ready = (cluster: Cluster): Cluster => {
    const active = schemas.create(schema, { ...cluster, state: State.ACTIVE });
    store.clusters.put(active.name, active);
    return active;
  };

  const patience = async ({ name, createTime }: Cluster): Promise<boolean> => {
    try {
      const sinceMs = createTime === undefined ? undefined : timestampMs(createTime);
      await likeGoogleOf(host)?.slow(name, [600_000, 1_200_000], { sinceMs, signal: closing.signal });
      return true;
    } catch {
      return false;
    }
  };

  const about = (verb: Verb, target: string, beganMs: number, endMs?: number) => ({
    ...{ createTime: timestampFromMs(beganMs), target, verb, apiVersion: "v1" },
    ...(endMs === undefined ? {} : { endTime: timestampFromMs(endMs) }),
  });

  const run = (verb: Verb, cluster: Cluster, operation: string | undefined, before = cluster): void => {
    const began = clock.now();
    const name = operation ?? "";
    const work = async (): Promise<void> => {
      try {
        if (verb === "create" && !(await patience(cluster))) return;
        if (verb === "delete") {
          await remove(cluster);
          const handle = host.operations.pending(name, empty, metadata);
          handle?.metadata(about(verb, cluster.name, began, clock.now()));
          handle?.succeed({});
          return;
        }
        const done = verb === "create" ? await create(cluster) : await update(cluster);
        const handle = host.operations.pending(name, schema, metadata);
        handle?.metadata(about(verb, cluster.name, began, clock.now()));
        handle?.succeed(shownCluster(done));
      } catch (thrown) {
        // What the cloud's end broke off is done again at its next start.
        if (closing.signal.aborted) return;
        if (verb === "update") store.clusters.put(before.name, { ...before, state: State.ACTIVE });
        host.operations.pending(name, schema, metadata)?.fail(failure(thrown));
      }
    };
    const promise = work().finally(() => working.delete(promise));
    working.add(promise);
  };

  const recover = async (cluster: Cluster, operation: string | undefined): Promise<void> => {
    if (cluster.state === State.CREATING) return run("create", cluster, operation);
    if (cluster.state === State.DELETING) return run("delete", cluster, operation);
    try {
      await serversOf(cluster.name).start(cluster);
    } catch (thrown) {
      tell(host, cluster.name, messageOf(thrown));
    }
    if (cluster.state === State.UPDATING) run("update", cluster, operation);
  };

  return {
    store,
    begin: (verb, cluster, before) => {
      const handle = host.operations.start({
        api,
        parent: cluster.name.split("/").slice(0, 4).join("/"),
        target: cluster.name,
        response: verb === "delete" ? empty : schema,
        metadata: { schema: metadata, value: about(verb, cluster.name, clock.now()) },
      });
      const answer = host.operations.message(handle.name) as Operation;
      run(verb, cluster, handle.name, before);
      return answer;
    },
    certificate: (name) => serversOf(name).certificate(),
    resume: async () => {
      const pending = new Map(host.operations.unfinished(api).map(({ name, target }) => [target, name]));
      const found = store.clusters.list().items;
      await Promise.all(found.map((cluster) => recover(cluster, pending.get(cluster.name))));
    },
    close: async () => {
      closing.abort();
      await Promise.allSettled([...all.values()].map((servers) => servers.stop()));
      await Promise.allSettled(working);
    },
  };
}

/** How clients reach it: the discovery endpoint, and beside it the address of the nodes. */
function connectionsOf(host: Host, { name, pscConfigs, uid }: Cluster, place: Place): Partial<Cluster> {
  const [, project = "", , region = ""] = name.split("/");
  const network = pscConfigs[0]?.network ?? "";
  const owner = /^projects\/([^/]+)\//.exec(network)?.[1] ?? project;
  const mark = uid.replaceAll("-", "").slice(0, 16);
  const number = host.projects.get(project)?.number ?? project;
  const attachment = `projects/${number}/regions/${region}/serviceAttachments/gcp-memorystore-auto-${mark}-psc-sa`;
  const base = "google.cloud.redis.cluster.v1";
  return {
    discoveryEndpoints: [
      {
        $typeName: `${base}.DiscoveryEndpoint`,
        address: place.discovery,
        port,
        pscConfig: { $typeName: `${base}.PscConfig`, network },
      },
    ],
    pscConnections: [place.discovery, place.address].map((address, i) => ({
      $typeName: `${base}.PscConnection` as const,
      pscConnectionId: String(BigInt(`0x${mark.slice(0, 13)}`) + BigInt(i)),
      address,
      forwardingRule: `https://www.googleapis.com/compute/v1/projects/${owner}/regions/${region}/forwardingRules/ssc-auto-fr-${mark}${i}`,
      projectId: owner,
      network,
      serviceAttachment: "",
      pscConnectionStatus: 0,
      connectionType: 0,
    })),
    pscServiceAttachments: [
      { $typeName: `${base}.PscServiceAttachment`, serviceAttachment: attachment, connectionType: 1 },
      { $typeName: `${base}.PscServiceAttachment`, serviceAttachment: `${attachment}-2`, connectionType: 0 },
    ],
  };
}
