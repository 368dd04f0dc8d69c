import type { JsonObject } from "../../service.ts";
import { bucketPlace } from "./access.ts";
import { bucketAcl, entryDetails } from "./acl.ts";
import { etagOf } from "./etag.ts";
import type { AclEntry } from "./messages.ts";
import { asJson } from "./messages.ts";
import { isUniform } from "./rules.ts";
import type { Storage } from "./storage.ts";
import type { StoredBucket } from "./store.ts";

const base = "https://www.googleapis.com/storage/v1/b";

export const bucketEtag = ({ resource }: StoredBucket): string => etagOf(resource.metageneration ?? "1");

export const bucketLink = (name: string): string => `${base}/${name}`;

/** A bucket as the API answers it; with its access control lists where those count and `full` asks for them. */
export function showBucket(storage: Storage, bucket: StoredBucket, full: boolean): JsonObject {
  const number = storage.host.projects.get(bucket.project)?.number ?? "";
  return {
    kind: "storage#bucket",
    selfLink: bucketLink(bucket.name),
    id: bucket.name,
    projectNumber: number,
    etag: bucketEtag(bucket),
    ...(asJson(bucket.resource) as JsonObject),
    ...(full && !isUniform(bucket.resource)
      ? {
          acl: aclOf(storage, bucket).map((entry) => showBucketEntry(bucket, entry)),
          defaultObjectAcl: bucket.defaultObjectAcl.map((entry) => showDefaultEntry(bucket, entry)),
          owner: { entity: `project-owners-${number}` },
        }
      : {}),
  };
}

export function aclOf(storage: Storage, bucket: StoredBucket): readonly AclEntry[] {
  return bucketAcl(storage, storage.host.iam.policy(bucketPlace(bucket)).bindings);
}

export function showBucketEntry(bucket: StoredBucket, entry: AclEntry): JsonObject {
  return {
    kind: "storage#bucketAccessControl",
    id: `${bucket.name}/${entry.entity}`,
    selfLink: `${bucketLink(bucket.name)}/acl/${entry.entity}`,
    bucket: bucket.name,
    etag: bucketEtag(bucket),
    ...entryDetails(entry),
  };
}

export function showDefaultEntry(bucket: StoredBucket, entry: AclEntry): JsonObject {
  return { kind: "storage#objectAccessControl", etag: bucketEtag(bucket), ...entryDetails(entry) };
}
