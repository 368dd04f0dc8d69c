import type { Revision, RevisionSchema } from "../../../gen/types/google/cloud/run/v2/revision_pb.js";
import type { Service, ServiceSchema } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { Database, Schemas } from "../../host.ts";
import { type Collection, collection } from "../../store/collection.ts";
import type { Messages } from "./messages.ts";

/** An operation that is under way, with what it waits for. */
export interface Pending {
  readonly operation: string;
  readonly service: string;
  readonly kind: "deploy" | "delete";
  readonly generation: bigint;
  /** The revision that it made; `""` when it made none. */
  readonly revision: string;
}

export interface Store {
  readonly services: Collection<typeof ServiceSchema>;
  readonly revisions: Collection<typeof RevisionSchema>;
  /** All services, whichever the project. */
  allServices(): readonly Service[];
  /** The revisions of a service, the newest first. */
  revisionsOf(service: string): readonly Revision[];
  /** 1 for a service's first revision, and one more each time: numbers are not used again. */
  nextNumber(service: string): number;
  addPending(pending: Pending): void;
  pendingOf(service: string): readonly Pending[];
  removePending(operation: string): void;
  /** The service with its revisions and all that belongs to it. */
  forget(service: string): void;
}

const tables = {
  services: { all: "run_services", revisions: "run_revisions" },
  workerPools: { all: "run_worker_pools", revisions: "run_worker_pool_revisions" },
} as const;

/** Of services, or of worker pools, which are kept as services are. */
export function createStore(db: Database, schemas: Schemas, m: Messages, of: keyof typeof tables = "services"): Store {
  const services = collection({ db, schemas, table: tables[of].all, schema: m.service, order: "newest" });
  const revisions = collection({ db, schemas, table: tables[of].revisions, schema: m.revision, order: "newest" });
  db.define(`
    CREATE TABLE IF NOT EXISTS run_numbers (service TEXT PRIMARY KEY, last INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS run_pending (
      operation TEXT PRIMARY KEY, service TEXT NOT NULL, kind TEXT NOT NULL, generation TEXT NOT NULL,
      revision TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS run_pending_by_service ON run_pending (service);
  `);

  return {
    services,
    revisions,
    allServices: () => services.list().items,
    revisionsOf: (service) => revisions.list({ parent: service }).items,
    nextNumber: (service) => {
      const row = db
        .prepare(
          `INSERT INTO run_numbers (service, last) VALUES (?, 1)
           ON CONFLICT (service) DO UPDATE SET last = last + 1 RETURNING last`,
        )
        .get(service);
      return Number(row?.last);
    },
    addPending: ({ operation, service, kind, generation, revision }) => {
      db.prepare("INSERT INTO run_pending (operation, service, kind, generation, revision) VALUES (?, ?, ?, ?, ?)").run(
        operation,
        service,
        kind,
        String(generation),
        revision,
      );
    },
    pendingOf: (service) =>
      db
        .prepare("SELECT * FROM run_pending WHERE service = ? ORDER BY rowid")
        .all(service)
        .map((row) => ({
          operation: String(row.operation),
          service: String(row.service),
          kind: row.kind === "delete" ? "delete" : "deploy",
          generation: BigInt(String(row.generation)),
          revision: String(row.revision),
        })),
    removePending: (operation) => {
      db.prepare("DELETE FROM run_pending WHERE operation = ?").run(operation);
    },
    forget: (service) => {
      services.delete(service);
      revisions.deleteUnder(`${service}/revisions/`);
      db.prepare("DELETE FROM run_numbers WHERE service = ?").run(service);
      db.prepare("DELETE FROM run_pending WHERE service = ?").run(service);
    },
  };
}

/** Whether this database has any of them. Reads no descriptors: what the cloud's start asks. */
export function hasAny(db: Database, of: keyof typeof tables): boolean {
  const name = tables[of].all;
  const table = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(name);
  return table !== undefined && db.prepare(`SELECT 1 FROM ${name} LIMIT 1`).get() !== undefined;
}
