import { ProtectionLevel } from "../../../gen/cloudkms-v1.enums.ts";
import type { KeyManagementService } from "../../../gen/types/google/cloud/kms/v1/service_pb.js";
import type { Methods } from "../../service.ts";
import { findKey, findVersion, type KmsParts } from "./parts.ts";
import { precondition } from "./rules.ts";

const levels = new Map<number, string>(Object.entries(ProtectionLevel).map(([name, number]) => [number, name]));

/**
 * Wrapping of one key by another works between keys of a single-tenant HSM alone (service.proto). No key here is one,
 * so that each is refused, as any key of another protection level is.
 */
export function trustedWrappingMethods(parts: KmsParts): Methods<typeof KeyManagementService> {
  const refuse = (name: string, level: number): never => {
    throw precondition(
      `${name} has the protection level ${levels.get(level)}; trusted wrapping takes HSM_SINGLE_TENANT.`,
    );
  };
  return {
    importTrustedKeyWrappedCryptoKeyVersion: {
      permission: "cloudkms.cryptoKeyVersions.trustedImportExport",
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const key = findKey(parts, request.parent);
        return refuse(key.name, key.versionTemplate?.protectionLevel ?? 0);
      },
    },
    exportTrustedKeyWrappedCryptoKeyVersion: {
      permission: "cloudkms.cryptoKeyVersions.trustedImportExport",
      resource: (request) => request.name,
      audit: "DATA_READ",
      handle: (request) => {
        const { message } = findVersion(parts, request.name).version;
        return refuse(message.name, message.protectionLevel);
      },
    },
  };
}
