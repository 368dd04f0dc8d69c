import {
  CryptoKeyVersion_CryptoKeyVersionAlgorithm as Algorithms,
  CryptoKey_CryptoKeyPurpose as Purposes,
} from "../../../gen/cloudkms-v1.enums.ts";

export type Hash = "sha1" | "sha224" | "sha256" | "sha384" | "sha512";
export type Curve = "prime256v1" | "secp384r1" | "secp256k1";
/** Post-quantum keys, by Node's names for their types (FIPS 203, 204, 205). */
export type PqcType = "ml-kem-768" | "ml-kem-1024" | "ml-dsa-44" | "ml-dsa-65" | "ml-dsa-87" | "slh-dsa-sha2-128s";
export type Purpose = keyof typeof Purposes;

/** What key material an algorithm has, and what is done with it. Sizes in bits. */
export type Algorithm =
  | { readonly purpose: "ENCRYPT_DECRYPT"; readonly kind: "symmetric"; readonly bits: 256 }
  | {
      readonly purpose: "RAW_ENCRYPT_DECRYPT";
      readonly kind: "raw";
      readonly bits: 128 | 256;
      readonly mode: "gcm" | "cbc" | "ctr";
    }
  | {
      readonly purpose: "ASYMMETRIC_SIGN";
      readonly kind: "rsa";
      readonly bits: number;
      readonly padding: "pss" | "pkcs1";
      readonly hash: Hash;
    }
  | { readonly purpose: "ASYMMETRIC_SIGN"; readonly kind: "rsaRaw"; readonly bits: number }
  | { readonly purpose: "ASYMMETRIC_SIGN"; readonly kind: "ec"; readonly curve: Curve; readonly hash: Hash }
  | { readonly purpose: "ASYMMETRIC_SIGN"; readonly kind: "ed25519" }
  | { readonly purpose: "ASYMMETRIC_SIGN"; readonly kind: "pqc"; readonly type: PqcType }
  | { readonly purpose: "KEY_ENCAPSULATION"; readonly kind: "pqc"; readonly type: PqcType }
  | { readonly purpose: "ASYMMETRIC_DECRYPT"; readonly kind: "oaep"; readonly bits: number; readonly hash: Hash }
  | { readonly purpose: "MAC"; readonly kind: "hmac"; readonly hash: Hash };

export const hashBytes: Readonly<Record<Hash, number>> = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 };

const curves: Readonly<Record<string, Curve>> = { P256: "prime256v1", P384: "secp384r1", SECP256K1: "secp256k1" };
const names = new Map<number, string>(Object.entries(Algorithms).map(([name, number]) => [number, name]));
const purposes = new Map<number, string>(Object.entries(Purposes).map(([name, number]) => [number, name]));
const known = new Map<number, Algorithm | undefined>();

export const algorithmName = (number: number): string => names.get(number) ?? String(number);
export const purposeName = (number: number): Purpose =>
  (purposes.get(number) ?? "CRYPTO_KEY_PURPOSE_UNSPECIFIED") as Purpose;

/** The algorithm of this number; undefined for one that is not here (X-Wing, prehashed post-quantum signatures, external, key wrapping). */
export function algorithmOf(number: number): Algorithm | undefined {
  if (!known.has(number)) known.set(number, read(algorithmName(number)));
  return known.get(number);
}

/** Google's names say it all: `RSA_SIGN_PSS_4096_SHA512` is padding, modulus and digest. */
function read(name: string): Algorithm | undefined {
  if (name === "GOOGLE_SYMMETRIC_ENCRYPTION") return { purpose: "ENCRYPT_DECRYPT", kind: "symmetric", bits: 256 };
  if (name === "EC_SIGN_ED25519") return { purpose: "ASYMMETRIC_SIGN", kind: "ed25519" };
  const [, bits = "", mode = ""] = /^AES_(128|256)_(GCM|CBC|CTR)$/.exec(name) ?? [];
  if (mode !== "") {
    return {
      purpose: "RAW_ENCRYPT_DECRYPT",
      kind: "raw",
      bits: bits === "128" ? 128 : 256,
      mode: mode.toLowerCase() as "gcm",
    };
  }
  const [, padding, modulus, digest = ""] = /^RSA_SIGN_(PSS|PKCS1)_(\d+)_(SHA\d+)$/.exec(name) ?? [];
  if (padding !== undefined) {
    return {
      purpose: "ASYMMETRIC_SIGN",
      kind: "rsa",
      bits: Number(modulus),
      padding: padding === "PSS" ? "pss" : "pkcs1",
      hash: hashOf(digest),
    };
  }
  const [, raw] = /^RSA_SIGN_RAW_PKCS1_(\d+)$/.exec(name) ?? [];
  if (raw !== undefined) return { purpose: "ASYMMETRIC_SIGN", kind: "rsaRaw", bits: Number(raw) };
  const [, oaep, label = ""] = /^RSA_DECRYPT_OAEP_(\d+)_(SHA\d+)$/.exec(name) ?? [];
  if (oaep !== undefined)
    return { purpose: "ASYMMETRIC_DECRYPT", kind: "oaep", bits: Number(oaep), hash: hashOf(label) };
  const [, curve = "", ecHash = ""] = /^EC_SIGN_(P256|P384|SECP256K1)_(SHA\d+)$/.exec(name) ?? [];
  const named = curves[curve];
  if (named !== undefined) return { purpose: "ASYMMETRIC_SIGN", kind: "ec", curve: named, hash: hashOf(ecHash) };
  const [, kem] = /^ML_KEM_(768|1024)$/.exec(name) ?? [];
  if (kem !== undefined) return { purpose: "KEY_ENCAPSULATION", kind: "pqc", type: `ml-kem-${kem}` as PqcType };
  const [, signing] = /^PQ_SIGN_(ML_DSA_(?:44|65|87)|SLH_DSA_SHA2_128S)$/.exec(name) ?? [];
  if (signing !== undefined) {
    const type = signing.toLowerCase().replaceAll("_", "-") as PqcType;
    return { purpose: "ASYMMETRIC_SIGN", kind: "pqc", type };
  }
  const [, mac] = /^HMAC_(SHA\d+)$/.exec(name) ?? [];
  return mac === undefined ? undefined : { purpose: "MAC", kind: "hmac", hash: hashOf(mac) };
}

const hashOf = (name: string): Hash => name.toLowerCase() as Hash;

/** What the caller needs beyond `create` to make a key of this algorithm: the ones that are easily misused. */
export function expertPermission(number: number): string | undefined {
  const algorithm = algorithmOf(number);
  if (algorithm?.kind === "rsaRaw") return "cloudkms.cryptoKeyVersions.manageRawPKCS1Keys";
  if (algorithm?.kind !== "raw" || algorithm.mode === "gcm") return undefined;
  return `cloudkms.cryptoKeyVersions.manageRawAes${algorithm.mode === "cbc" ? "Cbc" : "Ctr"}Keys`;
}
