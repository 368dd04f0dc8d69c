import { forbidden, invalid } from "./errors.ts";
import { checkLifecycle } from "./lifecycle-rules.ts";
import type { BucketMessage } from "./messages.ts";
import { isoOf } from "./storage.ts";

const dayMs = 24 * 60 * 60 * 1000;
const storageClasses = new Set([
  "STANDARD",
  "NEARLINE",
  "COLDLINE",
  "ARCHIVE",
  "MULTI_REGIONAL",
  "REGIONAL",
  "DURABLE_REDUCED_AVAILABILITY",
]);
const multiRegions = new Set(["US", "EU", "ASIA"]);
const dualRegions = new Set(["NAM4", "EUR4", "EUR5", "EUR7", "EUR8", "ASIA1"]);

/** Throws 400 for what is no bucket name (https://cloud.google.com/storage/docs/buckets#naming). */
export function checkBucketName(name: string): void {
  const fits = name.length >= 3 && name.length <= (name.includes(".") ? 222 : 63);
  const shaped = /^[a-z0-9][a-z0-9._-]*[a-z0-9]$/.test(name) && name.split(".").every((part) => /^.{1,63}$/.test(part));
  const address = /^\d+\.\d+\.\d+\.\d+$/.test(name);
  if (!fits || !shaped || address || name.startsWith("goog") || /g[o0]{2}gle/.test(name)) {
    throw invalid(`Invalid bucket name: '${name}'`);
  }
}

/** As Google keeps it, in capitals; clients may write it as they like. Throws 400 for what is none. */
export function storageClassOf<T extends string | null | undefined>(storageClass: T): T {
  if (storageClass === undefined || storageClass === null) return storageClass;
  const name = storageClass.toUpperCase();
  if (storageClasses.has(name)) return name as T;
  throw invalid(`Invalid storage class: ${storageClass}.`);
}

/** Upper case, as Google answers it, with its type. Throws 400 for what is no location. */
export function placeOf(bucket: BucketMessage): Pick<BucketMessage, "location" | "locationType" | "rpo"> {
  const location = (bucket.location ?? "US").toUpperCase();
  const custom = bucket.customPlacementConfig?.dataLocations;
  if (custom !== undefined || dualRegions.has(location)) {
    return { location, locationType: "dual-region", rpo: bucket.rpo ?? "DEFAULT" };
  }
  if (multiRegions.has(location)) return { location, locationType: "multi-region", rpo: "DEFAULT" };
  if (/^[A-Z]+-[A-Z]+\d+$/.test(location)) return { location, locationType: "region" };
  throw invalid("The specified location constraint is not valid.");
}

/** What the client may not set: worked out, or kept by the cloud. */
const outputOnly = [
  "kind",
  "id",
  "selfLink",
  "etag",
  "owner",
  "projectNumber",
  "generation",
  "metageneration",
  "timeCreated",
  "updated",
  "locationType",
  "acl",
  "defaultObjectAcl",
  "satisfiesPZI",
  "satisfiesPZS",
  "softDeleteTime",
  "hardDeleteTime",
] as const;

/** The bucket as the client asks for it, without what is not the client's to say. */
export function writable(body: BucketMessage): BucketMessage {
  const kept: Record<string, unknown> = { ...body };
  for (const field of outputOnly) delete kept[field];
  return kept as BucketMessage;
}

/** `changes` over `before`, as JSON merge patch does it: `null` removes, objects are merged, all else is replaced. */
export function mergePatch<T extends object>(before: T, changes: object): T {
  const merged = { ...before } as Record<string, unknown>;
  for (const [key, value] of Object.entries(changes)) {
    const present = merged[key];
    if (value === null) delete merged[key];
    else if (typeof value !== "object" || Array.isArray(value)) merged[key] = value;
    else merged[key] = mergePatch(typeof present === "object" && present !== null ? present : {}, value);
  }
  return merged as T;
}

/**
 * A bucket as it is kept: defaults filled in, times set for what has just been turned on, every rule checked. `before`
 * is the bucket as it was, for a change. Throws 400 or 403.
 */
export function settled(wanted: BucketMessage, before: BucketMessage | undefined, nowMs: number): BucketMessage {
  const bucket: BucketMessage = { ...wanted, storageClass: storageClassOf(wanted.storageClass) ?? "STANDARD" };
  bucket.iamConfiguration = accessOf(wanted, before, nowMs);
  bucket.softDeletePolicy = softDeleteOf(wanted, before, nowMs);
  if (wanted.retentionPolicy != null) bucket.retentionPolicy = retentionOf(wanted, before, nowMs);
  else if (before?.retentionPolicy?.isLocked) {
    throw forbidden(`Cannot remove the locked retention policy of bucket '${before.name}'.`);
  }
  if (wanted.autoclass != null) {
    bucket.autoclass = autoclassOf(wanted, before, nowMs);
    if (bucket.autoclass.enabled) bucket.storageClass = "STANDARD";
  }
  if (wanted.lifecycle != null) {
    checkLifecycle(wanted.lifecycle);
    if ((wanted.lifecycle.rule ?? []).length === 0) delete bucket.lifecycle;
  }
  for (const [field, value] of Object.entries(bucket)) {
    const hollow = typeof value === "object" && value !== null && Object.keys(value).length === 0;
    if (value === null || hollow) delete (bucket as Record<string, unknown>)[field];
  }
  for (const [key, value] of Object.entries(bucket.labels ?? {})) {
    if (!/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key) || !/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value)) {
      throw invalid(`Invalid argument: label "${key}": "${value}".`);
    }
  }
  return bucket;
}

function accessOf(wanted: BucketMessage, before: BucketMessage | undefined, nowMs: number) {
  const asked = wanted.iamConfiguration;
  const was = before?.iamConfiguration?.uniformBucketLevelAccess?.enabled ?? false;
  const uniform = asked?.uniformBucketLevelAccess?.enabled;
  const older = asked?.bucketPolicyOnly?.enabled;
  // Both names of the one switch may come; the one that differs from what was is the one that is meant.
  const enabled =
    (uniform !== undefined && uniform !== was ? uniform : older !== undefined && older !== was ? older : was) ?? false;
  const lockedTime = was ? before?.iamConfiguration?.uniformBucketLevelAccess?.lockedTime : isoOf(nowMs + 90 * dayMs);
  if (was && !enabled && lockedTime !== undefined && Date.parse(lockedTime) < nowMs) {
    throw forbidden("Cannot disable uniform bucket-level access after its lock time.");
  }
  const prevention = asked?.publicAccessPrevention ?? "inherited";
  if (!["inherited", "enforced", "unspecified"].includes(prevention)) {
    throw invalid(`Invalid value for publicAccessPrevention: "${prevention}".`);
  }
  const one = enabled ? { enabled, ...(lockedTime === undefined ? {} : { lockedTime }) } : { enabled };
  return {
    bucketPolicyOnly: one,
    uniformBucketLevelAccess: one,
    publicAccessPrevention: prevention === "enforced" ? "enforced" : "inherited",
  };
}

function softDeleteOf(wanted: BucketMessage, before: BucketMessage | undefined, nowMs: number) {
  const seconds = Number(wanted.softDeletePolicy?.retentionDurationSeconds ?? 604_800);
  if (seconds !== 0 && !(seconds >= 604_800 && seconds <= 7_776_000)) {
    throw invalid("Soft delete policy retention duration must be 0, or between 7 and 90 days.");
  }
  const same = before?.softDeletePolicy?.retentionDurationSeconds === String(seconds);
  const effectiveTime = (same ? before?.softDeletePolicy?.effectiveTime : undefined) ?? isoOf(nowMs);
  return { retentionDurationSeconds: String(seconds), effectiveTime };
}

function retentionOf(wanted: BucketMessage, before: BucketMessage | undefined, nowMs: number) {
  const seconds = Number(wanted.retentionPolicy?.retentionPeriod);
  const was = before?.retentionPolicy;
  if (!(seconds > 0 && seconds <= 3_155_760_000))
    throw invalid("Retention period must be between 1 second and 100 years.");
  if (was?.isLocked && seconds < Number(was.retentionPeriod)) {
    throw forbidden(`Cannot reduce retention duration of a locked Retention Policy for bucket '${before?.name}'.`);
  }
  const effectiveTime = was?.retentionPeriod === String(seconds) ? was.effectiveTime : undefined;
  return {
    retentionPeriod: String(seconds),
    effectiveTime: effectiveTime ?? isoOf(nowMs),
    ...(was?.isLocked ? { isLocked: true } : {}),
  };
}

function autoclassOf(wanted: BucketMessage, before: BucketMessage | undefined, nowMs: number) {
  const was = before?.autoclass;
  const enabled = wanted.autoclass?.enabled === true;
  const toggleTime = (was?.enabled === enabled ? was.toggleTime : undefined) ?? isoOf(nowMs);
  if (!enabled) return { enabled, toggleTime };
  const terminal = wanted.autoclass?.terminalStorageClass ?? "NEARLINE";
  if (terminal !== "NEARLINE" && terminal !== "ARCHIVE") throw invalid(`Invalid terminal storage class: ${terminal}.`);
  const changed = was?.terminalStorageClass === terminal ? was.terminalStorageClassUpdateTime : undefined;
  return {
    enabled,
    toggleTime,
    terminalStorageClass: terminal,
    terminalStorageClassUpdateTime: changed ?? isoOf(nowMs),
  };
}

export function isUniform(bucket: BucketMessage): boolean {
  return bucket.iamConfiguration?.uniformBucketLevelAccess?.enabled === true;
}
