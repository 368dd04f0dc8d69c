import type { Access, Json, JsonObject, RestMethod, RestRequest } from "../../service.ts";
import { bucketPlace, onBucket, onObject } from "./access.ts";
import { checkEntry, withEntry } from "./acl.ts";
import { aclOf, showBucketEntry, showDefaultEntry } from "./bucket-view.ts";
import { mustBeBucket, touched } from "./bucket-writes.ts";
import { invalid, keyNotFound } from "./errors.ts";
import type { AclEntry } from "./messages.ts";
import { showObjectEntry } from "./object-view.ts";
import { mustBeObject, nextMetageneration } from "./object-writes.ts";
import { isUniform } from "./rules.ts";
import type { Storage } from "./storage.ts";
import type { StoredBucket } from "./store.ts";

/** One of the three kinds of list: where it stands, and how it is read and written. */
interface Kind {
  readonly id: string;
  readonly path: string;
  readonly list: string;
  readonly roles: readonly string[];
  readonly read: Access<RestRequest>;
  readonly write: Access<RestRequest>;
  readonly entries: (request: RestRequest, bucket: StoredBucket) => readonly AclEntry[];
  readonly show: (request: RestRequest, bucket: StoredBucket, entry: AclEntry) => JsonObject;
  /** Sets the entry, or takes it away (`role` undefined). */
  readonly set: (request: RestRequest, bucket: StoredBucket, entity: string, role: string | undefined) => void;
}

const more = "Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access";

/** Access control lists of buckets, of their objects by default, and of each object: where access is not uniform. */
export function aclMethods(storage: Storage): readonly RestMethod[] {
  const { host, store } = storage;
  const withDefault = (bucket: StoredBucket, entity: string, role: string | undefined): readonly AclEntry[] => [
    ...bucket.defaultObjectAcl.filter((entry) => entry.entity !== entity),
    ...(role === undefined ? [] : [{ entity, role }]),
  ];
  const kinds: readonly Kind[] = [
    {
      id: "bucketAccessControls",
      path: "/storage/v1/b/{bucket}/acl",
      list: "storage#bucketAccessControls",
      roles: ["OWNER", "WRITER", "READER"],
      read: onBucket(storage, "storage.buckets.getIamPolicy"),
      write: onBucket(storage, "storage.buckets.setIamPolicy"),
      entries: (_, bucket) => aclOf(storage, bucket),
      show: (_, bucket, entry) => showBucketEntry(bucket, entry),
      set: (_, bucket, entity, role) => {
        const policy = host.iam.policy(bucketPlace(bucket));
        const bindings = withEntry(storage, policy.bindings, entity, role);
        host.iam.setPolicy(bucketPlace(bucket), { version: policy.version, bindings });
        touched(storage, bucket);
      },
    },
    {
      id: "defaultObjectAccessControls",
      path: "/storage/v1/b/{bucket}/defaultObjectAcl",
      list: "storage#objectAccessControls",
      roles: ["OWNER", "READER"],
      read: onBucket(storage, "storage.buckets.getIamPolicy"),
      write: onBucket(storage, "storage.buckets.setIamPolicy"),
      entries: (_, bucket) => bucket.defaultObjectAcl,
      show: (_, bucket, entry) => showDefaultEntry(bucket, entry),
      set: (_, bucket, entity, role) => {
        touched(storage, { ...bucket, defaultObjectAcl: withDefault(bucket, entity, role) });
      },
    },
    {
      id: "objectAccessControls",
      path: "/storage/v1/b/{bucket}/o/{object}/acl",
      list: "storage#objectAccessControls",
      roles: ["OWNER", "READER"],
      read: onObject(storage, "storage.objects.getIamPolicy"),
      write: onObject(storage, "storage.objects.setIamPolicy"),
      entries: (request) => mustBeObject(storage, request).acl,
      show: (request, _, entry) => showObjectEntry(mustBeObject(storage, request), entry),
      set: (request, _, entity, role) => {
        const object = mustBeObject(storage, request);
        const acl = object.acl.filter((entry) => entry.entity !== entity);
        const next = role === undefined ? acl : [...acl, { entity, role }];
        store.putObject({ ...nextMetageneration(storage, object), acl: next });
      },
    },
  ];
  return kinds.flatMap((kind) => methodsOf(storage, kind));
}

function methodsOf(storage: Storage, kind: Kind): readonly RestMethod[] {
  const { host, store } = storage;
  const bucketFor = (request: RestRequest, changes: boolean): StoredBucket => {
    const bucket = mustBeBucket(store, request.params.bucket);
    if (!isUniform(bucket.resource)) return bucket;
    throw invalid(
      changes
        ? `Cannot use ACL API to update bucket policy when uniform bucket-level access is enabled. ${more}`
        : `Cannot get legacy ACL for a bucket that has uniform bucket-level access. ${more}`,
    );
  };
  const entity = (request: RestRequest): string => request.params.entity ?? "";
  const find = (request: RestRequest, bucket: StoredBucket): AclEntry => {
    const entry = kind.entries(request, bucket).find((each) => each.entity === entity(request));
    if (entry === undefined) throw keyNotFound();
    return entry;
  };
  const set = (request: RestRequest, name: unknown, role: unknown): Json =>
    host.db.tx(() => {
      const bucket = bucketFor(request, true);
      const entry = checkEntry(storage, name, role, kind.roles);
      kind.set(request, bucket, entry.entity, entry.role);
      return kind.show(request, mustBeBucket(store, bucket.name), entry);
    });
  const change = (verb: "PUT" | "PATCH", name: string): RestMethod => ({
    id: `storage.${kind.id}.${name}`,
    verb,
    path: `${kind.path}/{entity}`,
    ...kind.write,
    audit: "ADMIN_WRITE",
    handle: (request) => {
      const present = find(request, bucketFor(request, true));
      return set(request, present.entity, request.body.role ?? present.role);
    },
  });
  return [
    {
      id: `storage.${kind.id}.list`,
      verb: "GET",
      path: kind.path,
      ...kind.read,
      audit: "ADMIN_READ",
      handle: (request) => {
        const bucket = bucketFor(request, false);
        return {
          kind: kind.list,
          items: kind.entries(request, bucket).map((each) => kind.show(request, bucket, each)),
        };
      },
    },
    {
      id: `storage.${kind.id}.get`,
      verb: "GET",
      path: `${kind.path}/{entity}`,
      ...kind.read,
      audit: "ADMIN_READ",
      handle: (request) => {
        const bucket = bucketFor(request, false);
        return kind.show(request, bucket, find(request, bucket));
      },
    },
    {
      id: `storage.${kind.id}.insert`,
      verb: "POST",
      path: kind.path,
      ...kind.write,
      audit: "ADMIN_WRITE",
      handle: (request) => set(request, request.body.entity, request.body.role),
    },
    change("PUT", "update"),
    change("PATCH", "patch"),
    {
      id: `storage.${kind.id}.delete`,
      verb: "DELETE",
      path: `${kind.path}/{entity}`,
      ...kind.write,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        host.db.tx(() => {
          const bucket = bucketFor(request, true);
          kind.set(request, bucket, find(request, bucket).entity, undefined);
        });
        return undefined;
      },
    },
  ];
}
