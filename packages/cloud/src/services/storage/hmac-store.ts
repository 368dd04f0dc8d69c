import { createHmac, timingSafeEqual } from "node:crypto";
import type { Host } from "../../host.ts";

export interface HmacKey {
  readonly accessId: string;
  readonly project: string;
  readonly email: string;
  readonly state: "ACTIVE" | "INACTIVE" | "DELETED";
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** Keys by which a service account signs without a private key. Their secrets are kept sealed. */
export type HmacKeys = ReturnType<typeof createHmacKeys>;

/** The keys of this cloud, made at first use. */
export function hmacKeysOf(host: Host): HmacKeys {
  return host.shared("storage.hmacKeys", () => createHmacKeys(host));
}

function createHmacKeys({ db, vault }: Host) {
  db.define(`CREATE TABLE IF NOT EXISTS storage_hmac_keys (
    accessId TEXT PRIMARY KEY, project TEXT NOT NULL, email TEXT NOT NULL, state TEXT NOT NULL, secret BLOB NOT NULL,
    createdMs INTEGER NOT NULL, updatedMs INTEGER NOT NULL) WITHOUT ROWID`);
  const columns = "accessId, project, email, state, createdMs, updatedMs";
  const keyOf = (row: Record<string, unknown>): HmacKey => row as unknown as HmacKey;
  const context = (accessId: string): string => `storage/hmac/${accessId}`;

  return {
    add: (key: HmacKey, secret: string): void => {
      db.prepare(
        "INSERT INTO storage_hmac_keys (accessId, project, email, state, secret, createdMs, updatedMs) VALUES (?, ?, ?, ?, ?, ?, ?)",
      ).run(
        key.accessId,
        key.project,
        key.email,
        key.state,
        vault.seal(Buffer.from(secret), context(key.accessId)),
        key.createdMs,
        key.updatedMs,
      );
    },
    get: (accessId: string): HmacKey | undefined => {
      const row = db.prepare(`SELECT ${columns} FROM storage_hmac_keys WHERE accessId = ?`).get(accessId);
      return row === undefined ? undefined : keyOf(row);
    },
    list: (project: string): HmacKey[] =>
      db
        .prepare(`SELECT ${columns} FROM storage_hmac_keys WHERE project = ? ORDER BY accessId`)
        .all(project)
        .map(keyOf),
    setState: (accessId: string, state: HmacKey["state"], nowMs: number): void => {
      db.prepare("UPDATE storage_hmac_keys SET state = ?, updatedMs = ? WHERE accessId = ?").run(
        state,
        nowMs,
        accessId,
      );
    },
    /** Whether the key signed the text, within the scope `20260101/us-central1/storage/goog4_request`. */
    signed: (accessId: string, scope: string, text: string, signature: Buffer): boolean => {
      const row = db.prepare("SELECT secret FROM storage_hmac_keys WHERE accessId = ?").get(accessId);
      if (row === undefined) return false;
      const secret = Buffer.from(vault.open(row.secret as Uint8Array, context(accessId))).toString();
      let key: Buffer | string = `GOOG4${secret}`;
      for (const part of scope.split("/")) key = createHmac("sha256", key).update(part).digest();
      const right = createHmac("sha256", key).update(text).digest();
      return right.length === signature.length && timingSafeEqual(right, signature);
    },
  };
}
