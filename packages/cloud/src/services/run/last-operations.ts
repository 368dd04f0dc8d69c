import type { Database } from "../../host.ts";
import { idOf } from "./names.ts";

/** The last operation on each resource: v1 tells its id in an annotation, and its clients wait for it. */
export interface LastOperations {
  /** The operation's id; undefined where there is none. */
  of(resource: string): string | undefined;
  /** `operation` is its whole name. */
  set(resource: string, operation: string): void;
  /** Of a resource and all below it. */
  forget(resource: string): void;
}

export function createLastOperations(db: Pick<Database, "define" | "prepare">): LastOperations {
  db.define("CREATE TABLE IF NOT EXISTS run_last_operations (resource TEXT PRIMARY KEY, operation TEXT NOT NULL)");
  return {
    of: (resource) => {
      const row = db.prepare("SELECT operation FROM run_last_operations WHERE resource = ?").get(resource);
      return row === undefined ? undefined : idOf(String(row.operation));
    },
    set: (resource, operation) => {
      db.prepare("INSERT OR REPLACE INTO run_last_operations (resource, operation) VALUES (?, ?)").run(
        resource,
        operation,
      );
    },
    forget: (resource) => {
      db.prepare(
        "DELETE FROM run_last_operations WHERE resource = ?1 OR substr(resource, 1, length(?1) + 1) = ?1 || '/'",
      ).run(resource);
    },
  };
}
