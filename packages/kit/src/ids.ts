import { createHash, randomBytes } from "node:crypto";

const lower = "abcdefghijklmnopqrstuvwxyz0123456789";

/** Where names and ids come from. Tests hand in `seededIds`. */
export interface Ids {
  /** `length` characters of a-z and 0-9. */
  short(length: number): string;
  /** A UUID, version 4 in form. */
  uuid(): string;
  /** `length` decimal digits, the first not 0. */
  digits(length: number): string;
}

function idsFrom(bytes: (count: number) => Uint8Array): Ids {
  return {
    short: (length) => Array.from(bytes(length), (b) => lower[b % lower.length]).join(""),
    digits: (length) => Array.from(bytes(length), (b, i) => (i === 0 ? 1 + (b % 9) : b % 10)).join(""),
    uuid: () => {
      const hex = Buffer.from(bytes(16)).toString("hex");
      const variant = "89ab"[Number.parseInt(hex[16] as string, 16) % 4];
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
  };
}

/** Ids from the system's random source. */
export const randomIds: Ids = idsFrom(randomBytes);

/** Ids that are the same for the same seed, in the same order. */
export function seededIds(seed: string): Ids {
  let drawn = 0;
  return idsFrom((count) => {
    const parts: Buffer[] = [];
    for (let have = 0; have < count; have += 32) parts.push(createHash("sha256").update(`${seed}/${drawn++}`).digest());
    return Buffer.concat(parts).subarray(0, count);
  });
}

/** `length` characters of a-z and 0-9 that depend on `text` alone. */
export function shortHash(text: string, length: number): string {
  return Array.from(
    createHash("sha256").update(text).digest().subarray(0, length),
    (b) => lower[b % lower.length],
  ).join("");
}
