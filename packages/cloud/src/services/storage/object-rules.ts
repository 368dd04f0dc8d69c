import type { StorageError } from "./errors.ts";
import { forbidden, invalid } from "./errors.ts";
import type { BucketMessage, ObjectMessage } from "./messages.ts";
import { storageClassOf } from "./rules.ts";
import type { StoredObject } from "./store.ts";

/** What a client may say of an object; all else is worked out. */
const settable = [
  "cacheControl",
  "contentDisposition",
  "contentEncoding",
  "contentLanguage",
  "contentType",
  "contexts",
  "customTime",
  "eventBasedHold",
  "metadata",
  "retention",
  "storageClass",
  "temporaryHold",
  "kmsKeyName",
] as const;

/** What only the making of an object sets: a later change leaves it. */
const fixed: ReadonlySet<string> = new Set(["storageClass", "kmsKeyName"]);

/** Throws 400 for a name that objects cannot have. */
export function checkObjectName(name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0) throw invalid("Required", "required");
  if (
    bytes > 1024 ||
    /[\r\n]/.test(name) ||
    name === "." ||
    name === ".." ||
    name.startsWith(".well-known/acme-challenge/")
  ) {
    throw invalid(`Disallowed object name: '${name}'`);
  }
}

/** The client's part of a new object's metadata. Throws 400. */
export function metadataOf(given: ObjectMessage): ObjectMessage {
  const kept: Record<string, unknown> = {};
  for (const field of settable) {
    const value = field === "storageClass" ? storageClassOf(given.storageClass) : given[field];
    if (value !== undefined && value !== null && value !== "") kept[field] = value;
  }
  checkMetadata(kept as ObjectMessage);
  return kept as ObjectMessage;
}

/** The metadata after a change (`patch` merged already, `update` whole). Throws 400 or 403 for what cannot change so. */
export function changedMetadata(before: ObjectMessage, wanted: ObjectMessage): ObjectMessage {
  const next: Record<string, unknown> = { ...before };
  for (const field of settable) {
    if (fixed.has(field)) continue;
    const value = wanted[field];
    const empty =
      value === undefined || value === null || (typeof value === "object" && Object.keys(value).length === 0);
    if (empty) delete next[field];
    else next[field] = value;
  }
  const result = next as ObjectMessage;
  checkMetadata(result);
  if (
    before.customTime != null &&
    (result.customTime == null || Date.parse(result.customTime) < Date.parse(before.customTime))
  ) {
    throw invalid("Custom time cannot be removed, or set to an earlier time.");
  }
  const locked = before.retention?.mode === "Locked";
  const until = result.retention?.retainUntilTime;
  if (
    locked &&
    (until === undefined || result.retention?.mode !== "Locked" || until < (before.retention?.retainUntilTime ?? ""))
  ) {
    throw forbidden("The object's locked retention cannot be reduced or removed.");
  }
  return result;
}

function checkMetadata({ metadata, customTime, retention }: ObjectMessage): void {
  const values = Object.values(metadata ?? {});
  if (values.some((value) => typeof value !== "string")) throw invalid("Invalid value for metadata: it must be text.");
  if (customTime != null && Number.isNaN(Date.parse(customTime)))
    throw invalid(`Invalid value for customTime: "${customTime}".`);
  if (retention != null && !["Locked", "Unlocked"].includes(retention.mode ?? "")) {
    throw invalid("Invalid value for retention.mode.");
  }
}

/**
 * Why an object cannot be deleted, replaced or archived now: a hold, a retention. Undefined when it can.
 * (https://cloud.google.com/storage/docs/object-holds, …/bucket-lock)
 */
export function lockOn(object: StoredObject, bucket: BucketMessage, nowMs: number): StorageError | undefined {
  const { resource } = object;
  const named = `Object '${object.bucket}/${object.name}'`;
  const held = (kind: string): StorageError =>
    forbidden(
      `${named} is under active ${kind} hold and cannot be deleted, overwritten or archived until hold is removed.`,
    );
  if (resource.temporaryHold === true) return held("Temporary");
  if (resource.eventBasedHold === true) return held("Event-Based");
  const until = retainedUntil(object, bucket);
  if (until === undefined || until <= nowMs) return undefined;
  return forbidden(
    `${named} is subject to bucket's retention policy or object retention and cannot be deleted or overwritten until ${new Date(until).toISOString()}`,
    "retentionPolicyNotMet",
  );
}

/** When the last retention of the object ends, in milliseconds. */
export function retainedUntil({ resource }: StoredObject, bucket: BucketMessage): number | undefined {
  const times: number[] = [];
  const seconds = Number(bucket.retentionPolicy?.retentionPeriod ?? 0);
  if (seconds > 0) times.push(Date.parse(holdEnd(resource) ?? "") + seconds * 1000);
  const own = resource.retention?.retainUntilTime;
  if (own !== undefined) times.push(Date.parse(own));
  return times.length === 0 ? undefined : Math.max(...times);
}

/** From when retention counts: the making, or the release of an event-based hold, which is kept beside. */
function holdEnd(resource: ObjectMessage & { holdReleased?: string }): string | null | undefined {
  return resource.holdReleased ?? resource.timeCreated;
}
