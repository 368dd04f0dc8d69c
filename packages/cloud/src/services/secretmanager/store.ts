import type { Secret, SecretVersion } from "../../../gen/types/google/cloud/secretmanager/v1/resources_pb.js";
import type { Database } from "../../host.ts";
import { createAccessCache } from "./access-cache.ts";

/** How messages become bytes and back; the store itself knows no protobuf. */
export interface Codec {
  readonly secret: { encode(message: Secret): Uint8Array; decode(bytes: Uint8Array): Secret };
  readonly version: { encode(message: SecretVersion): Uint8Array; decode(bytes: Uint8Array): SecretVersion };
}

export interface StoredSecret {
  readonly message: Secret;
  /** Of the last change, in microseconds: what the etag is made from. */
  readonly changedMicros: number;
}

export interface StoredVersion {
  readonly message: SecretVersion;
  readonly number: number;
  readonly changedMicros: number;
}

/** What `access` reads, in one statement. */
export interface AccessRow {
  readonly version: number;
  /** `SecretVersion.State` */
  readonly state: number;
  readonly sealed: Uint8Array | null;
  readonly crc: number;
}

/** All names in here bear the project's id, never its number. */
export type Store = ReturnType<typeof createStore>;

const schema = `
  CREATE TABLE IF NOT EXISTS secrets (
    name TEXT PRIMARY KEY, parent TEXT NOT NULL, changed INTEGER NOT NULL, expires INTEGER, versions INTEGER NOT NULL,
    message BLOB NOT NULL) WITHOUT ROWID;
  DROP INDEX IF EXISTS secrets_by_parent;
  CREATE INDEX IF NOT EXISTS secrets_by_expiry ON secrets (expires) WHERE expires IS NOT NULL;
  CREATE TABLE IF NOT EXISTS secret_versions (
    secret TEXT NOT NULL, version INTEGER NOT NULL, state INTEGER NOT NULL, changed INTEGER NOT NULL, destroys INTEGER,
    crc INTEGER NOT NULL, message BLOB NOT NULL, sealed BLOB, PRIMARY KEY (secret, version)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS secret_versions_by_destruction ON secret_versions (destroys) WHERE destroys IS NOT NULL;
`;

const accessColumns = "SELECT version, state, sealed, crc FROM secret_versions WHERE secret = ?";

export function createStore(db: Database, codec: Codec) {
  db.define(schema);
  const kept = createAccessCache();
  const byNumber = db.prepare(`${accessColumns} AND version = ?`);
  const newest = db.prepare(`${accessColumns} ORDER BY version DESC LIMIT 1`);
  const oneSecret = db.prepare("SELECT message, changed FROM secrets WHERE name = ?");
  // Names begin with their parent's: its secrets stand together.
  const secretsAfter = db.prepare("SELECT message, changed FROM secrets WHERE name > ? AND name < ? ORDER BY name");
  const countSecrets = db.prepare("SELECT count(*) AS n FROM secrets WHERE name > ? AND name < ?");
  const counts = new Map<string, number>();
  db.onRollback(() => {
    kept.clear();
    counts.clear();
  });
  const oneVersion = db.prepare(
    "SELECT message, version, changed FROM secret_versions WHERE secret = ? AND version = ?",
  );
  const newestVersion = db.prepare(
    "SELECT message, version, changed FROM secret_versions WHERE secret = ? ORDER BY version DESC LIMIT 1",
  );
  const versionsBefore = db.prepare(
    "SELECT message, version, changed FROM secret_versions WHERE secret = ? AND version < ? ORDER BY version DESC",
  );
  const countVersions = db.prepare("SELECT count(*) AS n FROM secret_versions WHERE secret = ?");

  type SecretRow = { message: Uint8Array; changed: number } | undefined;
  type VersionRow = { message: Uint8Array; version: number; changed: number } | undefined;
  const secretFrom = (row: NonNullable<SecretRow>): StoredSecret => ({
    message: codec.secret.decode(row.message),
    changedMicros: row.changed,
  });
  const versionFrom = (row: NonNullable<VersionRow>): StoredVersion => ({
    message: codec.version.decode(row.message),
    number: row.version,
    changedMicros: row.changed,
  });

  return {
    /** The row of a version by number, or of the newest; undefined when there is none. */
    access: (secret: string, version: number | "latest"): AccessRow | undefined => {
      const known = kept.get(secret, version);
      if (known !== undefined) return known;
      const row = (version === "latest" ? newest.get(secret) : byNumber.get(secret, version)) as AccessRow | undefined;
      if (row !== undefined) kept.put(secret, version, row);
      return row;
    },

    secret: (name: string): StoredSecret | undefined => {
      const row = oneSecret.get(name) as SecretRow;
      return row && secretFrom(row);
    },
    /** By name, those after the name `after` (`""`: from the first). Read as they are asked for: take what you need at once. */
    secrets: function* (parent: string, after = ""): Generator<StoredSecret> {
      const [first, end] = rangeOf(parent);
      for (const row of secretsAfter.iterate(after > first ? after : first, end))
        yield secretFrom(row as NonNullable<SecretRow>);
    },
    countSecrets: (parent: string): number => {
      const known = counts.get(parent);
      if (known !== undefined) return known;
      const count = Number(countSecrets.get(...rangeOf(parent))?.n);
      counts.set(parent, count);
      return count;
    },
    insertSecret: (parent: string, secret: Secret, changedMicros: number, expiresMs: number | undefined): void => {
      db.prepare(
        "INSERT INTO secrets (name, parent, changed, expires, versions, message) VALUES (?, ?, ?, ?, 0, ?)",
      ).run(secret.name, parent, changedMicros, expiresMs ?? null, codec.secret.encode(secret));
      const count = counts.get(parent);
      if (count !== undefined) counts.set(parent, count + 1);
    },
    updateSecret: (secret: Secret, changedMicros: number, expiresMs: number | undefined): void => {
      db.prepare("UPDATE secrets SET changed = ?, expires = ?, message = ? WHERE name = ?").run(
        changedMicros,
        expiresMs ?? null,
        codec.secret.encode(secret),
        secret.name,
      );
    },
    deleteSecret: (name: string): void => {
      kept.forget(name);
      counts.clear();
      db.prepare("DELETE FROM secret_versions WHERE secret = ?").run(name);
      db.prepare("DELETE FROM secrets WHERE name = ?").run(name);
    },

    /** Takes the next version number of a secret; numbers are never used twice. */
    nextVersion: (secret: string): number => {
      const row = db
        .prepare("UPDATE secrets SET versions = versions + 1 WHERE name = ? RETURNING versions")
        .get(secret);
      return (row as { versions: number }).versions;
    },
    insertVersion: (
      secret: string,
      number: number,
      version: SecretVersion,
      payload: { readonly sealed: Uint8Array; readonly crc: number },
      changedMicros: number,
    ): void => {
      kept.forget(secret);
      db.prepare(
        "INSERT INTO secret_versions (secret, version, state, changed, destroys, crc, message, sealed) VALUES (?, ?, ?, ?, NULL, ?, ?, ?)",
      ).run(secret, number, version.state, changedMicros, payload.crc, codec.version.encode(version), payload.sealed);
    },
    version: (secret: string, number: number | "latest"): StoredVersion | undefined => {
      const row = (number === "latest" ? newestVersion.get(secret) : oneVersion.get(secret, number)) as VersionRow;
      return row && versionFrom(row);
    },
    /** The newest first, those below the number `before`. Read as they are asked for: take what you need at once. */
    versions: function* (secret: string, before = Number.MAX_SAFE_INTEGER): Generator<StoredVersion> {
      for (const row of versionsBefore.iterate(secret, before)) yield versionFrom(row as NonNullable<VersionRow>);
    },
    countVersions: (secret: string): number => Number(countVersions.get(secret)?.n),
    /** `wipe`: the payload is overwritten with nothing, for good. */
    updateVersion: (
      secret: string,
      number: number,
      version: SecretVersion,
      change: { readonly changedMicros: number; readonly destroysMs?: number | undefined; readonly wipe?: boolean },
    ): void => {
      kept.forget(secret);
      db.prepare(
        `UPDATE secret_versions SET state = ?, changed = ?, destroys = ?, message = ?${change.wipe ? ", sealed = NULL" : ""}
         WHERE secret = ? AND version = ?`,
      ).run(
        version.state,
        change.changedMicros,
        change.destroysMs ?? null,
        codec.version.encode(version),
        secret,
        number,
      );
    },

    /** When the next secret expires or the next version is to be destroyed; undefined when nothing is due ever. */
    nextDueMs: (): number | undefined => {
      const row = db
        .prepare(
          `SELECT min(at) AS at FROM (SELECT min(expires) AS at FROM secrets WHERE expires IS NOT NULL
           UNION ALL SELECT min(destroys) FROM secret_versions WHERE destroys IS NOT NULL)`,
        )
        .get() as { at: number | null };
      return row.at ?? undefined;
    },
    expired: (nowMs: number): string[] =>
      db
        .prepare("SELECT name FROM secrets WHERE expires <= ?")
        .all(nowMs)
        .map((row) => row.name as string),
    toDestroy: (nowMs: number): { readonly secret: string; readonly number: number; readonly atMs: number }[] =>
      db
        .prepare("SELECT secret, version, destroys FROM secret_versions WHERE destroys <= ?")
        .all(nowMs)
        .map((row) => ({
          secret: row.secret as string,
          number: row.version as number,
          atMs: row.destroys as number,
        })),
  };
}

/** Between which names those of a parent's secrets stand. */
function rangeOf(parent: string): [string, string] {
  return [`${parent}/secrets/`, `${parent}/secrets0`];
}
