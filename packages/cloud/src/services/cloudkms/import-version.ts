import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import {
  ImportJob_ImportJobState as JobState,
  CryptoKeyVersion_CryptoKeyVersionState as State,
} from "../../../gen/cloudkms-v1.enums.ts";
import type { CryptoKey, CryptoKeyVersion, ImportJob } from "../../../gen/types/google/cloud/kms/v1/resources_pb.js";
import type {
  ImportCryptoKeyVersionRequest,
  KeyManagementService,
} from "../../../gen/types/google/cloud/kms/v1/service_pb.js";
import type { Methods } from "../../service.ts";
import { algorithmName, algorithmOf, expertPermission, purposeName } from "./algorithms.ts";
import { hintBytes } from "./ciphertext.ts";
import { findJob } from "./import-jobs.ts";
import { nowMicros, timestamp } from "./new-version.ts";
import { findKey, findVersion, type KmsParts, stateName } from "./parts.ts";
import { api, invalid, precondition, unimplemented, versionName } from "./rules.ts";
import type { KeyedVersion } from "./store.ts";
import { ImportFailure, type ImportMethod, importedMaterial, importMethodOf, unwrap } from "./unwrap.ts";

/** `ImportCryptoKeyVersion`: key material from elsewhere becomes a version, or comes back into one that had it. */
export function importVersionMethods(parts: KmsParts): Methods<typeof KeyManagementService> {
  const { host, jobs } = parts;
  return {
    importCryptoKeyVersion: {
      permission: "cloudkms.cryptoKeyVersions.create",
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: async (request, call) => {
        const key = findKey(parts, request.parent);
        const wrapped = wrappedOf(request);
        if (request.importJob === "") throw invalid("Field [import_job] is required.");
        checkAlgorithm(key, request.algorithm);
        if (request.trustedWrappingEnabled) throw unimplemented("trusted wrapping");
        const named = findJob(parts, request.importJob);
        host.iam.require(call.caller, ["cloudkms.importJobs.useToImport"], `${api}/${named.name}`);
        const expert = expertPermission(request.algorithm);
        if (expert !== undefined) host.iam.require(call.caller, [expert], `${api}/${key.name}`);
        if (named.state === JobState.PENDING_GENERATION) await jobs.ready(named.name);
        const job = findJob(parts, request.importJob);
        checkJob(job, key);
        return host.db.tx(() => imported(parts, { request, key, job, wrapped }));
      },
    },
  };
}

function wrappedOf({ wrappedKey, wrappedKeyMaterial }: ImportCryptoKeyVersionRequest): Uint8Array {
  const old = wrappedKeyMaterial.case === "rsaAesWrappedKey" ? wrappedKeyMaterial.value : new Uint8Array();
  if (wrappedKey.length > 0 && old.length > 0) {
    throw invalid("Only one of wrapped_key and rsa_aes_wrapped_key can be set.");
  }
  if (wrappedKey.length + old.length === 0) throw invalid("Field [wrapped_key] is required.");
  return wrappedKey.length > 0 ? wrappedKey : old;
}

function checkAlgorithm(key: CryptoKey, number: number): void {
  if (number === 0) throw invalid("Field [algorithm] is required.");
  const algorithm = algorithmOf(number);
  if (algorithm === undefined) throw unimplemented(`algorithm ${algorithmName(number)}`);
  const purpose = purposeName(key.purpose);
  if (algorithm.purpose !== purpose) {
    throw invalid(`Algorithm ${algorithmName(number)} cannot be used with the purpose ${purpose}.`);
  }
}

function checkJob(job: ImportJob, key: CryptoKey): void {
  if (job.state !== JobState.ACTIVE) throw precondition(`${job.name} has expired: key material cannot be imported.`);
  if (job.protectionLevel !== key.versionTemplate?.protectionLevel) {
    throw invalid(`The protection level of ${job.name} is not that of ${key.name}.`);
  }
}

interface Import {
  readonly request: ImportCryptoKeyVersionRequest;
  readonly key: CryptoKey;
  readonly job: ImportJob;
  readonly wrapped: Uint8Array;
}

/** Does the import, and answers the version as Cloud KMS does: still pending. Who reads it next sees how it went. */
function imported(parts: KmsParts, { request, key, job, wrapped }: Import): CryptoKeyVersion {
  const { host, store, jobs } = parts;
  const target = request.cryptoKeyVersion === "" ? undefined : targetOf(parts, request, key);
  const number = target?.number ?? store.nextNumber(key.name);
  const name = versionName(key.name, number);
  const pending = {
    name,
    state: State.PENDING_IMPORT,
    protectionLevel: job.protectionLevel,
    algorithm: request.algorithm,
    createTime: target?.message.createTime ?? timestamp(nowMicros(host)),
    importJob: job.name,
  };
  const opened = open(parts, name, request.algorithm, () =>
    unwrap(importMethodOf(job.importMethod) as ImportMethod, jobs.keyOf(job.name) ?? new Uint8Array(), wrapped),
  );
  const message = host.schemas.create(parts.versionSchema, {
    ...pending,
    ...(target?.message.importTime === undefined ? {} : { importTime: target.message.importTime }),
    ...(opened instanceof ImportFailure
      ? { state: State.IMPORT_FAILED, importFailureReason: opened.message }
      : { state: State.ENABLED, importTime: timestamp(nowMicros(host)) }),
    // What failed can be tried again, and what was destroyed can be brought back.
    reimportEligible: true,
  });
  const sealed = opened instanceof ImportFailure ? null : host.vault.seal(opened, name);
  if (target === undefined) {
    store.insertVersion(key.name, { number, message, sealed, hint: randomBytes(hintBytes) });
  } else store.updateVersion(key.name, { number, message }, sealed === null ? { wipe: true } : { sealed });
  return host.schemas.create(parts.versionSchema, pending);
}

/** The material; where this version had some before, it must be the same. */
function open(
  { host, store }: KmsParts,
  name: string,
  algorithm: number,
  unwrapped: () => Uint8Array,
): Uint8Array | ImportFailure {
  try {
    const known = algorithmOf(algorithm);
    if (known === undefined) throw new ImportFailure("The algorithm is not known.");
    const material = importedMaterial(known, unwrapped());
    const digest = createHash("sha256").update(String(algorithm)).update(material).digest();
    const before = store.importedBefore(name);
    if (before === undefined) store.setImported(name, host.vault.seal(digest, `${name}#digest`));
    else if (!timingSafeEqual(host.vault.open(before, `${name}#digest`), digest)) {
      throw new ImportFailure("The key material or the algorithm is not that of the first import.");
    }
    return material;
  } catch (thrown) {
    if (thrown instanceof ImportFailure) return thrown;
    throw thrown;
  }
}

function targetOf(parts: KmsParts, request: ImportCryptoKeyVersionRequest, key: CryptoKey): KeyedVersion {
  const { key: owner, version } = findVersion(parts, request.cryptoKeyVersion);
  const { name, state, reimportEligible } = version.message;
  if (owner.name !== key.name) throw invalid(`${name} is not a version of ${key.name}.`);
  if (!reimportEligible) throw precondition(`${name} was not imported, and cannot be.`);
  if (state !== State.DESTROYED && state !== State.IMPORT_FAILED) {
    throw precondition(`${name} cannot be imported again, current state is: ${stateName(version.message)}.`);
  }
  return version;
}
