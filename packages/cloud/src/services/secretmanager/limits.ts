import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import type { Rotation, Secret } from "../../../gen/types/google/cloud/secretmanager/v1/resources_pb.js";
import { invalid } from "./rules.ts";

/*
 * The limits of a secret's fields, from the comments of google/cloud/secretmanager/v1/resources.proto and from
 * docs.cloud.google.com/secret-manager.
 */
const labelKey = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const labelValue = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
const annotationKey = /^[a-zA-Z0-9]([a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?$/;
const alias = /^[a-zA-Z][a-zA-Z0-9_-]{0,62}$/;
const topicName = /^projects\/[^/]+\/topics\/[^/]+$/;
const keyName = /^projects\/[^/]+\/locations\/([^/]+)\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/;

const daySeconds = 86_400;
const hundredYearsSeconds = 3_153_600_000;

export const millisOf = (time: Timestamp): number => Number(time.seconds) * 1000 + time.nanos / 1e6;
export const durationMillis = (length: Duration): number => Number(length.seconds) * 1000 + length.nanos / 1e6;

/**
 * Throws INVALID_ARGUMENT for what Secret Manager refuses in a secret. `changed` names the fields that a request set
 * (proto names); times that were good when they were stored are not judged again by a change of something else.
 */
export function checkSecret(
  secret: Secret,
  at: { readonly regional: boolean; readonly nowMs: number; readonly changed?: ReadonlySet<string> },
): void {
  const { regional, nowMs, changed } = at;
  checkReplication(secret, regional);
  checkLabels(secret.labels);
  checkAnnotations(secret.annotations);
  if (secret.topics.length > 10) throw invalid("A secret can have at most 10 topics.");
  for (const { name } of secret.topics) {
    if (!topicName.test(name)) {
      throw invalid(`The provided Topic name [${name}] does not match the expected format [projects/*/topics/*]`);
    }
  }
  if (changed?.has("expiration") ?? true) checkExpiration(secret, nowMs);
  if (secret.rotation !== undefined) {
    if (changed?.has("rotation") ?? true) checkRotation(secret.rotation, nowMs);
    if (secret.topics.length === 0) throw invalid("A secret with a rotation policy must have at least one topic.");
  }
  checkAliases(secret.versionAliases);
  const destroyTtl = secret.versionDestroyTtl;
  if (destroyTtl !== undefined) {
    const seconds = durationMillis(destroyTtl) / 1000;
    if (seconds < daySeconds || seconds > 1000 * daySeconds) {
      throw invalid("Secret.version_destroy_ttl must be between 24 hours and 1000 days.");
    }
  }
}

function checkReplication(secret: Secret, regional: boolean): void {
  if (regional) {
    if (secret.replication !== undefined) throw invalid("Secret.replication should not be provided.");
    checkKey(secret.customerManagedEncryption?.kmsKeyName);
    return;
  }
  const policy = secret.replication?.replication;
  if (policy?.case === undefined) throw invalid("Secret.replication must be provided.");
  if (policy.case === "automatic") {
    checkKey(policy.value.customerManagedEncryption?.kmsKeyName);
    return;
  }
  const places = policy.value.replicas.map((replica) => replica.location);
  if (places.length === 0) throw invalid("Secret.replication.user_managed.replicas must not be empty.");
  if (places.some((place) => place === "")) throw invalid("Replica.location must be provided.");
  if (new Set(places).size < places.length) throw invalid("Replica locations must be unique.");
  for (const replica of policy.value.replicas) checkKey(replica.customerManagedEncryption?.kmsKeyName);
}

function checkKey(name: string | undefined): void {
  if (name !== undefined && !keyName.test(name)) {
    throw invalid(
      `The provided Key name [${name}] does not match the expected format [projects/*/locations/*/keyRings/*/cryptoKeys/*]`,
    );
  }
}

function checkLabels(labels: Readonly<Record<string, string>>): void {
  const entries = Object.entries(labels);
  if (entries.length > 64) throw invalid("No more than 64 labels can be assigned to a given resource.");
  for (const [key, value] of entries) {
    if (!labelKey.test(key) || Buffer.byteLength(key) > 128) throw invalid(`Invalid label key [${key}].`);
    if (!labelValue.test(value) || Buffer.byteLength(value) > 128) {
      throw invalid(`Invalid value [${value}] of label [${key}].`);
    }
  }
}

function checkAnnotations(annotations: Readonly<Record<string, string>>): void {
  let size = 0;
  for (const [key, value] of Object.entries(annotations)) {
    if (!annotationKey.test(key)) throw invalid(`Invalid annotation key [${key}].`);
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size >= 16_384) throw invalid("The total size of annotation keys and values must be less than 16KiB.");
}

function checkExpiration(secret: Secret, nowMs: number): void {
  const { expiration } = secret;
  if (expiration.case === "expireTime" && millisOf(expiration.value) <= nowMs) {
    throw invalid("Secret.expire_time must be in the future.");
  }
  if (expiration.case === "ttl" && durationMillis(expiration.value) <= 0) {
    throw invalid("Secret.ttl must be positive.");
  }
}

function checkRotation(rotation: Rotation, nowMs: number): void {
  const { nextRotationTime, rotationPeriod } = rotation;
  if (rotationPeriod !== undefined) {
    const seconds = durationMillis(rotationPeriod) / 1000;
    if (seconds < 3600 || seconds > hundredYearsSeconds) {
      throw invalid("Rotation.rotation_period must be between 3600s and 3153600000s.");
    }
    if (nextRotationTime === undefined) {
      throw invalid("Rotation.next_rotation_time must be set if Rotation.rotation_period is set.");
    }
  }
  if (nextRotationTime !== undefined) {
    const aheadMs = millisOf(nextRotationTime) - nowMs;
    if (aheadMs < 300_000 || aheadMs > hundredYearsSeconds * 1000) {
      throw invalid("Rotation.next_rotation_time must be at least 300s and at most 3153600000s in the future.");
    }
  }
}

function checkAliases(aliases: Readonly<Record<string, bigint>>): void {
  const names = Object.keys(aliases);
  if (names.length > 50) throw invalid("No more than 50 version aliases can be assigned to a given secret.");
  for (const name of names) {
    if (!alias.test(name) || name === "latest" || name === "NEW") throw invalid(`Invalid version alias [${name}].`);
  }
}
