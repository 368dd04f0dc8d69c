import {
  constants,
  createECDH,
  createHash,
  createPrivateKey,
  type KeyObject,
  privateEncrypt,
  randomBytes,
  sign,
} from "node:crypto";
import { type Curve, type Hash, hashBytes } from "./algorithms.ts";

/*
 * Signatures over a digest that somebody else made. `node:crypto` signs data alone, so what stands around the key's own
 * operation (DigestInfo, EMSA-PSS, the two numbers of ECDSA) is done here, after RFC 8017 and FIPS 186-5.
 */

export const privateKey = (pkcs8: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(pkcs8), format: "der", type: "pkcs8" });

const digestInfo: Readonly<Record<Hash, string>> = {
  sha1: "3021300906052b0e03021a05000414",
  sha224: "302d300d06096086480165030402040500041c",
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
};

/** RSASSA-PKCS1-v1_5 over a digest. */
export function signPkcs1(key: KeyObject, hash: Hash, digest: Uint8Array): Uint8Array {
  return signRawPkcs1(key, Buffer.concat([Buffer.from(digestInfo[hash], "hex"), digest]));
}

/** RSASSA-PKCS1-v1_5 over whatever is given, without a DigestInfo. */
export function signRawPkcs1(key: KeyObject, data: Uint8Array): Uint8Array {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, data);
}

/** RSASSA-PSS with MGF1 of the same hash and a salt as long as it. */
export function signPss(key: KeyObject, hash: Hash, digest: Uint8Array, bits: number): Uint8Array {
  const size = hashBytes[hash];
  const length = bits / 8;
  const salt = randomBytes(size);
  const proof = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const block = Buffer.alloc(length - size - 1);
  block[block.length - size - 1] = 1;
  salt.copy(block, block.length - size);
  const mask = mgf1(hash, proof, block.length);
  for (let i = 0; i < block.length; i++) block[i] = (block[i] as number) ^ (mask[i] as number);
  block[0] = (block[0] as number) & 0x7f;
  const encoded = Buffer.concat([block, proof, Buffer.of(0xbc)]);
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded);
}

function mgf1(hash: Hash, seed: Uint8Array, length: number): Buffer {
  const parts: Buffer[] = [];
  for (let counter = 0, have = 0; have < length; counter++, have += hashBytes[hash]) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(counter);
    parts.push(createHash(hash).update(seed).update(number).digest());
  }
  return Buffer.concat(parts).subarray(0, length);
}

/** What takes the data itself: Ed25519, ML-DSA, SLH-DSA. */
export const signData = (key: KeyObject, data: Uint8Array): Uint8Array => sign(null, data, key);

/** The orders of the groups, from SEC 2. */
const orders: Readonly<Record<Curve, bigint>> = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp384r1: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  secp256k1: 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n,
};

/** ECDSA over a digest as long as the order, in DER. The point is multiplied by OpenSSL. */
export function signEcdsa(key: KeyObject, curve: Curve, digest: Uint8Array): Uint8Array {
  const order = orders[curve];
  const secret = number(Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url"));
  const size = digest.length;
  for (;;) {
    const nonce = randomBytes(size);
    const k = number(nonce);
    if (k === 0n || k >= order) continue;
    const ecdh = createECDH(curve);
    ecdh.setPrivateKey(nonce);
    const r = number(ecdh.getPublicKey().subarray(1, 1 + size)) % order;
    const s = (inverse(k, order) * (number(digest) + r * secret)) % order;
    if (r !== 0n && s !== 0n) return sequence([integer(r), integer(s)]);
  }
}

const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return ((x % modulus) + modulus) % modulus;
}

function integer(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  const padded = (bytes[0] as number) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(0x02, padded.length), padded]);
}

/** Both numbers of these curves stay under 128 bytes together. */
function sequence(parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}
