import type { ClusterSchema } from "../../../../gen/types/google/cloud/redis/cluster/v1/cloud_redis_cluster_pb.js";
import type { CaStore } from "../../../doors/ca-store.ts";
import type { Host } from "../../../host.ts";
import { type Collection, collection } from "../../../store/collection.ts";
import { api } from "../rules.ts";
import { clusterTable } from "./any.ts";
import type { Node } from "./topology.ts";

/** Where a cluster is served, and by whom. */
export interface Place {
  /** Of the discovery endpoint. */
  readonly discovery: string;
  /** Of the nodes. */
  readonly address: string;
  readonly nodes: readonly Node[];
}

export interface ClusterStore {
  readonly clusters: Collection<typeof ClusterSchema>;
  readonly schema: typeof ClusterSchema;
  place(name: string): Place | undefined;
  setPlace(name: string, place: Place): void;
  addressTaken(address: string): boolean;
  /** What the nodes know each other by; made at first need, and kept. */
  secret(name: string): string;
  /** The cluster's own certificate authority. */
  caStore(name: string): CaStore;
  delete(name: string): void;
}

export function createClusterStore({ db, schemas, vault, ids, iam }: Host): ClusterStore {
  const schema = schemas.message<typeof ClusterSchema>("google.cloud.redis.cluster.v1.Cluster");
  const clusters = collection({ db, schemas, table: clusterTable, schema });
  db.define(`
    CREATE TABLE IF NOT EXISTS redis_cluster_places (
      name TEXT PRIMARY KEY, discovery TEXT UNIQUE, address TEXT UNIQUE, nodes TEXT, secret BLOB, ca BLOB);
  `);
  const row = (name: string): Record<string, unknown> | undefined =>
    db.prepare("SELECT * FROM redis_cluster_places WHERE name = ?").get(name);
  const put = (name: string, column: "secret" | "ca", value: Uint8Array): void => {
    db.prepare(
      `INSERT INTO redis_cluster_places (name, ${column}) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET ${column} = excluded.${column}`,
    ).run(name, value);
  };
  const opened = (name: string, column: "secret" | "ca"): string | undefined => {
    const sealed = row(name)?.[column];
    if (!(sealed instanceof Uint8Array)) return undefined;
    return Buffer.from(vault.open(sealed, `redis/${name}#${column}`)).toString();
  };
  const keep = (name: string, column: "secret" | "ca", text: string): void =>
    put(name, column, vault.seal(Buffer.from(text), `redis/${name}#${column}`));

  return {
    clusters,
    schema,
    place: (name) => {
      const found = row(name);
      if (typeof found?.discovery !== "string" || typeof found.address !== "string") return undefined;
      return { discovery: found.discovery, address: found.address, nodes: JSON.parse(String(found.nodes)) as Node[] };
    },
    setPlace: (name, { discovery, address, nodes }) => {
      db.prepare(
        `INSERT INTO redis_cluster_places (name, discovery, address, nodes) VALUES (?, ?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET discovery = excluded.discovery, address = excluded.address, nodes = excluded.nodes`,
      ).run(name, discovery, address, JSON.stringify(nodes));
    },
    addressTaken: (address) =>
      db.prepare("SELECT 1 FROM redis_cluster_places WHERE discovery = ? OR address = ?").get(address, address) !==
      undefined,
    secret: (name) => {
      const known = opened(name, "secret");
      if (known !== undefined) return known;
      const made = ids.uuid();
      keep(name, "secret", made);
      return made;
    },
    caStore: (name) => ({
      read: () => {
        const kept = opened(name, "ca");
        return kept === undefined ? undefined : (JSON.parse(kept) as { certificate: string; key: string });
      },
      write: (ca) => keep(name, "ca", JSON.stringify(ca)),
      publish: () => undefined,
    }),
    delete: (name) => {
      db.tx(() => {
        db.prepare("DELETE FROM redis_cluster_places WHERE name = ?").run(name);
        clusters.delete(name);
        iam.removePolicies(`${api}/${name}`);
      });
    },
  };
}
