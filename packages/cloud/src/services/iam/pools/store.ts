import type { Host } from "../../../host.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import type { PoolContent, ProviderContent } from "./rules.ts";

/** A pool or a provider as it is kept, under its name with the project's id. */
export interface Kept<C> {
  readonly name: string;
  readonly content: C;
  /** When it was deleted; it can come back for 30 days, and holds its id so long. */
  readonly deletedMs?: number;
}

export const heldMs = 30 * 24 * 3_600_000;

export interface Pools {
  pool(name: string): Kept<PoolContent> | undefined;
  provider(name: string): Kept<ProviderContent> | undefined;
  /** Throws NOT_FOUND, as Google says it. */
  mustBe(name: string): Kept<ProviderContent>;
  list(parent: string): readonly Kept<ProviderContent>[];
  /** False when the id is taken, also by a deleted one. */
  insert(name: string, content: PoolContent): boolean;
  put(kept: Kept<PoolContent>): void;
  /** The name of an operation that is done, on a resource. */
  operation(name: string): string;
  hasOperation(name: string): boolean;
}

/** Workload identity pools and their providers, one table for both. */
export function poolsOf(host: Host): Pools {
  return host.shared("iam.workloadIdentityPools", () => createPools(host));
}

function createPools({ db, clock, ids }: Host): Pools {
  db.define(`
    CREATE TABLE IF NOT EXISTS workload_identity (name TEXT PRIMARY KEY, parent TEXT NOT NULL, kept TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS workload_identity_operations (name TEXT PRIMARY KEY);
  `);
  const get = (name: string): Kept<ProviderContent> | undefined => {
    const row = db.prepare("SELECT kept FROM workload_identity WHERE name = ?").get(name);
    return row === undefined ? undefined : current(JSON.parse(String(row.kept)) as Kept<ProviderContent>);
  };
  const current = <C>(kept: Kept<C>): Kept<C> | undefined =>
    kept.deletedMs !== undefined && clock.now() - kept.deletedMs >= heldMs ? undefined : kept;
  const put = (kept: Kept<PoolContent>): void => {
    db.prepare(
      `INSERT INTO workload_identity (name, parent, kept) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET kept = excluded.kept`,
    ).run(kept.name, kept.name.split("/").slice(0, -2).join("/"), JSON.stringify(kept));
  };
  return {
    pool: get,
    provider: get,
    mustBe: (name) => {
      const kept = get(name);
      if (kept === undefined) throw new RpcError("NOT_FOUND", "Requested entity was not found.");
      return kept;
    },
    list: (parent) =>
      db
        .prepare("SELECT kept FROM workload_identity WHERE parent = ? ORDER BY name")
        .all(parent)
        .flatMap(({ kept }) => current(JSON.parse(String(kept)) as Kept<ProviderContent>) ?? []),
    insert: (name, content) => {
      if (get(name) !== undefined) return false;
      put({ name, content });
      return true;
    },
    put,
    operation: (name) => {
      const operation = `${name}/operations/${ids.short(20)}${"0".repeat(11)}`;
      db.prepare("INSERT INTO workload_identity_operations (name) VALUES (?)").run(operation);
      return operation;
    },
    hasOperation: (name) =>
      db.prepare("SELECT 1 FROM workload_identity_operations WHERE name = ?").get(name) !== undefined,
  };
}
