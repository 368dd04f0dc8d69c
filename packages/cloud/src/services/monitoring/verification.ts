import { createHash } from "node:crypto";
import { type Timestamp, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import type { NotificationChannel } from "../../../gen/types/google/monitoring/v3/notification_pb.js";
import type { Host } from "../../host.ts";

const codeLivesMs = 24 * 3_600_000;
const codeLivesAtMostMs = 30 * 24 * 3_600_000;

/** Codes that show that somebody reads what is sent to a channel. */
export interface Verification {
  /** Makes a code and tells it to the laptop's user, who stands for whoever would receive it. */
  send(channel: NotificationChannel): void;
  /** A code for another channel of the same type and identity. */
  make(
    channel: NotificationChannel,
    expires: Timestamp | undefined,
  ): { readonly code: string; readonly expireTime: Timestamp };
  /** Whether the code was made for such a channel and has not expired. */
  holds(channel: NotificationChannel, code: string): boolean;
}

export function createVerification(host: Host): Verification {
  const { db, clock, ids } = host;
  db.define(`
    CREATE TABLE IF NOT EXISTS notification_codes (
      code_hash TEXT PRIMARY KEY, identity_hash TEXT NOT NULL, expires_ms INTEGER NOT NULL
    );
  `);
  const hash = (text: string): string => createHash("sha256").update(text).digest("hex");
  /** Channels of one type with the same labels are the same. */
  const identity = ({ type, labels }: NotificationChannel): string =>
    hash(JSON.stringify([type, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]));
  const keep = (channel: NotificationChannel, code: string, expiresMs: number): void => {
    db.prepare("DELETE FROM notification_codes WHERE expires_ms < ?").run(clock.now());
    db.prepare("INSERT INTO notification_codes (code_hash, identity_hash, expires_ms) VALUES (?, ?, ?)").run(
      hash(code),
      identity(channel),
      expiresMs,
    );
  };
  const fresh = (): string => `G-${ids.digits(9)}`;

  return {
    send: (channel) => {
      const code = fresh();
      keep(channel, code, clock.now() + codeLivesMs);
      host.note(`monitoring.code.${code}`, `Monitoring: the verification code for ${channel.name} is ${code}.`);
    },
    make: (channel, expires) => {
      const most = clock.now() + codeLivesAtMostMs;
      const expiresMs = expires === undefined ? clock.now() + codeLivesMs : Math.min(timestampMs(expires), most);
      const code = fresh();
      keep(channel, code, expiresMs);
      return { code, expireTime: timestampFromMs(expiresMs) };
    },
    holds: (channel, code) =>
      db
        .prepare("SELECT 1 FROM notification_codes WHERE code_hash = ? AND identity_hash = ? AND expires_ms > ?")
        .get(hash(code), identity(channel), clock.now()) !== undefined,
  };
}
