import { generateKeyPair, generateKeyPairSync, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { type Algorithm, hashBytes, type PqcType } from "./algorithms.ts";

const encoding = {
  publicKeyEncoding: { type: "spki", format: "der" },
  privateKeyEncoding: { type: "pkcs8", format: "der" },
} as const;

/** A new key: raw bytes of a symmetric one, PKCS #8 of a pair. RSA takes its time, and is made off this thread. */
export function newMaterial(algorithm: Algorithm): Uint8Array | Promise<Uint8Array> {
  switch (algorithm.kind) {
    case "symmetric":
    case "raw":
      return symmetricMaterial(algorithm);
    case "hmac":
      return randomBytes(hashBytes[algorithm.hash]);
    case "ec":
      return generateKeyPairSync("ec", { namedCurve: algorithm.curve, ...encoding }).privateKey;
    case "ed25519":
      return generateKeyPairSync("ed25519", encoding).privateKey;
    case "pqc":
      return pqc(algorithm.type);
    default:
      return rsa(algorithm.bits);
  }
}

export function symmetricMaterial({ bits }: { readonly bits: number }): Uint8Array {
  return randomBytes(bits / 8);
}

/** Off this thread as well: SLH-DSA is slow. */
async function pqc(type: PqcType): Promise<Uint8Array> {
  // The types of Node know the names one by one; the encoding of the answer is the same for each.
  const { privateKey } = await promisify(generateKeyPair)(type as "ml-dsa-44", encoding);
  return privateKey;
}

async function rsa(modulusLength: number): Promise<Uint8Array> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength, ...encoding });
  return privateKey;
}
