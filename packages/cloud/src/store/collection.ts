import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Database, Schemas } from "../host.ts";
import { RpcError } from "../wire/rpc-error.ts";

export interface CollectionInit<S extends DescMessage> {
  readonly db: Database;
  readonly schemas: Schemas;
  /** The table's name; made if missing. */
  readonly table: string;
  readonly schema: S;
  /** How `list` goes: by name (the default), or the newest first. */
  readonly order?: "name" | "newest";
}

export interface ListOptions<M> {
  /** `projects/p` of `projects/p/secrets/s`; `projects/p/locations/-` is not understood here: use `under`. */
  readonly parent?: string;
  /** A prefix of names, for lists across parents: `projects/p/locations/`. */
  readonly under?: string;
  /** At most so many; all when absent or 0. */
  readonly pageSize?: number;
  readonly pageToken?: string;
  /** Keeps what it says yes to; pages are filled all the same. */
  readonly where?: (message: M) => boolean;
}

export interface Page<M> {
  readonly items: M[];
  /** `""` at the end, as Google's APIs answer. */
  readonly nextPageToken: string;
}

/** Resources of one type, each stored as the whole message under its relative name. */
export interface Collection<S extends DescMessage> {
  get(name: string): MessageShape<S> | undefined;
  has(name: string): boolean;
  /** False when the name is taken; nothing is changed then. */
  insert(name: string, message: MessageShape<S>): boolean;
  put(name: string, message: MessageShape<S>): void;
  delete(name: string): boolean;
  /** Everything whose name begins with the prefix; how many went. */
  deleteUnder(prefix: string): number;
  /** Throws INVALID_ARGUMENT for a page token that is not of this list. */
  list(options?: ListOptions<MessageShape<S>>): Page<MessageShape<S>>;
  /** How many have this parent (all, without one), filtered or not. */
  count(parent?: string): number;
}

const highest = "\u{10ffff}";

/** What stands before the last collection id and id: `projects/p/secrets` has the parent `projects/p`. */
export function parentOf(name: string): string {
  return name.split("/").slice(0, -2).join("/");
}

export function collection<S extends DescMessage>(init: CollectionInit<S>): Collection<S> {
  const { db, schemas, table, schema } = init;
  const newest = init.order === "newest";
  db.define(`
    CREATE TABLE IF NOT EXISTS ${table} (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, parent TEXT NOT NULL, message BLOB NOT NULL
    );
    CREATE INDEX IF NOT EXISTS ${table}_by_name ON ${table} (parent, name);
    CREATE INDEX IF NOT EXISTS ${table}_by_age ON ${table} (parent, seq);
  `);
  const decode = (row: Record<string, unknown>): MessageShape<S> => schemas.decode(schema, row.message as Uint8Array);

  const list = (options: ListOptions<MessageShape<S>> = {}): Page<MessageShape<S>> => {
    const scope = options.parent ?? `*${options.under ?? ""}`;
    const size = options.pageSize ? options.pageSize : Number.POSITIVE_INFINITY;
    const where: string[] = [];
    const values: (string | number)[] = [];
    if (options.parent !== undefined) {
      where.push("parent = ?");
      values.push(options.parent);
    }
    if (options.under !== undefined) {
      where.push("name >= ? AND name < ?");
      values.push(options.under, options.under + highest);
    }
    if (options.pageToken) {
      const after = readPageToken(options.pageToken, scope);
      where.push(newest ? "seq < ?" : "name > ?");
      values.push(newest ? Number(after) : after);
    }
    const rows = db.prepare(
      `SELECT seq, name, message FROM ${table} ${where.length > 0 ? `WHERE ${where.join(" AND ")}` : ""}
       ORDER BY ${newest ? "seq DESC" : "name"}`,
    );
    const items: MessageShape<S>[] = [];
    let last = "";
    for (const row of rows.iterate(...values)) {
      const message = decode(row);
      if (options.where !== undefined && !options.where(message)) continue;
      if (items.length === size) return { items, nextPageToken: pageToken(last, scope) };
      items.push(message);
      last = String(newest ? row.seq : row.name);
    }
    return { items, nextPageToken: "" };
  };

  return {
    get: (name) => {
      const row = db.prepare(`SELECT message FROM ${table} WHERE name = ?`).get(name);
      return row === undefined ? undefined : decode(row);
    },
    has: (name) => db.prepare(`SELECT 1 FROM ${table} WHERE name = ?`).get(name) !== undefined,
    insert: (name, message) =>
      db
        .prepare(`INSERT INTO ${table} (name, parent, message) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING`)
        .run(name, parentOf(name), schemas.encode(schema, message)).changes === 1,
    put: (name, message) => {
      db.prepare(
        `INSERT INTO ${table} (name, parent, message) VALUES (?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET message = excluded.message`,
      ).run(name, parentOf(name), schemas.encode(schema, message));
    },
    delete: (name) => db.prepare(`DELETE FROM ${table} WHERE name = ?`).run(name).changes === 1,
    deleteUnder: (prefix) =>
      Number(db.prepare(`DELETE FROM ${table} WHERE name >= ? AND name < ?`).run(prefix, prefix + highest).changes),
    list,
    count: (parent) => {
      const row =
        parent === undefined
          ? db.prepare(`SELECT count(*) AS n FROM ${table}`).get()
          : db.prepare(`SELECT count(*) AS n FROM ${table} WHERE parent = ?`).get(parent);
      return Number(row?.n ?? 0);
    },
  };
}

/** Opaque, and stable while things come and go: the place after which the next page begins, bound to its list. */
export function pageToken(after: string, scope: string): string {
  return Buffer.from(JSON.stringify([after, scope])).toString("base64url");
}

/** The place that a token of this list holds. Throws INVALID_ARGUMENT for any other. */
export function readPageToken(token: string, scope: string): string {
  try {
    const read: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    if (Array.isArray(read) && typeof read[0] === "string" && read[1] === scope) return read[0];
  } catch {
    // Not one of ours: refused below.
  }
  throw new RpcError("INVALID_ARGUMENT", "The page token is invalid.");
}
