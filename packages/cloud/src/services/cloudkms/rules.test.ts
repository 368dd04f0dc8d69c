import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  verify,
} from "node:crypto";
import { expect, test } from "vitest";
import { CryptoKeyVersion_CryptoKeyVersionAlgorithm as Algorithms } from "../../../gen/cloudkms-v1.enums.ts";
import { algorithmOf, expertPermission } from "./algorithms.ts";
import { verified } from "./checksum.ts";
import { hintBytes, open, parse, seal } from "./ciphertext.ts";
import { notEnabled, requireId, requireName, requireSize } from "./rules.ts";
import { signEcdsa, signPkcs1, signPss } from "./signing.ts";

const text = Buffer.from("signed by a key that nobody sees");

test("kms rules: names and ids are Google's", () => {
  const ring = "projects/p/locations/global/keyRings/r";
  requireName("KeyRing", ring);
  requireName("CryptoKey", `${ring}/cryptoKeys/k_1-A`);
  requireName("CryptoKeyVersion", `${ring}/cryptoKeys/k/cryptoKeyVersions/12`);
  expect(() => requireName("CryptoKey", ring)).toThrow("does not match the expected format");
  expect(() => requireName("CryptoKeyVersion", `${ring}/cryptoKeys/k/cryptoKeyVersions/0`)).toThrow("does not match");
  requireId("key_ring_id", "a".repeat(63));
  for (const id of ["", "a".repeat(64), "no.dots", "no/slash"]) {
    expect(() => requireId("key_ring_id", id), id).toThrow("key_ring_id");
  }
});

test("kms rules: sizes are a software key's, or an HSM's for all fields together", () => {
  requireSize({ plaintext: new Uint8Array(65_536) }, false);
  expect(() => requireSize({ plaintext: new Uint8Array(65_537) }, false)).toThrow("but not more than 65536");
  requireSize({ plaintext: new Uint8Array(8_000), additional_authenticated_data: new Uint8Array(192) }, true);
  const over = { plaintext: new Uint8Array(8_000), additional_authenticated_data: new Uint8Array(193) };
  expect(() => requireSize(over, true)).toThrow("8192");
});

test("kms rules: a version that is not enabled is refused with the violation that clients look for", () => {
  const error = notEnabled("projects/p/…/cryptoKeyVersions/1", "DISABLED");
  expect(error.message).toBe("projects/p/…/cryptoKeyVersions/1 is not enabled, current state is: DISABLED.");
  expect(error.details).toMatchObject([{ violations: [{ type: "KEY_DISABLED" }] }]);
});

test("kms rules: a checksum is verified, or was not given", () => {
  const check = Buffer.from("123456789");
  expect(verified("plaintext", check, 0xe3069283n)).toBe(true);
  expect(verified("plaintext", check, undefined)).toBe(false);
  expect(() => verified("plaintext", check, 1n)).toThrow(
    "The checksum in field plaintext_crc32c did not match the data in field plaintext.",
  );
});

test("kms algorithms: all of Google's are read, but for those that are not here", () => {
  const missing = Object.entries(Algorithms).flatMap(([name, number]) => (algorithmOf(number) ? [] : [name]));
  expect(
    missing.filter((name) => !/^(PQ_|ML_KEM|KEM_|EXTERNAL_|AES_256_KWP|CRYPTO_KEY_VERSION_ALG)/.test(name)),
  ).toEqual([]);
  expect(algorithmOf(Algorithms.RSA_SIGN_PSS_4096_SHA512)).toEqual({
    purpose: "ASYMMETRIC_SIGN",
    kind: "rsa",
    bits: 4096,
    padding: "pss",
    hash: "sha512",
  });
  expect(expertPermission(Algorithms.AES_128_CTR)).toBe("cloudkms.cryptoKeyVersions.manageRawAesCtrKeys");
  expect(expertPermission(Algorithms.AES_256_GCM)).toBeUndefined();
});

test.each([0, 1, 90, 100, 16_000, 16_400, 65_536])("kms ciphertext: %i bytes go in and out", (size) => {
  const [key, hint, plaintext, aad] = [randomBytes(32), randomBytes(hintBytes), randomBytes(size), Buffer.from("aad")];
  const ciphertext = seal(key, hint, plaintext, aad);
  expect(Buffer.from(ciphertext).toString("base64")).toMatch(/^CiQA/);
  const read = parse(ciphertext);
  if (read === undefined) throw new Error("not parsed");
  expect(Buffer.from(read.hint)).toEqual(hint);
  expect(Buffer.from(open(key, read.body, aad) ?? [1])).toEqual(plaintext);
  expect(open(key, read.body, Buffer.from("other"))).toBeUndefined();
  expect(open(randomBytes(32), read.body, aad)).toBeUndefined();
});

test("kms ciphertext: what is none is told from what is", () => {
  const whole = seal(randomBytes(32), randomBytes(hintBytes), text, new Uint8Array());
  for (const bytes of [Buffer.from("InvalidKMSData"), new Uint8Array(), whole.subarray(1), whole.subarray(0, -1)]) {
    expect(parse(bytes)).toBeUndefined();
  }
});

test.each([
  ["prime256v1", "sha256"],
  ["secp384r1", "sha384"],
  ["secp256k1", "sha256"],
] as const)("kms signing: a digest signed on %s is verified by OpenSSL", (curve, hash) => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: curve });
  for (let round = 0; round < 8; round++) {
    const data = randomBytes(20);
    const signature = signEcdsa(privateKey, curve, createHash(hash).update(data).digest());
    expect(verify(hash, data, publicKey, signature)).toBe(true);
    expect(verify(hash, text, publicKey, signature)).toBe(false);
  }
});

test("kms signing: RSA signatures over digests are verified by OpenSSL, PKCS #1 and PSS", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key: KeyObject = createPublicKey(privateKey);
  for (const hash of ["sha256", "sha512"] as const) {
    const digest = createHash(hash).update(text).digest();
    expect(verify(hash, text, key, signPkcs1(privateKey, hash, digest))).toBe(true);
    const pss = signPss(privateKey, hash, digest, 2048);
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    expect(verify(hash, text, { key, padding, saltLength: digest.length }, pss)).toBe(true);
    expect(verify(hash, Buffer.from("else"), { key, padding, saltLength: digest.length }, pss)).toBe(false);
  }
});
