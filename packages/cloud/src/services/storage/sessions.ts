import type { Database } from "../../host.ts";
import type { Principal } from "../../service.ts";
import type { Sums } from "./content.ts";
import type { ObjectMessage } from "./messages.ts";

/** A resumable upload under way. Its address is all that a client needs to go on: whoever has it may. */
export interface Session {
  readonly id: string;
  readonly bucket: string;
  readonly name: string;
  readonly metadata: ObjectMessage;
  /** The query of the request that began it: preconditions, projection, predefined ACL. */
  readonly query: string;
  readonly caller: Principal;
  /** As the client announced it. */
  readonly size: number | null;
  readonly createdMs: number;
  /** The generation it has become. */
  readonly done: number | null;
}

/** Uploads that come in pieces, kept over a restart; what has arrived of one is added up again at its next piece. */
export interface Sessions {
  get(id: string): Session | undefined;
  put(session: Session): void;
  remove(id: string): void;
  has(id: string): boolean;
  olderThan(ms: number): readonly Session[];
  /** Sums of what has arrived, while the cloud runs. */
  readonly sums: Map<string, Sums>;
  /** Sessions that a request is writing to right now. */
  readonly busy: Set<string>;
}

export function createSessions(db: Database): Sessions {
  db.define(
    "CREATE TABLE IF NOT EXISTS storage_sessions (id TEXT PRIMARY KEY, createdMs INTEGER NOT NULL, session TEXT NOT NULL)",
  );
  const read = (row: Record<string, unknown>): Session => JSON.parse(String(row.session)) as Session;
  const get = (id: string): Session | undefined => {
    const row = db.prepare("SELECT session FROM storage_sessions WHERE id = ?").get(id);
    return row === undefined ? undefined : read(row);
  };
  return {
    get,
    put: (session) => {
      db.prepare("INSERT OR REPLACE INTO storage_sessions VALUES (?, ?, ?)").run(
        session.id,
        session.createdMs,
        JSON.stringify(session),
      );
    },
    remove: (id) => void db.prepare("DELETE FROM storage_sessions WHERE id = ?").run(id),
    has: (id) => get(id) !== undefined,
    olderThan: (ms) => db.prepare("SELECT session FROM storage_sessions WHERE createdMs < ?").all(ms).map(read),
    sums: new Map(),
    busy: new Set(),
  };
}
