import { randomBytes } from "node:crypto";
import { CryptoKeyVersion_CryptoKeyVersionState as State } from "../../../gen/cloudkms-v1.enums.ts";
import type { CryptoKey } from "../../../gen/types/google/cloud/kms/v1/resources_pb.js";
import type { Host } from "../../host.ts";
import { hintBytes } from "./ciphertext.ts";
import type { KmsParts } from "./parts.ts";
import { versionName } from "./rules.ts";
import type { StoredVersion } from "./store.ts";

/** The clock's now in microseconds, as Cloud KMS stamps. */
export const nowMicros = (host: Host): number => Math.floor(host.clock.now() * 1000);

export function timestamp(micros: number) {
  const seconds = Math.floor(micros / 1_000_000);
  return {
    $typeName: "google.protobuf.Timestamp" as const,
    seconds: BigInt(seconds),
    nanos: (micros - seconds * 1_000_000) * 1000,
  };
}

/** Stores a new version of a key with its material, sealed. Within a transaction. */
export function addVersion(
  { host, store, versionSchema }: Pick<KmsParts, "host" | "store" | "versionSchema">,
  key: CryptoKey,
  material: Uint8Array,
  at: { readonly createdMicros: number; readonly generatedMicros: number; readonly disabled?: boolean },
): StoredVersion {
  const number = store.nextNumber(key.name);
  const message = host.schemas.create(versionSchema, {
    name: versionName(key.name, number),
    state: at.disabled ? State.DISABLED : State.ENABLED,
    protectionLevel: key.versionTemplate?.protectionLevel ?? 0,
    algorithm: key.versionTemplate?.algorithm ?? 0,
    createTime: timestamp(at.createdMicros),
    generateTime: timestamp(at.generatedMicros),
  });
  const sealed = host.vault.seal(material, message.name);
  store.insertVersion(key.name, { number, message, sealed, hint: randomBytes(hintBytes) });
  return { number, message };
}
