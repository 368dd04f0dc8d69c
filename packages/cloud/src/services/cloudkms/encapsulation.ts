import { decapsulate } from "node:crypto";
import type { KeyManagementService } from "../../../gen/types/google/cloud/kms/v1/service_pb.js";
import type { Methods } from "../../service.ts";
import { checksum, verified } from "./checksum.ts";
import { findVersion, type KmsParts, materialOf, requirePurpose } from "./parts.ts";
import { invalid } from "./rules.ts";
import { privateKey } from "./signing.ts";

/** `Decapsulate`: the shared secret that somebody encapsulated with the public key (FIPS 203). */
export function encapsulationMethods(parts: KmsParts): Methods<typeof KeyManagementService> {
  return {
    decapsulate: {
      permission: "cloudkms.cryptoKeyVersions.useToDecapsulate",
      resource: (request) => request.name,
      audit: "DATA_READ",
      handle: (request) => {
        const verifiedCiphertextCrc32c = verified("ciphertext", request.ciphertext, request.ciphertextCrc32c);
        const { key, version } = findVersion(parts, request.name);
        requirePurpose(key, "KEY_ENCAPSULATION", "Decapsulate");
        const secret = sharedSecret(materialOf(parts, version), request.ciphertext);
        return {
          name: version.message.name,
          sharedSecret: secret,
          sharedSecretCrc32c: checksum(secret),
          verifiedCiphertextCrc32c,
          protectionLevel: version.message.protectionLevel,
        };
      },
    },
  };
}

/** A ciphertext of the right length always gives a secret: another one, where it was changed on its way. */
function sharedSecret(material: Uint8Array, ciphertext: Uint8Array): Uint8Array {
  try {
    return decapsulate(privateKey(material), ciphertext);
  } catch {
    throw invalid("Decapsulation failed: the ciphertext has not the length that the algorithm asks for.");
  }
}
