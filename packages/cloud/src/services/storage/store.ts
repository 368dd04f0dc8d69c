import type { Database } from "../../host.ts";
import type { AclEntry, BucketMessage, NotificationMessage, ObjectMessage } from "./messages.ts";

export interface StoredBucket {
  readonly name: string;
  /** The project's id. */
  readonly project: string;
  /** The whole resource, but for what is worked out (kind, links, etag, acl). */
  readonly resource: BucketMessage;
  readonly defaultObjectAcl: readonly AclEntry[];
}

/** `live`; `noncurrent`, an older version; `deleted`, kept by the soft delete policy. */
export type ObjectState = "live" | "noncurrent" | "deleted";

export interface StoredObject {
  readonly bucket: string;
  readonly name: string;
  /** Microseconds of its making: unique in its bucket. */
  readonly generation: number;
  readonly state: ObjectState;
  /** The content's file; several objects may share one. */
  readonly file: string;
  readonly size: number;
  readonly resource: ObjectMessage;
  readonly acl: readonly AclEntry[];
  /** When a soft-deleted one is gone for good, in milliseconds. */
  readonly purgeMs: number | null;
}

const schema = `
  CREATE TABLE IF NOT EXISTS storage_buckets (
    name TEXT PRIMARY KEY, project TEXT NOT NULL, resource TEXT NOT NULL, acl TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS storage_objects (
    bucket TEXT NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL, state TEXT NOT NULL, file TEXT NOT NULL,
    size INTEGER NOT NULL, resource TEXT NOT NULL, acl TEXT NOT NULL, purgeMs INTEGER,
    PRIMARY KEY (bucket, name, generation)) WITHOUT ROWID;
  CREATE UNIQUE INDEX IF NOT EXISTS storage_objects_live ON storage_objects (bucket, name) WHERE state = 'live';
  CREATE INDEX IF NOT EXISTS storage_objects_file ON storage_objects (file);
  CREATE INDEX IF NOT EXISTS storage_objects_purge ON storage_objects (purgeMs) WHERE purgeMs IS NOT NULL;
  CREATE TABLE IF NOT EXISTS storage_notifications (
    bucket TEXT NOT NULL, id INTEGER NOT NULL, resource TEXT NOT NULL, PRIMARY KEY (bucket, id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS storage_folders (
    bucket TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, folder TEXT NOT NULL,
    PRIMARY KEY (bucket, kind, name)) WITHOUT ROWID;
`;

/** Buckets, objects and notification configurations. */
export type Store = ReturnType<typeof createStore>;

export function createStore(db: Database) {
  db.define(schema);
  const bucketOf = (row: Record<string, unknown>): StoredBucket => ({
    name: String(row.name),
    project: String(row.project),
    resource: JSON.parse(String(row.resource)) as BucketMessage,
    defaultObjectAcl: JSON.parse(String(row.acl)) as AclEntry[],
  });
  const objectOf = (row: Record<string, unknown>): StoredObject => ({
    ...(row as unknown as StoredObject),
    resource: JSON.parse(String(row.resource)) as ObjectMessage,
    acl: JSON.parse(String(row.acl)) as AclEntry[],
  });
  const maybe = <T>(row: Record<string, unknown> | undefined, read: (row: Record<string, unknown>) => T) =>
    row === undefined ? undefined : read(row);

  const changes = new Map<string, number>();
  const changed = (bucket: string): void => void changes.set(bucket, (changes.get(bucket) ?? 0) + 1);

  return {
    db,
    /** How often anything in the bucket was changed since the cloud's start. */
    changes: (bucket: string): number => changes.get(bucket) ?? 0,
    /** Names and generations of the live objects whose names begin so. */
    liveNames: (bucket: string, prefix: string): { readonly name: string; readonly generation: number }[] =>
      db
        .prepare(
          `SELECT name, generation FROM storage_objects WHERE bucket = ? AND name >= ? AND name < ? AND state = 'live'
           ORDER BY name`,
        )
        .all(bucket, prefix, `${prefix}\u{10ffff}\u{10ffff}`)
        .map((row) => ({ name: String(row.name), generation: Number(row.generation) })),
    objectOf,
    bucket: (name: string): StoredBucket | undefined =>
      maybe(db.prepare("SELECT * FROM storage_buckets WHERE name = ?").get(name), bucketOf),
    /** By name; of a project, or all. */
    buckets: (project?: string): StoredBucket[] =>
      (project === undefined
        ? db.prepare("SELECT * FROM storage_buckets ORDER BY name").all()
        : db.prepare("SELECT * FROM storage_buckets WHERE project = ? ORDER BY name").all(project)
      ).map(bucketOf),
    putBucket: (bucket: StoredBucket): void => {
      db.prepare("INSERT OR REPLACE INTO storage_buckets (name, project, resource, acl) VALUES (?, ?, ?, ?)").run(
        bucket.name,
        bucket.project,
        JSON.stringify(bucket.resource),
        JSON.stringify(bucket.defaultObjectAcl),
      );
    },
    /** Forgets the bucket and all that is in it; answers the content files that nothing names any more. */
    removeBucket: (name: string): string[] =>
      db.tx(() => {
        changed(name);
        const files = db.prepare("SELECT DISTINCT file FROM storage_objects WHERE bucket = ?").all(name);
        db.prepare("DELETE FROM storage_objects WHERE bucket = ?").run(name);
        db.prepare("DELETE FROM storage_notifications WHERE bucket = ?").run(name);
        db.prepare("DELETE FROM storage_folders WHERE bucket = ?").run(name);
        db.prepare("DELETE FROM storage_buckets WHERE name = ?").run(name);
        return files.map((row) => String(row.file));
      }),

    live: (bucket: string, name: string): StoredObject | undefined =>
      maybe(
        db.prepare("SELECT * FROM storage_objects WHERE bucket = ? AND name = ? AND state = 'live'").get(bucket, name),
        objectOf,
      ),
    version: (bucket: string, name: string, generation: number): StoredObject | undefined =>
      maybe(
        db
          .prepare("SELECT * FROM storage_objects WHERE bucket = ? AND name = ? AND generation = ?")
          .get(bucket, name, generation),
        objectOf,
      ),
    /** Every version of every object, by name, the newest first; read in pages, so that each may be changed as it comes. */
    versions: function* (bucket: string): Generator<StoredObject> {
      const page = db.prepare(
        `SELECT * FROM storage_objects WHERE bucket = ? AND (name > ? OR (name = ? AND generation < ?))
         ORDER BY name, generation DESC LIMIT 500`,
      );
      let [name, generation] = ["", 0];
      for (;;) {
        const rows = page.all(bucket, name, name, generation).map(objectOf);
        yield* rows;
        const last = rows.at(-1);
        if (last === undefined) return;
        ({ name, generation } = last);
      }
    },
    /** Whether no object that a client would see is in the bucket (of names that begin so). */
    isEmpty: (bucket: string, prefix = ""): boolean =>
      db
        .prepare(
          "SELECT 1 FROM storage_objects WHERE bucket = ? AND name >= ? AND name < ? AND state <> 'deleted' LIMIT 1",
        )
        .get(bucket, prefix, `${prefix}\u{10ffff}\u{10ffff}`) === undefined,
    putObject: (object: StoredObject): void => {
      changed(object.bucket);
      db.prepare(
        `INSERT OR REPLACE INTO storage_objects (bucket, name, generation, state, file, size, resource, acl, purgeMs)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        object.bucket,
        object.name,
        object.generation,
        object.state,
        object.file,
        object.size,
        JSON.stringify(object.resource),
        JSON.stringify(object.acl),
        object.purgeMs,
      );
    },
    removeObject: ({ bucket, name, generation }: StoredObject): void => {
      changed(bucket);
      db.prepare("DELETE FROM storage_objects WHERE bucket = ? AND name = ? AND generation = ?").run(
        bucket,
        name,
        generation,
      );
    },
    fileIsKnown: (file: string): boolean =>
      db.prepare("SELECT 1 FROM storage_objects WHERE file = ? LIMIT 1").get(file) !== undefined,
    /** Soft-deleted objects whose time is over. */
    overdue: (nowMs: number): StoredObject[] =>
      db.prepare("SELECT * FROM storage_objects WHERE purgeMs <= ?").all(nowMs).map(objectOf),
    keepsDeleted: (): boolean =>
      db.prepare("SELECT 1 FROM storage_objects WHERE purgeMs IS NOT NULL LIMIT 1").get() !== undefined,
    lastGeneration: (): number =>
      Number(db.prepare("SELECT max(generation) AS last FROM storage_objects").get()?.last ?? 0),

    notifications: (bucket: string): NotificationMessage[] =>
      db
        .prepare("SELECT resource FROM storage_notifications WHERE bucket = ? ORDER BY id")
        .all(bucket)
        .map((row) => JSON.parse(String(row.resource)) as NotificationMessage),
    addNotification: (bucket: string, make: (id: string) => NotificationMessage): NotificationMessage =>
      db.tx(() => {
        const last = db.prepare("SELECT max(id) AS last FROM storage_notifications WHERE bucket = ?").get(bucket)?.last;
        const id = Number(last ?? 0) + 1;
        const made = make(String(id));
        db.prepare("INSERT INTO storage_notifications VALUES (?, ?, ?)").run(bucket, id, JSON.stringify(made));
        return made;
      }),
    removeNotification: (bucket: string, id: string): boolean =>
      db.prepare("DELETE FROM storage_notifications WHERE bucket = ? AND id = ?").run(bucket, Number(id)).changes > 0,
  };
}
