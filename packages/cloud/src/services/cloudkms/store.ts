import type {
  CryptoKeySchema,
  CryptoKeyVersion,
  KeyRingSchema,
} from "../../../gen/types/google/cloud/kms/v1/resources_pb.js";
import type { Database, Schemas } from "../../host.ts";
import { type Collection, collection } from "../../store/collection.ts";
import { versionName } from "./rules.ts";

/** What is kept of a key beside its message. */
export interface KeyState {
  /** How many versions were ever made: numbers are never used twice. */
  readonly versions: number;
  readonly primary: number | undefined;
}

export interface StoredVersion {
  readonly number: number;
  readonly message: CryptoKeyVersion;
}

/** A version with its key material, which only the vault can open; null once it is destroyed. */
export interface KeyedVersion extends StoredVersion {
  readonly sealed: Uint8Array | null;
  /** Marks the ciphertexts of this version. */
  readonly hint: Uint8Array;
}

export interface VersionCodec {
  encode(message: CryptoKeyVersion): Uint8Array;
  decode(bytes: Uint8Array): CryptoKeyVersion;
}

/** All names in here bear the project's id. */
export interface Store {
  readonly rings: Collection<typeof KeyRingSchema>;
  readonly keys: Collection<typeof CryptoKeySchema>;
  state(key: string): KeyState;
  setPrimary(key: string, number: number): void;
  /** When the key is to be rotated, in milliseconds; undefined: never. */
  setRotation(key: string, atMs: number | undefined): void;
  /** Takes the next version number of a key. */
  nextNumber(key: string): number;
  insertVersion(key: string, version: KeyedVersion): void;
  /** `destroysMs`: when it is to be destroyed; `wipe`: its material goes now, for good; `sealed`: it comes back. */
  updateVersion(
    key: string,
    version: StoredVersion,
    change?: { destroysMs?: number; wipe?: boolean; sealed?: Uint8Array },
  ): void;
  /** The version goes altogether; its number is not used again. */
  deleteVersion(key: string, number: number): void;
  /** The key goes; `isDeleted` knows its name from now on. */
  deleteKey(key: string): void;
  isDeleted(key: string): boolean;
  /** What a version's first imported material was, sealed; undefined when none was ever imported into it. */
  importedBefore(version: string): Uint8Array | undefined;
  setImported(version: string, sealed: Uint8Array): void;
  version(key: string, number: number): KeyedVersion | undefined;
  /** The version that the mark of a ciphertext stands for. */
  byHint(key: string, hint: Uint8Array): KeyedVersion | undefined;
  /** Ascending, those after `after`. */
  versions(key: string, after?: number): IterableIterator<StoredVersion>;
  countVersions(key: string): number;
  /** When the next thing falls due; undefined when nothing ever does. */
  nextDueMs(): number | undefined;
  toRotate(nowMs: number): { readonly key: string; readonly atMs: number }[];
  toDestroy(nowMs: number): { readonly key: string; readonly number: number; readonly atMs: number }[];
}

const schema = `
  CREATE TABLE IF NOT EXISTS kms_key_states (
    key TEXT PRIMARY KEY, versions INTEGER NOT NULL, prime INTEGER, rotates INTEGER) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS kms_key_states_by_rotation ON kms_key_states (rotates) WHERE rotates IS NOT NULL;
  CREATE TABLE IF NOT EXISTS kms_versions (
    key TEXT NOT NULL, number INTEGER NOT NULL, destroys INTEGER, hint BLOB NOT NULL, message BLOB NOT NULL, sealed BLOB,
    PRIMARY KEY (key, number)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS kms_versions_by_hint ON kms_versions (key, hint);
  CREATE TABLE IF NOT EXISTS kms_imported (version TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS kms_versions_by_destruction ON kms_versions (destroys) WHERE destroys IS NOT NULL;
`;

type Row = Record<string, unknown> | undefined;

export function createStore(
  db: Database,
  schemas: Schemas,
  types: { readonly ring: typeof KeyRingSchema; readonly key: typeof CryptoKeySchema; readonly version: VersionCodec },
): Store {
  db.define(schema);
  const { version: codec } = types;
  const keyed = (row: Row): KeyedVersion | undefined =>
    row && {
      number: row.number as number,
      message: codec.decode(row.message as Uint8Array),
      sealed: row.sealed as Uint8Array | null,
      hint: row.hint as Uint8Array,
    };
  const ensure = (key: string): void => {
    db.prepare("INSERT INTO kms_key_states (key, versions) VALUES (?, 0) ON CONFLICT (key) DO NOTHING").run(key);
  };

  const keys = collection({ db, schemas, table: "kms_keys", schema: types.key });

  return {
    rings: collection({ db, schemas, table: "kms_key_rings", schema: types.ring }),
    keys,
    state: (key) => {
      const row = db.prepare("SELECT versions, prime FROM kms_key_states WHERE key = ?").get(key) as Row;
      return { versions: Number(row?.versions ?? 0), primary: (row?.prime as number | null | undefined) ?? undefined };
    },
    setPrimary: (key, number) => {
      ensure(key);
      db.prepare("UPDATE kms_key_states SET prime = ? WHERE key = ?").run(number, key);
    },
    setRotation: (key, atMs) => {
      ensure(key);
      db.prepare("UPDATE kms_key_states SET rotates = ? WHERE key = ?").run(atMs ?? null, key);
    },
    nextNumber: (key) => {
      ensure(key);
      const row = db
        .prepare("UPDATE kms_key_states SET versions = versions + 1 WHERE key = ? RETURNING versions")
        .get(key);
      return (row as { versions: number }).versions;
    },
    insertVersion: (key, { number, hint, message, sealed }) => {
      db.prepare("INSERT INTO kms_versions (key, number, hint, message, sealed) VALUES (?, ?, ?, ?, ?)").run(
        key,
        number,
        hint,
        codec.encode(message),
        sealed,
      );
    },
    updateVersion: (key, { number, message }, change = {}) => {
      db.prepare(
        `UPDATE kms_versions SET destroys = ?, message = ?${change.wipe ? ", sealed = NULL" : ""} WHERE key = ? AND number = ?`,
      ).run(change.destroysMs ?? null, codec.encode(message), key, number);
      if (change.sealed === undefined) return;
      db.prepare("UPDATE kms_versions SET sealed = ? WHERE key = ? AND number = ?").run(change.sealed, key, number);
    },
    deleteVersion: (key, number) => {
      db.prepare("DELETE FROM kms_versions WHERE key = ? AND number = ?").run(key, number);
      db.prepare("UPDATE kms_key_states SET prime = NULL WHERE key = ? AND prime = ?").run(key, number);
      db.prepare("DELETE FROM kms_imported WHERE version = ?").run(versionName(key, number));
    },
    deleteKey: (key) => {
      ensure(key);
      keys.delete(key);
      db.prepare("UPDATE kms_key_states SET prime = NULL, rotates = NULL WHERE key = ?").run(key);
    },
    isDeleted: (key) =>
      !keys.has(key) && db.prepare("SELECT 1 FROM kms_key_states WHERE key = ?").get(key) !== undefined,
    importedBefore: (version) => {
      const row = db.prepare("SELECT sealed FROM kms_imported WHERE version = ?").get(version);
      return row?.sealed as Uint8Array | undefined;
    },
    setImported: (version, sealed) => {
      db.prepare("INSERT INTO kms_imported (version, sealed) VALUES (?, ?)").run(version, sealed);
    },
    version: (key, number) =>
      keyed(db.prepare("SELECT * FROM kms_versions WHERE key = ? AND number = ?").get(key, number)),
    byHint: (key, hint) => keyed(db.prepare("SELECT * FROM kms_versions WHERE key = ? AND hint = ?").get(key, hint)),
    versions: function* (key, after = 0) {
      const rows = db.prepare("SELECT number, message FROM kms_versions WHERE key = ? AND number > ? ORDER BY number");
      for (const row of rows.all(key, after)) {
        yield { number: row.number as number, message: codec.decode(row.message as Uint8Array) };
      }
    },
    countVersions: (key) => Number(db.prepare("SELECT count(*) AS n FROM kms_versions WHERE key = ?").get(key)?.n ?? 0),
    nextDueMs: () => {
      const row = db
        .prepare(
          "SELECT min(at) AS at FROM (SELECT min(rotates) AS at FROM kms_key_states UNION ALL SELECT min(destroys) FROM kms_versions)",
        )
        .get() as { at: number | null };
      return row.at ?? undefined;
    },
    toRotate: (nowMs) =>
      db
        .prepare("SELECT key, rotates FROM kms_key_states WHERE rotates <= ?")
        .all(nowMs)
        .map((row) => ({ key: row.key as string, atMs: row.rotates as number })),
    toDestroy: (nowMs) =>
      db
        .prepare("SELECT key, number, destroys FROM kms_versions WHERE destroys <= ?")
        .all(nowMs)
        .map((row) => ({ key: row.key as string, number: row.number as number, atMs: row.destroys as number })),
  };
}
