import { createHash } from "node:crypto";

/** A number from 0 up to 1 that depends on the seed and the text alone. */
export function drawn(seed: string, text: string): number {
  return createHash("sha256").update(`${seed}/${text}`).digest().readUIntBE(0, 6) / 2 ** 48;
}
