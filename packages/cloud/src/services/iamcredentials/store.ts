import { createPrivateKey, generateKeyPair, type KeyObject, sign } from "node:crypto";
import { promisify } from "node:util";
import type { Host } from "../../host.ts";

/** A key of a service account's own that Google would keep: it never leaves, and signs what its account may sign. */
export interface SigningKey {
  readonly id: string;
  sign(data: Uint8Array): Uint8Array;
}

/** The system-managed key of an account: sealed in the database, made at its first use. */
export async function signingKey(host: Host, uniqueId: string): Promise<SigningKey> {
  host.db.define(
    "CREATE TABLE IF NOT EXISTS signing_keys (account TEXT PRIMARY KEY, id TEXT NOT NULL, sealed BLOB NOT NULL)",
  );
  const context = `signing-key/${uniqueId}`;
  const stored = (): { readonly id: string; readonly key: KeyObject } | undefined => {
    const row = host.db.prepare("SELECT id, sealed FROM signing_keys WHERE account = ?").get(uniqueId);
    if (row === undefined) return undefined;
    const der = Buffer.from(host.vault.open(row.sealed as Uint8Array, context));
    return { id: String(row.id), key: createPrivateKey({ key: der, format: "der", type: "pkcs8" }) };
  };
  let found = stored();
  if (found === undefined) {
    const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
    const der = privateKey.export({ format: "der", type: "pkcs8" });
    const id = host.ids.uuid().replaceAll("-", "").padEnd(40, "0");
    host.db
      .prepare("INSERT INTO signing_keys (account, id, sealed) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
      .run(uniqueId, id, host.vault.seal(der, context));
    found = stored();
  }
  if (found === undefined) throw new Error("a signing key was not kept");
  const { id, key } = found;
  return { id, sign: (data) => sign("sha256", data, key) };
}
