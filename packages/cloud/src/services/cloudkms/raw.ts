import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { KeyManagementService } from "../../../gen/types/google/cloud/kms/v1/service_pb.js";
import type { Methods } from "../../service.ts";
import { type Algorithm, algorithmOf } from "./algorithms.ts";
import { checksum, verified } from "./checksum.ts";
import { findVersion, isHsm, type KmsParts, materialOf, requirePurpose } from "./parts.ts";
import { invalid, requireSize } from "./rules.ts";
import type { KeyedVersion } from "./store.ts";

type Raw = Extract<Algorithm, { kind: "raw" }>;

const blockBytes = 16;
const tagBytes = 16;
const ivBytes = (mode: Raw["mode"]): number => (mode === "gcm" ? 12 : 16);

/** `RawEncrypt` and `RawDecrypt`: plain AES as other systems speak it. CBC pads nothing, as at Google. */
export function rawMethods(parts: KmsParts): Methods<typeof KeyManagementService> {
  const find = (name: string, operation: string): { readonly version: KeyedVersion; readonly algorithm: Raw } => {
    const { key, version } = findVersion(parts, name);
    requirePurpose(key, "RAW_ENCRYPT_DECRYPT", operation);
    return { version, algorithm: algorithmOf(version.message.algorithm) as Raw };
  };

  return {
    rawEncrypt: {
      permission: "cloudkms.cryptoKeyVersions.useToEncrypt",
      resource: (request) => request.name,
      audit: "DATA_READ",
      handle: (request) => {
        const { plaintext, additionalAuthenticatedData: aad, initializationVector: given } = request;
        const checks = {
          verifiedPlaintextCrc32c: verified("plaintext", plaintext, request.plaintextCrc32c),
          verifiedAdditionalAuthenticatedDataCrc32c: verified(
            "additional_authenticated_data",
            aad,
            request.additionalAuthenticatedDataCrc32c,
          ),
          verifiedInitializationVectorCrc32c: verified(
            "initialization_vector",
            given,
            request.initializationVectorCrc32c,
          ),
        };
        const { version, algorithm } = find(request.name, "RawEncrypt");
        const { mode } = algorithm;
        checkFields(mode, { data: plaintext, field: "plaintext", aad });
        requireSize({ plaintext, additional_authenticated_data: aad }, isHsm(version));
        if (mode === "gcm" && given.length > 0) {
          throw invalid("initialization_vector must not be set: Cloud KMS makes it for AES-GCM.");
        }
        const iv = given.length > 0 ? requireIv(mode, given) : randomBytes(ivBytes(mode));
        const ciphertext = encrypt(algorithm, materialOf(parts, version), { iv, plaintext, aad });
        return {
          name: version.message.name,
          ciphertext,
          ciphertextCrc32c: checksum(ciphertext),
          initializationVector: iv,
          initializationVectorCrc32c: checksum(iv),
          tagLength: mode === "gcm" ? tagBytes : 0,
          protectionLevel: version.message.protectionLevel,
          ...checks,
        };
      },
    },
    rawDecrypt: {
      permission: "cloudkms.cryptoKeyVersions.useToDecrypt",
      resource: (request) => request.name,
      audit: "DATA_READ",
      handle: (request) => {
        const { ciphertext, additionalAuthenticatedData: aad, initializationVector: iv } = request;
        const checks = {
          verifiedCiphertextCrc32c: verified("ciphertext", ciphertext, request.ciphertextCrc32c),
          verifiedAdditionalAuthenticatedDataCrc32c: verified(
            "additional_authenticated_data",
            aad,
            request.additionalAuthenticatedDataCrc32c,
          ),
          verifiedInitializationVectorCrc32c: verified("initialization_vector", iv, request.initializationVectorCrc32c),
        };
        const { version, algorithm } = find(request.name, "RawDecrypt");
        checkFields(algorithm.mode, { data: ciphertext, field: "ciphertext", aad });
        requireIv(algorithm.mode, iv);
        if (request.tagLength !== 0 && (algorithm.mode !== "gcm" || request.tagLength !== tagBytes)) {
          throw invalid(`The tag_length ${request.tagLength} is not valid for the algorithm of the key.`);
        }
        const plaintext = decrypt(algorithm, materialOf(parts, version), { iv, ciphertext, aad });
        return {
          plaintext,
          plaintextCrc32c: checksum(plaintext),
          protectionLevel: version.message.protectionLevel,
          ...checks,
        };
      },
    },
  };
}

function checkFields(mode: Raw["mode"], given: { data: Uint8Array; field: string; aad: Uint8Array }): void {
  if (mode !== "gcm" && given.aad.length > 0) {
    throw invalid("additional_authenticated_data can be used with AES-GCM only.");
  }
  if (mode === "cbc" && given.data.length % blockBytes !== 0) {
    throw invalid(`With AES-CBC the length of ${given.field} must be a multiple of ${blockBytes} bytes.`);
  }
}

function requireIv(mode: Raw["mode"], iv: Uint8Array): Uint8Array {
  if (iv.length === ivBytes(mode)) return iv;
  throw invalid(`initialization_vector must be ${ivBytes(mode)} bytes long, and has ${iv.length}.`);
}

function encrypt(
  { bits, mode }: Raw,
  key: Uint8Array,
  { iv, plaintext, aad }: { readonly iv: Uint8Array; readonly plaintext: Uint8Array; readonly aad: Uint8Array },
): Uint8Array {
  if (mode === "gcm") {
    const cipher = createCipheriv(`aes-${bits}-gcm`, key, iv).setAAD(aad);
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  }
  const cipher = createCipheriv(`aes-${bits}-${mode}`, key, iv).setAutoPadding(false);
  return Buffer.concat([cipher.update(plaintext), cipher.final()]);
}

function decrypt(
  { bits, mode }: Raw,
  key: Uint8Array,
  { iv, ciphertext, aad }: { readonly iv: Uint8Array; readonly ciphertext: Uint8Array; readonly aad: Uint8Array },
): Uint8Array {
  try {
    if (mode !== "gcm") {
      const decipher = createDecipheriv(`aes-${bits}-${mode}`, key, iv).setAutoPadding(false);
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    }
    const end = ciphertext.length - tagBytes;
    const decipher = createDecipheriv(`aes-${bits}-gcm`, key, iv).setAAD(aad).setAuthTag(ciphertext.subarray(end));
    return Buffer.concat([decipher.update(ciphertext.subarray(0, end)), decipher.final()]);
  } catch {
    throw invalid("Decryption failed.");
  }
}
