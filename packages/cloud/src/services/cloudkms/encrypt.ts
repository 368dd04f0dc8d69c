import type { KeyManagementService } from "../../../gen/types/google/cloud/kms/v1/service_pb.js";
import type { Methods } from "../../service.ts";
import { checksum, verified } from "./checksum.ts";
import { open, parse, seal } from "./ciphertext.ts";
import { findKey, findVersion, isHsm, type KmsParts, materialOf, requirePurpose } from "./parts.ts";
import { invalid, isName, precondition, requireSize } from "./rules.ts";

const purpose = "ENCRYPT_DECRYPT";
/** Google's words, seen in answers of production. */
const wrongKey = "Decryption failed: verify that 'name' refers to the correct CryptoKey.";
const notOurs = "Decryption failed: the ciphertext is invalid.";

/** `Encrypt` and `Decrypt`: AES-256-GCM, with a ciphertext that knows its version. */
export function encryptMethods(parts: KmsParts): Methods<typeof KeyManagementService> {
  const { store } = parts;

  /** The version that a name means: its own, or the key's primary one. */
  const versionFor = (name: string) => {
    if (isName("CryptoKeyVersion", name)) return findVersion(parts, name);
    const key = findKey(parts, name);
    requirePurpose(key, purpose, "Encrypt");
    const { primary } = store.state(key.name);
    const version = primary === undefined ? undefined : store.version(key.name, primary);
    if (version === undefined) throw precondition(`${key.name} has no primary version.`);
    return { key, version };
  };

  return {
    encrypt: {
      permission: "cloudkms.cryptoKeyVersions.useToEncrypt",
      resource: (request) => request.name,
      audit: "DATA_READ",
      handle: (request) => {
        const { plaintext, additionalAuthenticatedData: aad } = request;
        const verifiedPlaintextCrc32c = verified("plaintext", plaintext, request.plaintextCrc32c);
        const verifiedAdditionalAuthenticatedDataCrc32c = verified(
          "additional_authenticated_data",
          aad,
          request.additionalAuthenticatedDataCrc32c,
        );
        const { key, version } = versionFor(request.name);
        requirePurpose(key, purpose, "Encrypt");
        requireSize({ plaintext, additional_authenticated_data: aad }, isHsm(version));
        const ciphertext = seal(materialOf(parts, version), version.hint, plaintext, aad);
        return {
          name: version.message.name,
          ciphertext,
          ciphertextCrc32c: checksum(ciphertext),
          verifiedPlaintextCrc32c,
          verifiedAdditionalAuthenticatedDataCrc32c,
          protectionLevel: version.message.protectionLevel,
        };
      },
    },
    decrypt: {
      permission: "cloudkms.cryptoKeyVersions.useToDecrypt",
      resource: (request) => request.name,
      audit: "DATA_READ",
      handle: (request) => {
        const { ciphertext, additionalAuthenticatedData: aad } = request;
        verified("ciphertext", ciphertext, request.ciphertextCrc32c);
        verified("additional_authenticated_data", aad, request.additionalAuthenticatedDataCrc32c);
        const key = findKey(parts, request.name);
        requirePurpose(key, purpose, "Decrypt");
        requireSize({ additional_authenticated_data: aad }, false);
        const read = parse(ciphertext);
        if (read === undefined) throw invalid(ciphertext.length === 0 ? wrongKey : notOurs);
        const version = store.byHint(key.name, read.hint);
        if (version === undefined) throw invalid(wrongKey);
        const plaintext = open(materialOf(parts, version), read.body, aad);
        if (plaintext === undefined) throw invalid(notOurs);
        return {
          plaintext,
          plaintextCrc32c: checksum(plaintext),
          usedPrimary: store.state(key.name).primary === version.number,
          protectionLevel: version.message.protectionLevel,
        };
      },
    },
  };
}
