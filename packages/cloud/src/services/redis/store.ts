import type { InstanceSchema } from "../../../gen/types/google/cloud/redis/v1/cloud_redis_pb.js";
import type { Host } from "../../host.ts";
import { type Collection, collection } from "../../store/collection.ts";
import { api } from "./rules.ts";

export interface RedisStore {
  readonly instances: Collection<typeof InstanceSchema>;
  /** Whether an instance has this address. */
  hostTaken(host: string): boolean;
  host(name: string): string | undefined;
  setHost(name: string, host: string): void;
  /** The AUTH string; made at first need, and kept. */
  authString(name: string): string;
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
    dropAuthString: (name) => {
      db.prepare("UPDATE redis_servers SET auth = NULL WHERE name = ?").run(name);
    },
    delete: (name) => {
      db.tx(() => {
        db.prepare("DELETE FROM redis_servers WHERE name = ?").run(name);
        instances.delete(name);
        iam.removePolicies(`${api}/${name}`);
      });
    },
  };
}
