import { CryptoKeyVersion_CryptoKeyVersionState as State } from "../../../gen/cloudkms-v1.enums.ts";
import type { CryptoKeyVersion } from "../../../gen/types/google/cloud/kms/v1/resources_pb.js";
import type { KeyManagementService } from "../../../gen/types/google/cloud/kms/v1/service_pb.js";
import type { Methods } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { type Algorithm, algorithmOf, expertPermission } from "./algorithms.ts";
import { filterOf, orderOf, pageSizeOf, slice } from "./lists.ts";
import { newMaterial } from "./material.ts";
import { addVersion, nowMicros, timestamp } from "./new-version.ts";
import { findKey, findVersion, type KmsParts, stateName } from "./parts.ts";
import { api, invalid, precondition, unimplemented } from "./rules.ts";
import { durationMillis } from "./settings.ts";

/** Versions of keys: made, read, enabled and disabled, scheduled for destruction and restored. */
export function versionMethods(parts: KmsParts): Methods<typeof KeyManagementService> {
  const { host, store, due, versionSchema } = parts;
  return {
    createCryptoKeyVersion: {
      permission: "cloudkms.cryptoKeyVersions.create",
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const key = findKey(parts, request.parent);
        if (key.importOnly) throw precondition(`${key.name} takes imported versions only.`);
        const state = request.cryptoKeyVersion?.state ?? 0;
        if (state !== 0 && state !== State.ENABLED && state !== State.DISABLED) {
          throw invalid("CryptoKeyVersion.state must be ENABLED or DISABLED.");
        }
        if (request.cryptoKeyVersion?.externalProtectionLevelOptions !== undefined) {
          throw unimplemented("external_protection_level_options");
        }
        const number = key.versionTemplate?.algorithm ?? 0;
        const expert = expertPermission(number);
        if (expert !== undefined) host.iam.require(call.caller, [expert], `${api}/${key.name}`);
        const createdMicros = nowMicros(host);
        const insert = (material: Uint8Array): CryptoKeyVersion =>
          host.db.tx(() => {
            const at = { createdMicros, generatedMicros: nowMicros(host), disabled: state === State.DISABLED };
            return addVersion(parts, key, material, at).message;
          });
        const material = newMaterial(algorithmOf(number) as Algorithm);
        return material instanceof Promise ? material.then(insert) : insert(material);
      },
    },
    getCryptoKeyVersion: {
      permission: "cloudkms.cryptoKeyVersions.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => findVersion(parts, request.name).version.message,
    },
    listCryptoKeyVersions: {
      permission: "cloudkms.cryptoKeyVersions.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        const { name } = findKey(parts, request.parent);
        const size = pageSizeOf(request);
        const keep = filterOf(request, versionSchema);
        const order = orderOf(request, versionSchema);
        if (order !== undefined) {
          const all = [...store.versions(name)].map(({ message }) => message).filter(keep ?? (() => true));
          const { items, nextPageToken } = slice(all.sort(order), { ...request, parent: name }, size);
          return { cryptoKeyVersions: items, nextPageToken, totalSize: keep === undefined ? all.length : 0 };
        }
        const after = request.pageToken === "" ? 0 : Number(readPageToken(request.pageToken, name));
        const found: CryptoKeyVersion[] = [];
        const totalSize = keep === undefined ? store.countVersions(name) : 0;
        let last = 0;
        for (const { number, message } of store.versions(name, after)) {
          if (keep !== undefined && !keep(message)) continue;
          if (found.length === size) {
            return { cryptoKeyVersions: found, nextPageToken: pageToken(String(last), name), totalSize };
          }
          found.push(message);
          last = number;
        }
        return { cryptoKeyVersions: found, totalSize };
      },
    },
    updateCryptoKeyVersion: {
      permission: "cloudkms.cryptoKeyVersions.update",
      resource: (request) => request.cryptoKeyVersion?.name ?? "",
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const wanted = request.cryptoKeyVersion;
        const paths = request.updateMask?.paths ?? [];
        if (wanted === undefined) throw invalid("Field [crypto_key_version] is required.");
        if (paths.length === 0) throw invalid("Field [update_mask] is required.");
        for (const path of paths) if (path !== "state") throw invalid(`Field [${path}] cannot be updated.`);
        if (wanted.state !== State.ENABLED && wanted.state !== State.DISABLED) {
          throw invalid("CryptoKeyVersion.state can be changed to ENABLED or DISABLED only.");
        }
        return host.db.tx(() => {
          const { key, version } = findVersion(parts, wanted.name);
          const { message } = version;
          if (message.state !== State.ENABLED && message.state !== State.DISABLED) {
            throw precondition(
              `${message.name} cannot be enabled or disabled, current state is: ${stateName(message)}.`,
            );
          }
          message.state = wanted.state;
          store.updateVersion(key.name, version);
          return message;
        });
      },
    },
    destroyCryptoKeyVersion: {
      permission: "cloudkms.cryptoKeyVersions.destroy",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const destroyed = host.db.tx(() => {
          const { key, version } = findVersion(parts, request.name);
          const { message } = version;
          if (message.state !== State.ENABLED && message.state !== State.DISABLED) {
            throw precondition(`${message.name} cannot be destroyed, current state is: ${stateName(message)}.`);
          }
          const delayMs = key.destroyScheduledDuration ? durationMillis(key.destroyScheduledDuration) : 0;
          const destroysMs = host.clock.now() + delayMs;
          message.state = State.DESTROY_SCHEDULED;
          message.destroyTime = timestamp(Math.floor(destroysMs * 1000));
          store.updateVersion(key.name, version, { destroysMs });
          return message;
        });
        due.changed();
        return destroyed;
      },
    },
    restoreCryptoKeyVersion: {
      permission: "cloudkms.cryptoKeyVersions.restore",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const restored = host.db.tx(() => {
          const { key, version } = findVersion(parts, request.name);
          const { message } = version;
          if (message.state !== State.DESTROY_SCHEDULED) {
            throw precondition(
              `${message.name} is not scheduled for destruction, current state is: ${stateName(message)}.`,
            );
          }
          message.state = State.DISABLED;
          delete message.destroyTime;
          store.updateVersion(key.name, version);
          return message;
        });
        due.changed();
        return restored;
      },
    },
  };
}
