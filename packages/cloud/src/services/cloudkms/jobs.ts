import { createPublicKey, generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { ImportJob_ImportJobState as State } from "../../../gen/cloudkms-v1.enums.ts";
import type { ImportJob, ImportJobSchema } from "../../../gen/types/google/cloud/kms/v1/resources_pb.js";
import type { Host } from "../../host.ts";
import { type Collection, collection } from "../../store/collection.ts";
import { timestamp } from "./new-version.ts";
import { privateKey } from "./signing.ts";
import { importMethodOf } from "./unwrap.ts";

/** Import jobs with their wrapping keys. All names in here bear the project's id. */
export interface Jobs {
  readonly schema: typeof ImportJobSchema;
  readonly all: Collection<typeof ImportJobSchema>;
  /** Stores a new job, whose key is made from now on. False when the name is taken. */
  insert(job: ImportJob, expiresMs: number): boolean;
  /** Resolves when the job's key has been made (or the job is gone). Throws when it cannot be made. */
  ready(name: string): Promise<void>;
  /** The private half of an active job's wrapping key, PKCS #8. */
  keyOf(name: string): Uint8Array | undefined;
  nextDueMs(): number | undefined;
  /** Ends the jobs whose time is over: their keys go for good. */
  expire(nowMs: number): void;
  /** Keys that are being made are not waited for; the next start makes them anew. */
  stop(): void;
}

export function createJobs(host: Host): Jobs {
  const { db, schemas, vault, clock } = host;
  const schema = schemas.message<typeof ImportJobSchema>("google.cloud.kms.v1.ImportJob");
  const all = collection({ db, schemas, table: "kms_import_jobs", schema });
  db.define(`
    CREATE TABLE IF NOT EXISTS kms_import_keys (name TEXT PRIMARY KEY, expires INTEGER, sealed BLOB) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS kms_import_keys_by_end ON kms_import_keys (expires) WHERE expires IS NOT NULL;
  `);
  const making = new Map<string, Promise<void>>();
  let stopped = false;

  /** RSA takes its time, and is made off this thread. */
  const make = async (name: string): Promise<void> => {
    const method = importMethodOf(all.get(name)?.importMethod ?? 0);
    if (method === undefined) return;
    const { privateKey: material } = await promisify(generateKeyPair)("rsa", {
      modulusLength: method.bits,
      publicKeyEncoding: { type: "spki", format: "der" },
      privateKeyEncoding: { type: "pkcs8", format: "der" },
    });
    if (stopped) return;
    db.tx(() => {
      const job = all.get(name);
      if (job?.state !== State.PENDING_GENERATION) return;
      const pem = createPublicKey(privateKey(material)).export({ type: "spki", format: "pem" }).toString();
      job.state = State.ACTIVE;
      job.generateTime = timestamp(Math.floor(clock.now() * 1000));
      job.publicKey = {
        $typeName: "google.cloud.kms.v1.ImportJob.WrappingPublicKey",
        pem,
        data: new Uint8Array(),
      };
      all.put(name, job);
      db.prepare("UPDATE kms_import_keys SET sealed = ? WHERE name = ?").run(vault.seal(material, name), name);
    });
  };

  const ready = (name: string): Promise<void> => {
    const under = making.get(name);
    if (under !== undefined) return under;
    const work = make(name).finally(() => making.delete(name));
    making.set(name, work);
    return work;
  };

  return {
    schema,
    all,
    insert: (job, expiresMs) => {
      const fresh = db.tx(() => {
        if (!all.insert(job.name, job)) return false;
        db.prepare("INSERT INTO kms_import_keys (name, expires) VALUES (?, ?)").run(job.name, expiresMs);
        return true;
      });
      // Whoever asks for the job hears of a failure; until then nobody does.
      if (fresh) ready(job.name).catch(() => undefined);
      return fresh;
    },
    ready,
    keyOf: (name) => {
      const row = db.prepare("SELECT sealed FROM kms_import_keys WHERE name = ?").get(name);
      return row?.sealed instanceof Uint8Array ? vault.open(row.sealed, name) : undefined;
    },
    nextDueMs: () => {
      const row = db.prepare("SELECT min(expires) AS at FROM kms_import_keys").get();
      return (row?.at as number | null | undefined) ?? undefined;
    },
    expire: (nowMs) => {
      for (const row of db.prepare("SELECT name, expires FROM kms_import_keys WHERE expires <= ?").all(nowMs)) {
        const name = String(row.name);
        const job = all.get(name);
        if (job !== undefined) {
          job.state = State.EXPIRED;
          job.expireEventTime = timestamp(Math.floor(Number(row.expires) * 1000));
          delete job.publicKey;
          all.put(name, job);
        }
        db.prepare("UPDATE kms_import_keys SET expires = NULL, sealed = NULL WHERE name = ?").run(name);
      }
    },
    stop: () => {
      stopped = true;
    },
  };
}
