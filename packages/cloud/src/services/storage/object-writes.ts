import type { Principal, RestRequest } from "../../service.ts";
import { predefined } from "./acl.ts";
import { mustBeBucket } from "./bucket-writes.ts";
import { invalid, objectNotFound } from "./errors.ts";
import type { AclEntry, ObjectMessage } from "./messages.ts";
import { lockOn } from "./object-rules.ts";
import { checkPreconditions } from "./preconditions.ts";
import { isUniform } from "./rules.ts";
import { isoOf, type Storage } from "./storage.ts";
import type { StoredBucket, StoredObject } from "./store.ts";

/** The object that the request names (by `generation`, else the live one). Throws 404. */
export function mustBeObject(
  storage: Storage,
  { params, query }: RestRequest,
  name = params.object ?? "",
): StoredObject {
  const bucket = mustBeBucket(storage.store, params.bucket);
  const deleted = query.get("softDeleted") === "true";
  const found = findObject(storage, bucket.name, name, query.get("generation"));
  if (found === undefined || (found.state === "deleted") !== deleted) throw objectNotFound(bucket.name, name);
  return found;
}

/** Throws 400 for a generation that is no number. */
export function findObject(
  { store }: Storage,
  bucket: string,
  name: string,
  generation: string | null | undefined,
): StoredObject | undefined {
  if (generation === null || generation === undefined) return store.live(bucket, name);
  if (!/^-?\d+$/.test(generation)) throw invalid(`Invalid value for parameter generation: "${generation}".`);
  return store.version(bucket, name, Number(generation));
}

/** A new version of an object, before it is one. */
export interface Draft {
  readonly bucket: StoredBucket;
  readonly name: string;
  readonly file: string;
  readonly size: number;
  /** Metadata and sums: `metadataOf`, `md5Hash`, `crc32c`, `componentCount`. */
  readonly resource: ObjectMessage;
  readonly owner: Principal;
  /** `predefinedAcl`, entries of its own, or the bucket's default. */
  readonly acl?: readonly AclEntry[] | string | null | undefined;
}

/**
 * Makes the draft the live version, in one transaction: preconditions, holds and retention of what it replaces are
 * checked, and that is kept as the bucket's policies say. Throws 412 or 403.
 */
export function writeObject(storage: Storage, draft: Draft, query: URLSearchParams): StoredObject {
  const { host, store } = storage;
  const freed: string[] = [];
  const object = host.db.tx(() => {
    const bucket = mustBeBucket(store, draft.bucket.name);
    const nowMs = host.clock.now();
    const time = isoOf(nowMs);
    const present = store.live(bucket.name, draft.name);
    checkPreconditions(query, present);
    const generation = storage.nextGeneration();
    if (present !== undefined) freed.push(...putAway(storage, bucket, present));
    const resource: ObjectMessage = {
      storageClass: bucket.resource.storageClass ?? "STANDARD",
      ...(bucket.resource.defaultEventBasedHold === true ? { eventBasedHold: true } : {}),
      ...(bucket.resource.encryption?.defaultKmsKeyName == null
        ? {}
        : { kmsKeyName: bucket.resource.encryption.defaultKmsKeyName }),
      ...draft.resource,
      metageneration: "1",
      timeCreated: time,
      updated: time,
      timeStorageClassUpdated: time,
      timeFinalized: time,
    };
    const made: StoredObject = {
      bucket: bucket.name,
      name: draft.name,
      generation,
      state: "live",
      file: draft.file,
      size: draft.size,
      resource,
      acl: aclFor(storage, bucket, draft),
      purgeMs: null,
    };
    store.putObject(made);
    return made;
  });
  storage.release(freed);
  storage.wake();
  return object;
}

const allowedWhenUniform = new Set(["bucketOwnerFullControl", "bucket-owner-full-control"]);

function aclFor(storage: Storage, bucket: StoredBucket, { acl, owner }: Draft): readonly AclEntry[] {
  if (isUniform(bucket.resource)) {
    const given = acl == null ? false : typeof acl === "string" ? !allowedWhenUniform.has(acl) : acl.length > 0;
    if (!given) return [];
    throw invalid(
      "Cannot insert legacy ACL for an object when uniform bucket-level access is enabled. Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access",
    );
  }
  if (typeof acl === "string") return predefined(storage, acl, { bucket, owner });
  if (acl != null) return acl;
  const own = owner.email === "" ? [] : [{ entity: `user-${owner.email}`, role: "OWNER" }];
  return [...bucket.defaultObjectAcl, ...own];
}

/**
 * Takes a version out of sight: an older version where the bucket keeps those, soft-deleted where it keeps deleted
 * ones, else gone. Answers the files that may go with it. Throws 403 while a hold or a retention is on it.
 */
export function putAway(
  { host, store }: Storage,
  bucket: StoredBucket,
  object: StoredObject,
  options: { readonly exactly?: boolean } = {},
): readonly string[] {
  const nowMs = host.clock.now();
  const versioned = bucket.resource.versioning?.enabled === true;
  const archives = versioned && object.state === "live" && options.exactly !== true;
  const lock = lockOn(object, bucket.resource, nowMs);
  // A version that is only archived is neither deleted nor overwritten: retention lets it, a hold does not.
  if (lock !== undefined && !(archives && lock.init.reason === "retentionPolicyNotMet")) throw lock;
  const timeDeleted = isoOf(nowMs);
  if (archives) {
    store.putObject({ ...object, state: "noncurrent", resource: { ...object.resource, timeDeleted } });
    return [];
  }
  const seconds = Number(bucket.resource.softDeletePolicy?.retentionDurationSeconds ?? 0);
  if (seconds > 0 && object.state !== "deleted") {
    const purgeMs = nowMs + seconds * 1000;
    const resource = { ...object.resource, softDeleteTime: timeDeleted, hardDeleteTime: isoOf(purgeMs) };
    store.putObject({ ...object, state: "deleted", resource, purgeMs });
    return [];
  }
  store.removeObject(object);
  return [object.file];
}

/** The object as changed now: its next metageneration. Not stored yet. */
export function nextMetageneration({ host }: Storage, object: StoredObject, resource = object.resource): StoredObject {
  return {
    ...object,
    resource: {
      ...resource,
      metageneration: String(Number(object.resource.metageneration ?? 1) + 1),
      updated: isoOf(host.clock.now()),
    },
  };
}
