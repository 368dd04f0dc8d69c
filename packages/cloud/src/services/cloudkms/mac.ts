import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { ProtectionLevel } from "../../../gen/cloudkms-v1.enums.ts";
import type { KeyManagementService } from "../../../gen/types/google/cloud/kms/v1/service_pb.js";
import type { Methods } from "../../service.ts";
import { type Algorithm, algorithmOf } from "./algorithms.ts";
import { checksum, verified } from "./checksum.ts";
import { findVersion, isHsm, type KmsParts, materialOf, requirePurpose } from "./parts.ts";
import { requirePlace } from "./places.ts";
import { invalid, requireSize } from "./rules.ts";
import type { KeyedVersion } from "./store.ts";

/** `MacSign` and `MacVerify`, and `GenerateRandomBytes`. */
export function macMethods(parts: KmsParts): Methods<typeof KeyManagementService> {
  const find = (name: string, operation: string): KeyedVersion => {
    const { key, version } = findVersion(parts, name);
    requirePurpose(key, "MAC", operation);
    return version;
  };
  const macOf = (version: KeyedVersion, data: Uint8Array): Buffer => {
    const { hash } = algorithmOf(version.message.algorithm) as Extract<Algorithm, { kind: "hmac" }>;
    return createHmac(hash, materialOf(parts, version)).update(data).digest();
  };

  return {
    macSign: {
      permission: "cloudkms.cryptoKeyVersions.useToSign",
      resource: (request) => request.name,
      audit: "DATA_READ",
      handle: (request) => {
        const verifiedDataCrc32c = verified("data", request.data, request.dataCrc32c);
        const version = find(request.name, "MacSign");
        requireSize({ data: request.data }, isHsm(version));
        const mac = macOf(version, request.data);
        const { name, protectionLevel } = version.message;
        return { name, mac, macCrc32c: checksum(mac), verifiedDataCrc32c, protectionLevel };
      },
    },
    macVerify: {
      permission: "cloudkms.cryptoKeyVersions.useToVerify",
      resource: (request) => request.name,
      audit: "DATA_READ",
      handle: (request) => {
        const verifiedDataCrc32c = verified("data", request.data, request.dataCrc32c);
        const verifiedMacCrc32c = verified("mac", request.mac, request.macCrc32c);
        const version = find(request.name, "MacVerify");
        requireSize({ data: request.data }, isHsm(version));
        const mac = macOf(version, request.data);
        const success = mac.length === request.mac.length && timingSafeEqual(mac, request.mac);
        const { name, protectionLevel } = version.message;
        return {
          name,
          success,
          verifiedDataCrc32c,
          verifiedMacCrc32c,
          verifiedSuccessIntegrity: success,
          protectionLevel,
        };
      },
    },
    generateRandomBytes: {
      permission: "cloudkms.locations.generateRandomBytes",
      resource: (request) => request.location,
      audit: "DATA_READ",
      handle: (request) => {
        requirePlace(request.location);
        const { lengthBytes, protectionLevel } = request;
        if (lengthBytes < 8 || lengthBytes > 1024) throw invalid("length_bytes must be between 8 and 1024.");
        if (protectionLevel !== ProtectionLevel.HSM) throw invalid("protection_level must be HSM.");
        const data = randomBytes(lengthBytes);
        return { data, dataCrc32c: checksum(data) };
      },
    },
  };
}
