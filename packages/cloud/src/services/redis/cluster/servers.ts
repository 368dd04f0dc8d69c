import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";
import { AuthorizationMode as Auth, TransitEncryptionMode as Encryption } from "../../../../gen/redis-v1.enums.ts";
import type { Cluster } from "../../../../gen/types/google/cloud/redis/cluster/v1/cloud_redis_cluster_pb.js";
import { type Authority, createAuthority } from "../../../doors/authority.ts";
import type { Host } from "../../../host.ts";
import { missingEgress, networkOf } from "../../../machines/network.ts";
import type { Processes } from "../../../processes.ts";
import { findAddress } from "../address.ts";
import type { Relay } from "../relay.ts";
import { api, port } from "../rules.ts";
import { createServer, type Server, type ServerSpec } from "../server.ts";
import { removeRoomOf, socketOf } from "../socket.ts";
import { createGate } from "./gate.ts";
import { forget, introduce, primariesOf, type Running, settled, share, strangers, view } from "./reshard.ts";
import { mostClients, parametersOf } from "./rules.ts";
import type { ClusterStore, Place } from "./store.ts";
import { busOf, firstConfig, type Node, ownConfig, portOf, reshape } from "./topology.ts";

/** The processes of one cluster. */
export interface ClusterServers {
  /** Starts (or adopts) every node, and opens the discovery endpoint when they agree. */
  start(cluster: Cluster): Promise<Place>;
  /** Gives the running cluster its parameters and its shape, its keys kept. */
  apply(cluster: Cluster): Promise<void>;
  /** Ends every process, its data on disk. */
  stop(): Promise<void>;
  /** Ends it, and deletes its data. */
  remove(): Promise<void>;
  /** The certificate of the CA that clients are to trust. */
  certificate(): Promise<string>;
}

export function createClusterServers(parts: {
  readonly host: Host;
  readonly store: ClusterStore;
  readonly processes: Processes;
  readonly name: string;
  readonly taken: (address: string) => boolean;
  readonly tell: (line: string) => void;
}): ClusterServers {
  const { host, store, processes, name, taken, tell } = parts;
  const [, project, , location, , id] = name.split("/");
  const folder = join(host.files("redis"), `${project}.${location}.${id}.cluster`);
  const dirOf = (node: Node): string => join(folder, `node-${node.index}`);
  const authority: Authority = createAuthority(store.caStore(name));
  const servers = new Map<string, Server>();
  let discovery: Relay | undefined;

  const choosePlace = async (cluster: Cluster): Promise<Place> => {
    const known = store.place(name);
    if (known !== undefined) return known;
    const free = (seed: string, but?: string) =>
      findAddress(`${host.dir ?? process.pid}/${name}#${seed}`, (address) => address === but || taken(address));
    const first = await free("discovery");
    const { shardCount: shards = 0, replicaCount: replicas = 0 } = cluster;
    const place = {
      discovery: first,
      address: await free("nodes", first),
      nodes: reshape(name, [], { shards, replicas }).add,
    };
    store.setPlace(name, place);
    return place;
  };

  const contextOf = async (cluster: Cluster, address: string): Promise<SecureContext | undefined> =>
    cluster.transitEncryptionMode === Encryption.SERVER_AUTHENTICATION
      ? createSecureContext(await authority.credentials(address))
      : undefined;

  /** Where clients come in: by their network, in TLS and with an access token where the cluster asks for it. */
  const gateOf = async (
    cluster: Cluster,
    at: { readonly host: string; readonly port: number; readonly socket: () => string },
  ): Promise<Relay> => {
    const network = host.projects.canonical(cluster.pscConfigs[0]?.network ?? "");
    const tls = await contextOf(cluster, at.host);
    return createGate({
      ...at,
      secret: store.secret(name),
      most: () => mostClients(store.clusters.get(name)),
      admit: async (client) => {
        const peer = await networkOf(host).ownerOf(client);
        const lacking = peer && missingEgress(peer.spec, { network, region: location ?? "" });
        if (lacking !== undefined)
          peer?.warn(`Connection to Redis ${name} at ${at.host}:${at.port} refused: ${lacking}.`);
        return lacking === undefined;
      },
      ...(tls === undefined ? {} : { tls }),
      ...(cluster.authorizationMode === Auth.AUTH_MODE_IAM_AUTH ? { allow: allowed } : {}),
    });
  };

  /** IAM: the password is an access token of somebody who may connect. */
  const allowed = (token: string): boolean => {
    const caller = host.tokens.verifyAccess(token);
    return caller !== undefined && host.iam.allowed(caller, "redis.clusters.connect", `${api}/${name}`);
  };

  const specOf = (cluster: Cluster, node: Node, address: string): ServerSpec => {
    const secret = store.secret(name);
    return {
      owner: `redis/${name}/${node.index}`,
      host: address,
      dir: dirOf(node),
      password: secret,
      parameters: parametersOf(cluster),
      lines: [
        `masterauth ${JSON.stringify(secret)}`,
        `bind ${address}`,
        "cluster-enabled yes",
        "cluster-config-file nodes.conf",
        "cluster-node-timeout 5000",
        "cluster-allow-replica-migration no",
        "repl-diskless-sync-delay 0",
        `cluster-port ${busOf(node)}`,
        `cluster-announce-ip ${address}`,
        `cluster-announce-port ${portOf(node)}`,
        `cluster-announce-bus-port ${busOf(node)}`,
      ],
    };
  };

  const startNode = async (cluster: Cluster, node: Node, place: Place, config: string): Promise<void> => {
    const dir = dirOf(node);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const known = join(dir, "nodes.conf");
    if (!existsSync(known)) writeFileSync(known, config, { mode: 0o600 });
    const at = { host: place.address, port: portOf(node), socket: () => socketOf(dir) };
    const relay = await gateOf(cluster, at);
    const server = createServer(specOf(cluster, node, place.address), { processes, relay, tell });
    servers.set(node.id, server);
    await server.start();
  };

  const stopNode = async (node: Node): Promise<void> => {
    const relay = createGate({
      host: "",
      port: 0,
      socket: () => "",
      secret: "",
      most: () => 0,
      admit: async () => false,
    });
    // One that another run of the cloud started is on record, and ended by the server made for it here.
    const server = servers.get(node.id) ?? createServer(strayOf(node), { processes, relay, tell });
    servers.delete(node.id);
    await server.stop();
  };
  const strayOf = (node: Node): ServerSpec => ({
    ...{ owner: `redis/${name}/${node.index}`, host: "", dir: dirOf(node), password: undefined, parameters: {} },
  });

  const runningOf = (nodes: readonly Node[], address: string): Running => ({
    nodes,
    address,
    secret: store.secret(name),
    socket: (node) => socketOf(dirOf(node)),
  });

  const reshapeTo = async (cluster: Cluster, place: Place): Promise<void> => {
    const { shardCount: shards = 0, replicaCount: replicas = 0 } = cluster;
    const [any] = place.nodes;
    if (any === undefined) return;
    const now = runningOf(place.nodes, place.address);
    const primaries = primariesOf(await view(now, any), place.nodes);
    const ids = new Set([...primaries.values()].map((node) => node.id));
    const { keep, add, remove } = reshape(name, place.nodes, { shards, replicas }, ids);
    if (add.length === 0 && remove.length === 0) return;
    const all = [...place.nodes, ...add];
    store.setPlace(name, { ...place, nodes: all });
    await Promise.all(add.map((node) => startNode(cluster, node, place, ownConfig(node, place.address))));
    const grown = runningOf(all, place.address);
    await introduce(grown, add);
    await share(grown, shards);
    await forget(runningOf([...keep, ...add], place.address), remove);
    store.setPlace(name, { ...place, nodes: [...keep, ...add] });
    for (const node of remove) {
      await stopNode(node);
      wipe(dirOf(node));
    }
    await settled(runningOf([...keep, ...add], place.address));
  };

  return {
    start: async (cluster) => {
      const place = await choosePlace(cluster);
      const { shardCount: shards = 0 } = cluster;
      const running = runningOf(place.nodes, place.address);
      const fresh = !place.nodes.some((node) => existsSync(join(dirOf(node), "nodes.conf")));
      const config = (node: Node): string =>
        fresh ? firstConfig(node, place.nodes, shards, place.address) : ownConfig(node, place.address);
      await Promise.all(place.nodes.map((node) => startNode(cluster, node, place, config(node))));
      if (!fresh) await introduce(running, await strangers(running));
      await settled(running);
      const socket = (): string => {
        const [node] = store.place(name)?.nodes ?? place.nodes;
        return node === undefined ? "" : socketOf(dirOf(node));
      };
      discovery = await gateOf(cluster, { host: place.discovery, port, socket });
      await discovery.open();
      return place;
    },
    apply: async (cluster) => {
      const place = store.place(name);
      if (place === undefined) return;
      for (const node of place.nodes) await servers.get(node.id)?.apply(specOf(cluster, node, place.address));
      await reshapeTo(cluster, place);
    },
    stop: async () => {
      discovery?.close();
      await Promise.allSettled([...servers.values()].map((server) => server.stop()));
    },
    remove: async () => {
      discovery?.close();
      await Promise.all((store.place(name)?.nodes ?? []).map(stopNode));
      for (const node of store.place(name)?.nodes ?? []) wipe(dirOf(node));
      rmSync(folder, { recursive: true, force: true });
    },
    certificate: () => authority.certificate(),
  };
}

function wipe(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
  removeRoomOf(dir);
}
