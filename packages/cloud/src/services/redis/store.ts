import type { InstanceSchema } from "../../../gen/types/google/cloud/redis/v1/cloud_redis_pb.js";
import type { CaStore } from "../../doors/ca-store.ts";
import type { Host } from "../../host.ts";
import { type Collection, collection } from "../../store/collection.ts";
import { api } from "./rules.ts";

type StoredCa = NonNullable<ReturnType<CaStore["read"]>>;

export interface RedisStore {
  readonly instances: Collection<typeof InstanceSchema>;
  /** Whether an instance has this address. */
  hostTaken(host: string): boolean;
  host(name: string): string | undefined;
  setHost(name: string, host: string): void;
  /** The AUTH string; made at first need, and kept. */
  authString(name: string): string;
  /** The instance's own certificate authority. */
  caStore(name: string): CaStore;
  /** A new AUTH string next time, as when AUTH is switched on anew. */
  dropAuthString(name: string): void;
  delete(name: string): void;
}

export function createRedisStore({ db, schemas, vault, ids, iam }: Host): RedisStore {
  const instances = collection({
    db,
    schemas,
    table: "redis_instances",
    schema: schemas.message<typeof InstanceSchema>("google.cloud.redis.v1.Instance"),
  });
  db.define("CREATE TABLE IF NOT EXISTS redis_servers (name TEXT PRIMARY KEY, host TEXT UNIQUE, auth BLOB)");
  db.define("CREATE TABLE IF NOT EXISTS redis_authorities (name TEXT PRIMARY KEY, ca BLOB NOT NULL)");
  const row = (name: string): { host: string | null; auth: Uint8Array | null } | undefined =>
    db.prepare("SELECT host, auth FROM redis_servers WHERE name = ?").get(name) as never;
  return {
    instances,
    hostTaken: (host) => db.prepare("SELECT 1 FROM redis_servers WHERE host = ?").get(host) !== undefined,
    host: (name) => row(name)?.host ?? undefined,
    setHost: (name, host) => {
      db.prepare(
        "INSERT INTO redis_servers (name, host) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET host = excluded.host",
      ).run(name, host);
    },
    authString: (name) => {
      const sealed = row(name)?.auth;
      if (sealed) return Buffer.from(vault.open(sealed, `redis/${name}`)).toString();
      const auth = ids.uuid();
      db.prepare(
        "INSERT INTO redis_servers (name, auth) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET auth = excluded.auth",
      ).run(name, vault.seal(Buffer.from(auth), `redis/${name}`));
      return auth;
    },
    caStore: (name) => ({
      read: () => {
        const sealed = db.prepare("SELECT ca FROM redis_authorities WHERE name = ?").get(name)?.ca;
        if (!(sealed instanceof Uint8Array)) return undefined;
        return JSON.parse(Buffer.from(vault.open(sealed, `redis/${name}#ca`)).toString()) as StoredCa;
      },
      write: (ca) => {
        const sealed = vault.seal(Buffer.from(JSON.stringify(ca)), `redis/${name}#ca`);
        db.prepare(
          "INSERT INTO redis_authorities (name, ca) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET ca = excluded.ca",
        ).run(name, sealed);
      },
      publish: () => undefined,
    }),
    dropAuthString: (name) => {
      db.prepare("UPDATE redis_servers SET auth = NULL WHERE name = ?").run(name);
    },
    delete: (name) => {
      db.tx(() => {
        db.prepare("DELETE FROM redis_servers WHERE name = ?").run(name);
        db.prepare("DELETE FROM redis_authorities WHERE name = ?").run(name);
        instances.delete(name);
        iam.removePolicies(`${api}/${name}`);
      });
    },
  };
}
