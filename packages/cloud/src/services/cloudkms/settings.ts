import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { ProtectionLevel } from "../../../gen/cloudkms-v1.enums.ts";
import type { CryptoKey } from "../../../gen/types/google/cloud/kms/v1/resources_pb.js";
import { algorithmName, algorithmOf, purposeName } from "./algorithms.ts";
import { invalid, unimplemented } from "./rules.ts";

/*
 * What a key may say of itself, from the comments of google/cloud/kms/v1/resources.proto and from
 * docs.cloud.google.com/kms.
 */
const labelKey = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const labelValue = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
const daySeconds = 86_400;
const longestRotationSeconds = 876_000 * 3_600;

export const millisOf = (time: Timestamp): number => Number(time.seconds) * 1000 + time.nanos / 1e6;
export const durationMillis = (length: Duration): number => Number(length.seconds) * 1000 + length.nanos / 1e6;

/** Fills in what a new key leaves out, and throws INVALID_ARGUMENT for what Cloud KMS refuses in one. */
export function settleKey(key: CryptoKey, nowMs: number): void {
  const purpose = purposeName(key.purpose);
  if (purpose === "CRYPTO_KEY_PURPOSE_UNSPECIFIED") throw invalid("CryptoKey.purpose must be provided.");
  const template = key.versionTemplate;
  const symmetric = purpose === "ENCRYPT_DECRYPT";
  key.versionTemplate = {
    $typeName: "google.cloud.kms.v1.CryptoKeyVersionTemplate",
    protectionLevel: template?.protectionLevel || ProtectionLevel.SOFTWARE,
    algorithm: template?.algorithm || (symmetric ? 1 : 0),
  };
  checkTemplate(key);
  checkLabels(key.labels);
  key.destroyScheduledDuration ??= {
    $typeName: "google.protobuf.Duration",
    seconds: BigInt(30 * daySeconds),
    nanos: 0,
  };
  const seconds = durationMillis(key.destroyScheduledDuration) / 1000;
  if (seconds < (key.importOnly ? 0 : daySeconds) || seconds > 120 * daySeconds) {
    throw invalid("CryptoKey.destroy_scheduled_duration must be between 24 hours and 120 days.");
  }
  if (key.cryptoKeyBackend !== "") {
    throw invalid(
      "CryptoKey.crypto_key_backend applies to keys of protection level EXTERNAL_VPC or HSM_SINGLE_TENANT.",
    );
  }
  checkRotation(key, nowMs);
}

/** The algorithm and level of new versions. Throws for what does not go with the key's purpose, or is not here. */
export function checkTemplate(key: CryptoKey): void {
  const purpose = purposeName(key.purpose);
  const { algorithm = 0, protectionLevel = 0 } = key.versionTemplate ?? {};
  const level = levelName(protectionLevel);
  if (level !== "SOFTWARE" && level !== "HSM") throw unimplemented(`protection level ${level}`);
  if (algorithm === 0) throw invalid("CryptoKey.version_template.algorithm must be provided.");
  const known = algorithmOf(algorithm);
  if (known === undefined) throw unimplemented(`algorithm ${algorithmName(algorithm)}`);
  if (known.purpose !== purpose) {
    throw invalid(`Algorithm ${algorithmName(algorithm)} cannot be used with the purpose ${purpose}.`);
  }
}

const levels = new Map<number, string>(Object.entries(ProtectionLevel).map(([name, number]) => [number, name]));
const levelName = (number: number): string => levels.get(number) ?? String(number);

/**
 * The rotation schedule. Real keys with a period have a time as well; a period alone is kept and rotates nothing, as
 * recorded answers show it.
 */
export function checkRotation(key: CryptoKey, nowMs: number): void {
  const { nextRotationTime, rotationSchedule } = key;
  if (nextRotationTime === undefined && rotationSchedule.case === undefined) return;
  if (purposeName(key.purpose) !== "ENCRYPT_DECRYPT") {
    throw invalid(`Keys with the purpose ${purposeName(key.purpose)} do not support automatic rotation.`);
  }
  if (rotationSchedule.case === "rotationPeriod") {
    const seconds = durationMillis(rotationSchedule.value) / 1000;
    if (seconds !== 0 && (seconds < daySeconds || seconds > longestRotationSeconds)) {
      throw invalid("CryptoKey.rotation_period must be at least 24 hours and at most 876,000 hours.");
    }
  }
  if (nextRotationTime !== undefined && millisOf(nextRotationTime) <= nowMs) {
    throw invalid("CryptoKey.next_rotation_time must be in the future.");
  }
}

export function checkLabels(labels: Readonly<Record<string, string>>): void {
  const entries = Object.entries(labels);
  if (entries.length > 64) throw invalid("No more than 64 labels can be assigned to a given resource.");
  for (const [key, value] of entries) {
    if (!labelKey.test(key) || Buffer.byteLength(key) > 128) throw invalid(`Invalid label key [${key}].`);
    if (!labelValue.test(value) || Buffer.byteLength(value) > 128) {
      throw invalid(`Invalid value [${value}] of label [${key}].`);
    }
  }
}

/**
 * Sets in `to` (the caller's own copy) what the mask names, and checks it. Paths by proto or JSON name. Throws
 * INVALID_ARGUMENT for what is immutable, output only or unknown.
 */
export function updateKey(to: CryptoKey, from: CryptoKey, paths: readonly string[], nowMs: number): void {
  const set = paths.map((given) => given.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  for (const path of set) {
    const [field = "", inner] = path.split(".");
    if (field === "labels" && inner === undefined) to.labels = from.labels;
    else if (field === "rotation_period" && inner === undefined) to.rotationSchedule = from.rotationSchedule;
    else if (field === "next_rotation_time" && inner === undefined) {
      if (from.nextRotationTime === undefined) delete to.nextRotationTime;
      else to.nextRotationTime = from.nextRotationTime;
    } else if (field === "key_access_justifications_policy") {
      if (from.keyAccessJustificationsPolicy === undefined) delete to.keyAccessJustificationsPolicy;
      else to.keyAccessJustificationsPolicy = from.keyAccessJustificationsPolicy;
    } else if (field === "version_template") setTemplate(to, from, inner);
    else throw invalid(`Field [${path}] cannot be updated.`);
  }
  checkLabels(to.labels);
  checkTemplate(to);
  if (set.includes("next_rotation_time")) checkRotation(to, nowMs);
  else if (set.includes("rotation_period")) checkRotation(to, Number.NEGATIVE_INFINITY);
}

function setTemplate(to: CryptoKey, from: CryptoKey, inner: string | undefined): void {
  const present = to.versionTemplate;
  if (present === undefined || (inner !== undefined && inner !== "algorithm" && inner !== "protection_level")) {
    throw invalid(`Field [version_template.${inner}] cannot be updated.`);
  }
  const wanted = from.versionTemplate;
  if (inner !== "algorithm" && wanted?.protectionLevel && wanted.protectionLevel !== present.protectionLevel) {
    throw invalid("CryptoKey.version_template.protection_level is immutable.");
  }
  if (inner !== "protection_level") present.algorithm = wanted?.algorithm ?? 0;
}
