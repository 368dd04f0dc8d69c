import { generateKeyPair, generateKeyPairSync, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { type Algorithm, hashBytes } from "./algorithms.ts";

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
    default:
      return rsa(algorithm.bits);
  }
}

export function symmetricMaterial({ bits }: { readonly bits: number }): Uint8Array {
  return randomBytes(bits / 8);
}

async function rsa(modulusLength: number): Promise<Uint8Array> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength, ...encoding });
  return privateKey;
}
