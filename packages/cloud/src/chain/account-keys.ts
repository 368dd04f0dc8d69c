import { createHash, createPublicKey, generateKeyPair, type KeyObject, type X509Certificate } from "node:crypto";
import { promisify } from "node:util";
import type { MovableClock } from "@aloft/kit/clock";
import type { Database } from "../host.ts";
import { selfSignedCertificate } from "./key-certificate.ts";

/** A user-managed key of a service account: its public half. The private one is shown once and not kept. */
export interface AccountKey {
  readonly id: string;
  /** The account's unique id: a later account of the same e-mail does not inherit it. */
  readonly account: string;
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicKey: string;
  readonly createdMs: number;
  readonly disabled: boolean;
  /** Of a key that was made elsewhere and uploaded as a certificate: when that is valid. */
  readonly uploaded?: { readonly fromMs: number; readonly toMs: number };
}

const table = `CREATE TABLE IF NOT EXISTS service_account_keys (
  id TEXT PRIMARY KEY, account TEXT NOT NULL, public_key TEXT NOT NULL, created_ms INTEGER NOT NULL, disabled INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS service_account_certificates (key TEXT PRIMARY KEY, certificate TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS service_account_uploads (key TEXT PRIMARY KEY, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL)`;

/** The user-managed keys of service accounts, by the account's unique id. */
export interface AccountKeys {
  get(account: string, id: string): AccountKey | undefined;
  list(account: string): readonly AccountKey[];
  /** `name` is the account's e-mail, for the certificate. */
  create(account: string, name: string): Promise<{ readonly key: AccountKey; readonly privateKey: string }>;
  /** Its public half as a certificate, PEM; undefined for a key that has none. */
  certificate(id: string): string | undefined;
  /** A key that was made elsewhere, by its certificate (PEM). Undefined where that key is here already. */
  upload(account: string, certificate: X509Certificate): AccountKey | undefined;
  setDisabled(id: string, disabled: boolean): void;
  delete(id: string): void;
}

export function createAccountKeys(parts: { readonly db: Database; readonly clock: MovableClock }): AccountKeys {
  const { db, clock } = parts;
  db.define(table);
  const read = (row: Record<string, unknown>): AccountKey => ({
    id: String(row.id),
    account: String(row.account),
    publicKey: String(row.public_key),
    createdMs: Number(row.created_ms),
    disabled: row.disabled === 1,
    ...(row.from_ms === null ? {} : { uploaded: { fromMs: Number(row.from_ms), toMs: Number(row.to_ms) } }),
  });
  const rows = `SELECT * FROM service_account_keys LEFT JOIN service_account_uploads ON key = id`;
  const add = (key: AccountKey, certificate: string): void =>
    db.tx(() => {
      const { id, account, publicKey, createdMs, uploaded } = key;
      db.prepare("INSERT INTO service_account_keys VALUES (?, ?, ?, ?, 0)").run(id, account, publicKey, createdMs);
      db.prepare("INSERT INTO service_account_certificates VALUES (?, ?)").run(id, certificate);
      if (uploaded === undefined) return;
      db.prepare("INSERT INTO service_account_uploads VALUES (?, ?, ?)").run(id, uploaded.fromMs, uploaded.toMs);
    });
  return {
    get: (account, id) => {
      const row = db.prepare(`${rows} WHERE account = ? AND id = ?`).get(account, id);
      return row === undefined ? undefined : read(row);
    },
    list: (account) => db.prepare(`${rows} WHERE account = ? ORDER BY created_ms, id`).all(account).map(read),
    certificate: (id) => {
      const row = db.prepare("SELECT certificate FROM service_account_certificates WHERE key = ?").get(id);
      return row === undefined ? undefined : String(row.certificate);
    },
    create: async (account, name) => {
      const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
      const publicKey = pem(createPublicKey(privateKey), "spki");
      const id = createHash("sha1").update(publicKey).digest("hex");
      const key: AccountKey = { id, account, publicKey, createdMs: clock.now(), disabled: false };
      const own = pem(privateKey, "pkcs8");
      const made = { privateKey: own, publicKey, name, serialNumber: `00${id.slice(0, 16)}`, fromMs: key.createdMs };
      add(key, await selfSignedCertificate(made));
      return { key, privateKey: own };
    },
    upload: (account, certificate) => {
      const publicKey = pem(certificate.publicKey, "spki");
      const id = createHash("sha1").update(publicKey).digest("hex");
      if (db.prepare("SELECT 1 FROM service_account_keys WHERE id = ?").get(id) !== undefined) return undefined;
      const uploaded = { fromMs: Date.parse(certificate.validFrom), toMs: Date.parse(certificate.validTo) };
      const key: AccountKey = { id, account, publicKey, createdMs: clock.now(), disabled: false, uploaded };
      add(key, certificate.toString());
      return key;
    },
    setDisabled: (id, disabled) => {
      db.prepare("UPDATE service_account_keys SET disabled = ? WHERE id = ?").run(Number(disabled), id);
    },
    delete: (id) => {
      db.prepare("DELETE FROM service_account_keys WHERE id = ?").run(id);
      db.prepare("DELETE FROM service_account_certificates WHERE key = ?").run(id);
      db.prepare("DELETE FROM service_account_uploads WHERE key = ?").run(id);
    },
  };
}

function pem(key: KeyObject, type: "spki" | "pkcs8"): string {
  return String(key.export({ format: "pem", type }));
}
