import { createHash } from "node:crypto";

/** A number from 0 up to 1 that depends on the seed and the text alone. */
export function drawn(seed: string, text: string): number {
  return createHash("sha256").update(`${seed}/${text}`).digest().readUIntBE(0, 6) / 2 ** 48;
}

/** Numbers from 0 up to 1, the same for the same seed, in the same order. */
export function seededRandom(seed: string): () => number {
  let count = 0;
  return () => drawn(seed, String(count++));
}
