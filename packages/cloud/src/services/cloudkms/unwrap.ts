import { constants, createDecipheriv, createPrivateKey, privateDecrypt } from "node:crypto";
import { ImportJob_ImportMethod as Methods } from "../../../gen/cloudkms-v1.enums.ts";
import { type Algorithm, hashBytes } from "./algorithms.ts";
import { privateKey } from "./signing.ts";

/** How key material is wrapped on its way here: by RSA-OAEP alone, or by an AES key that RSA-OAEP wraps. */
export interface ImportMethod {
  readonly bits: 3072 | 4096;
  readonly hash: "sha1" | "sha256";
  readonly aes: boolean;
}

const names = new Map<number, string>(Object.entries(Methods).map(([name, number]) => [number, name]));

export const importMethodName = (number: number): string => names.get(number) ?? String(number);

/** Google's names say it all: `RSA_OAEP_3072_SHA1_AES_256`. Undefined for one that is not here (HPKE). */
export function importMethodOf(number: number): ImportMethod | undefined {
  const [, bits, hash, aes] = /^RSA_OAEP_(3072|4096)_SHA(1|256)(_AES_256)?$/.exec(importMethodName(number)) ?? [];
  if (bits === undefined) return undefined;
  return { bits: bits === "3072" ? 3072 : 4096, hash: hash === "1" ? "sha1" : "sha256", aes: aes !== undefined };
}

/** Why key material could not be imported: what `import_failure_reason` says. */
export class ImportFailure extends Error {}

/** The words of docs.cloud.google.com/kms/docs/troubleshooting-failed-imports. */
const malformed = "The key material in the import request couldn't be unwrapped or wasn't formatted correctly.";
/** The alternative initial value of RFC 5649, by which OpenSSL knows padded wrapping. */
const paddedIv = Buffer.from("a65959a6", "hex");

/** The key material that was wrapped for this job's key (PKCS #8). Throws `ImportFailure`. */
export function unwrap({ bits, hash, aes }: ImportMethod, jobKey: Uint8Array, wrapped: Uint8Array): Uint8Array {
  const length = bits / 8;
  const rsa = (data: Uint8Array): Buffer => {
    try {
      return privateDecrypt(
        { key: privateKey(jobKey), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash },
        data,
      );
    } catch {
      throw new ImportFailure(malformed);
    }
  };
  if (!aes) {
    if (wrapped.length !== length) throw new ImportFailure("Wrapped key has invalid length.");
    return rsa(wrapped);
  }
  const inner = wrapped.subarray(length);
  if (inner.length < 16) throw new ImportFailure("Wrapped key is too short.");
  if (inner.length % 8 !== 0) throw new ImportFailure("Wrapped key does not consist of 64-bit blocks.");
  const key = rsa(wrapped.subarray(0, length));
  try {
    const decipher = createDecipheriv("id-aes256-wrap-pad", key, paddedIv);
    return Buffer.concat([decipher.update(inner), decipher.final()]);
  } catch {
    throw new ImportFailure(malformed);
  }
}

/** The material as it is kept here. Throws `ImportFailure` when it is no key of this algorithm. */
export function importedMaterial(algorithm: Algorithm, given: Uint8Array): Uint8Array {
  const wrong = (): ImportFailure => new ImportFailure(malformed);
  switch (algorithm.kind) {
    case "symmetric":
    case "raw":
      if (given.length !== algorithm.bits / 8) throw wrong();
      return given;
    case "hmac":
      if (given.length !== hashBytes[algorithm.hash]) throw wrong();
      return given;
  }
  const key = (() => {
    try {
      return createPrivateKey({ key: Buffer.from(given), format: "der", type: "pkcs8" });
    } catch {
      throw wrong();
    }
  })();
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  const fits = (() => {
    switch (algorithm.kind) {
      case "ec":
        return key.asymmetricKeyType === "ec" && namedCurve === algorithm.curve;
      case "ed25519":
        return key.asymmetricKeyType === "ed25519";
      case "pqc":
        return key.asymmetricKeyType === algorithm.type;
      default:
        return key.asymmetricKeyType === "rsa" && modulusLength === algorithm.bits;
    }
  })();
  if (!fits) throw wrong();
  return key.export({ format: "der", type: "pkcs8" });
}
