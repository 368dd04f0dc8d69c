import { crc32c } from "@aloft/kit/crc32c";
import { invalid } from "./rules.ts";

export const checksum = (data: Uint8Array): bigint => BigInt(crc32c(data));

/**
 * Whether a checksum was given, and so was verified: what the `verified…` fields of an answer say. Throws in Google's
 * words (its clients look for them) when it is not the data's. `field` by its proto name.
 */
export function verified(field: string, data: Uint8Array, given: bigint | undefined): boolean {
  if (given === undefined) return false;
  if (given !== checksum(data)) {
    throw invalid(`The checksum in field ${field}_crc32c did not match the data in field ${field}.`);
  }
  return true;
}
