import type { CryptoKey } from "../../../gen/types/google/cloud/kms/v1/resources_pb.js";
import type { KeyManagementService } from "../../../gen/types/google/cloud/kms/v1/service_pb.js";
import type { Methods } from "../../service.ts";
import { type Algorithm, algorithmOf, expertPermission, purposeName } from "./algorithms.ts";
import { listed } from "./lists.ts";
import { newMaterial } from "./material.ts";
import { addVersion, nowMicros, timestamp } from "./new-version.ts";
import { findKey, type KmsParts, shownKey } from "./parts.ts";
import {
  alreadyExists,
  invalid,
  nameRetired,
  notFound,
  requireId,
  requireName,
  unimplemented,
  versionName,
} from "./rules.ts";
import { millisOf, settleKey, updateKey } from "./settings.ts";

/** Keys: made, read, changed, given another primary version. */
export function cryptoKeyMethods(parts: KmsParts): Methods<typeof KeyManagementService> {
  const { host, store, due, keySchema } = parts;
  const { schemas, projects, clock } = host;

  const rotationOf = (key: CryptoKey): number | undefined => key.nextRotationTime && millisOf(key.nextRotationTime);

  /** Stores a new key, with its first version where it has one. */
  const insert = (key: CryptoKey, createdMicros: number, material?: Uint8Array): CryptoKey => {
    host.db.tx(() => {
      if (!store.keys.insert(key.name, key)) throw alreadyExists("CryptoKey", key.name);
      store.setRotation(key.name, rotationOf(key));
      if (material === undefined) return;
      const { number } = addVersion(parts, key, material, { createdMicros, generatedMicros: nowMicros(host) });
      if (purposeName(key.purpose) === "ENCRYPT_DECRYPT") store.setPrimary(key.name, number);
    });
    due.changed();
    return shownKey(parts, key);
  };

  return {
    createCryptoKey: {
      permission: (request) => {
        const expert = expertPermission(request.cryptoKey?.versionTemplate?.algorithm ?? 0);
        return expert === undefined ? "cloudkms.cryptoKeys.create" : ["cloudkms.cryptoKeys.create", expert];
      },
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        requireName("KeyRing", request.parent);
        requireId("crypto_key_id", request.cryptoKeyId);
        if (request.cryptoKey === undefined) throw invalid("Field [crypto_key] is required.");
        if (request.trustedWrappingEnabled) throw unimplemented("trusted wrapping");
        const ring = projects.canonical(request.parent);
        const key = schemas.clone(keySchema, request.cryptoKey);
        settleKey(key, clock.now());
        if (key.importOnly && !request.skipInitialVersionCreation) {
          throw invalid("skip_initial_version_creation must be set for a key that is import_only.");
        }
        if (!store.rings.has(ring)) throw notFound("KeyRing", request.parent);
        const createdMicros = nowMicros(host);
        key.name = `${ring}/cryptoKeys/${request.cryptoKeyId}`;
        key.createTime = timestamp(createdMicros);
        delete key.primary;
        if (store.keys.has(key.name)) throw alreadyExists("CryptoKey", key.name);
        if (store.isDeleted(key.name)) throw nameRetired(key.name);
        sayHsm(parts, key);
        if (request.skipInitialVersionCreation) return insert(key, createdMicros);
        const material = newMaterial(algorithmOf(key.versionTemplate?.algorithm ?? 0) as Algorithm);
        if (!(material instanceof Promise)) return insert(key, createdMicros, material);
        return material.then((made) => insert(key, createdMicros, made));
      },
    },
    getCryptoKey: {
      permission: "cloudkms.cryptoKeys.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => shownKey(parts, findKey(parts, request.name)),
    },
    listCryptoKeys: {
      permission: "cloudkms.cryptoKeys.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        requireName("KeyRing", request.parent);
        due.settle();
        const parent = projects.canonical(request.parent);
        if (!store.rings.has(parent)) throw notFound("KeyRing", request.parent);
        const show = (key: CryptoKey): CryptoKey => shownKey(parts, key);
        const { items, nextPageToken } = listed(store.keys, { ...request, parent }, keySchema, show);
        return {
          cryptoKeys: items,
          nextPageToken,
          totalSize: request.filter === "" ? store.keys.count(parent) : 0,
        };
      },
    },
    updateCryptoKey: {
      permission: "cloudkms.cryptoKeys.update",
      resource: (request) => request.cryptoKey?.name ?? "",
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const { cryptoKey: wanted, updateMask } = request;
        if (wanted === undefined) throw invalid("Field [crypto_key] is required.");
        if (updateMask === undefined || updateMask.paths.length === 0) {
          throw invalid("Field [update_mask] is required.");
        }
        const key = host.db.tx(() => {
          const next = findKey(parts, wanted.name);
          updateKey(next, wanted, updateMask.paths, clock.now());
          store.keys.put(next.name, next);
          store.setRotation(next.name, rotationOf(next));
          return next;
        });
        due.changed();
        return shownKey(parts, key);
      },
    },
    updateCryptoKeyPrimaryVersion: {
      permission: "cloudkms.cryptoKeys.update",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const id = request.cryptoKeyVersionId;
        if (!/^[1-9]\d{0,9}$/.test(id))
          throw invalid(`The value [${id}] of field [crypto_key_version_id] is no version.`);
        return host.db.tx(() => {
          const key = findKey(parts, request.name);
          const purpose = purposeName(key.purpose);
          if (purpose !== "ENCRYPT_DECRYPT") throw invalid(`Keys with the purpose ${purpose} have no primary version.`);
          if (store.version(key.name, Number(id)) === undefined) {
            throw notFound("CryptoKeyVersion", versionName(key.name, Number(id)));
          }
          store.setPrimary(key.name, Number(id));
          return shownKey(parts, key);
        });
      },
    },
  };
}

/** What an HSM does at Google is done in software here, and said once. */
export function sayHsm({ host }: KmsParts, key: CryptoKey): void {
  if (key.versionTemplate?.protectionLevel !== 2) return;
  host.note("cloudkms.hsm", "Cloud KMS: keys of protection level HSM are kept in software, and have no attestation.");
}
