import { constants, createHash, createPublicKey, type KeyObject, privateDecrypt } from "node:crypto";
import { PublicKey_PublicKeyFormat as Format } from "../../../gen/cloudkms-v1.enums.ts";
import type { AsymmetricSignRequest, KeyManagementService } from "../../../gen/types/google/cloud/kms/v1/service_pb.js";
import type { Methods } from "../../service.ts";
import { type Algorithm, algorithmName, algorithmOf, hashBytes, purposeName } from "./algorithms.ts";
import { checksum, verified } from "./checksum.ts";
import { findVersion, isHsm, type KmsParts, materialOf, requirePurpose } from "./parts.ts";
import { invalid, precondition, requireSize } from "./rules.ts";
import { privateKey, signData, signEcdsa, signPkcs1, signPss, signRawPkcs1 } from "./signing.ts";

type Signing = Extract<Algorithm, { purpose: "ASYMMETRIC_SIGN" }>;

/** `AsymmetricSign`, `AsymmetricDecrypt` and `GetPublicKey`. */
export function asymmetricMethods(parts: KmsParts): Methods<typeof KeyManagementService> {
  return {
    asymmetricSign: {
      permission: "cloudkms.cryptoKeyVersions.useToSign",
      resource: (request) => request.name,
      audit: "DATA_READ",
      handle: (request) => {
        const digest = request.digest?.digest;
        const verifiedDigestCrc32c = verified("digest", digest?.value ?? new Uint8Array(), request.digestCrc32c);
        const verifiedDataCrc32c = verified("data", request.data, request.dataCrc32c);
        const { key, version } = findVersion(parts, request.name);
        requirePurpose(key, "ASYMMETRIC_SIGN", "AsymmetricSign");
        requireSize({ data: request.data }, isHsm(version));
        const algorithm = algorithmOf(version.message.algorithm) as Signing;
        const input = whatToSign(request, algorithm, algorithmName(version.message.algorithm));
        const signature = sign(materialOf(parts, version), algorithm, input);
        return {
          name: version.message.name,
          signature,
          signatureCrc32c: checksum(signature),
          verifiedDigestCrc32c,
          verifiedDataCrc32c,
          protectionLevel: version.message.protectionLevel,
        };
      },
    },
    asymmetricDecrypt: {
      permission: "cloudkms.cryptoKeyVersions.useToDecrypt",
      resource: (request) => request.name,
      audit: "DATA_READ",
      handle: (request) => {
        const verifiedCiphertextCrc32c = verified("ciphertext", request.ciphertext, request.ciphertextCrc32c);
        const { key, version } = findVersion(parts, request.name);
        requirePurpose(key, "ASYMMETRIC_DECRYPT", "AsymmetricDecrypt");
        const algorithm = algorithmOf(version.message.algorithm) as Extract<Algorithm, { kind: "oaep" }>;
        const plaintext = decryptOaep(materialOf(parts, version), algorithm, request.ciphertext);
        return {
          plaintext,
          plaintextCrc32c: checksum(plaintext),
          verifiedCiphertextCrc32c,
          protectionLevel: version.message.protectionLevel,
        };
      },
    },
    getPublicKey: {
      permission: "cloudkms.cryptoKeyVersions.viewPublicKey",
      resource: (request) => request.name,
      audit: "DATA_READ",
      handle: (request) => {
        const { key, version } = findVersion(parts, request.name);
        const purpose = purposeName(key.purpose);
        if (!["ASYMMETRIC_SIGN", "ASYMMETRIC_DECRYPT", "KEY_ENCAPSULATION"].includes(purpose)) {
          throw precondition(`${key.name} has the purpose ${purpose}, and so no public key.`);
        }
        const { name, algorithm, protectionLevel } = version.message;
        const publicKey = createPublicKey(privateKey(materialOf(parts, version)));
        const format = request.publicKeyFormat;
        const about = { name, algorithm, protectionLevel };
        if (algorithmOf(algorithm)?.kind === "pqc") return { ...about, ...rawPublicKey(publicKey, format) };
        const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
        const asText = { pem, pemCrc32c: checksum(Buffer.from(pem)) };
        if (format === Format.PUBLIC_KEY_FORMAT_UNSPECIFIED) return { ...about, ...asText };
        if (format !== Format.PEM && format !== Format.DER) {
          throw invalid(`public_key_format must be PEM or DER for the algorithm ${algorithmName(algorithm)}.`);
        }
        const data = format === Format.PEM ? Buffer.from(pem) : publicKey.export({ type: "spki", format: "der" });
        return {
          ...about,
          ...(format === Format.PEM ? asText : {}),
          publicKeyFormat: format,
          publicKey: { data, crc32cChecksum: checksum(data) },
        };
      },
    },
  };
}

/** Of post-quantum algorithms the raw bytes alone, and only where they are asked for (service.proto). */
function rawPublicKey(key: KeyObject, format: number) {
  if (format !== Format.NIST_PQC) throw invalid("public_key_format must be NIST_PQC for a post-quantum algorithm.");
  const data = key.export({ format: "raw-public" });
  return { publicKeyFormat: format, publicKey: { data, crc32cChecksum: checksum(data) } };
}

/** The digest to sign (made here where the data itself came), or the data where the algorithm takes no digest. */
function whatToSign(request: AsymmetricSignRequest, algorithm: Signing, name: string): Uint8Array {
  const digest = request.digest?.digest;
  const { data } = request;
  if (digest?.case !== undefined && data.length > 0) throw invalid("Only one of digest and data can be set.");
  if (algorithm.kind === "rsaRaw" || algorithm.kind === "ed25519" || algorithm.kind === "pqc") {
    if (digest?.case !== undefined) throw invalid(`The algorithm ${name} signs data, and takes no digest.`);
    if (algorithm.kind === "rsaRaw" && data.length > algorithm.bits / 8 - 11) {
      throw invalid(`The data must be at most ${algorithm.bits / 8 - 11} bytes long for the algorithm ${name}.`);
    }
    return data;
  }
  const { hash } = algorithm;
  if (digest?.case === undefined) {
    if (data.length === 0) throw invalid("One of digest and data must be set.");
    return createHash(hash).update(data).digest();
  }
  if (digest.case !== hash) throw invalid(`The algorithm ${name} takes a digest of ${hash}, not of ${digest.case}.`);
  if (digest.value.length !== hashBytes[hash]) {
    throw invalid(`A digest of ${hash} has ${hashBytes[hash]} bytes; the one given has ${digest.value.length}.`);
  }
  return digest.value;
}

function sign(material: Uint8Array, algorithm: Signing, input: Uint8Array): Uint8Array {
  const key = privateKey(material);
  switch (algorithm.kind) {
    case "rsa":
      return algorithm.padding === "pss"
        ? signPss(key, algorithm.hash, input, algorithm.bits)
        : signPkcs1(key, algorithm.hash, input);
    case "rsaRaw":
      return signRawPkcs1(key, input);
    case "ec":
      return signEcdsa(key, algorithm.curve, input);
    default:
      return signData(key, input);
  }
}

function decryptOaep(
  material: Uint8Array,
  { hash }: Extract<Algorithm, { kind: "oaep" }>,
  ciphertext: Uint8Array,
): Uint8Array {
  try {
    return privateDecrypt(
      { key: privateKey(material), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash },
      ciphertext,
    );
  } catch {
    // Google's words, seen in answers of production.
    throw invalid("Decryption failed.");
  }
}
