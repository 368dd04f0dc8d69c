import type { Call, JsonObject, RestRequest } from "../../service.ts";
import { seesAcl } from "./access.ts";
import { entryDetails } from "./acl.ts";
import { bucketLink } from "./bucket-view.ts";
import { etagOf } from "./etag.ts";
import type { AclEntry } from "./messages.ts";
import { asJson } from "./messages.ts";
import { retainedUntil } from "./object-rules.ts";
import { isoOf, type Storage } from "./storage.ts";
import type { StoredBucket, StoredObject } from "./store.ts";

const google = "storage.googleapis.com";

export const objectEtag = ({ generation, resource }: StoredObject): string =>
  etagOf(generation, resource.metageneration ?? "1");

/** Where media is to be had, for this client: at Google's host where that was called, else here. */
export function originOf(headers: Readonly<Record<string, string | undefined>>): string {
  const host = headers[":authority"] ?? headers.host ?? google;
  const name = host.replace(/:\d+$/, "");
  return name === google || name.endsWith(".googleapis.com") ? `https://${google}` : `http://${host}/${google}`;
}

/** An object as the API answers it; with its access control list where `full` asks for it. */
export function showObject(
  storage: Storage,
  bucket: StoredBucket,
  object: StoredObject,
  call: Call,
  full = false,
): JsonObject {
  const { holdReleased: _, ...resource } = asJson(object.resource) as JsonObject;
  const until = retainedUntil(object, bucket.resource);
  const path = `b/${object.bucket}/o/${encodeURIComponent(object.name)}`;
  return {
    kind: "storage#object",
    id: `${object.bucket}/${object.name}/${object.generation}`,
    selfLink: `${bucketLink(object.bucket)}/o/${encodeURIComponent(object.name)}`,
    mediaLink: `${originOf(call.headers)}/download/storage/v1/${path}?generation=${object.generation}&alt=media`,
    name: object.name,
    bucket: object.bucket,
    generation: String(object.generation),
    size: String(object.size),
    etag: objectEtag(object),
    ...resource,
    ...(until === undefined || resource.eventBasedHold === true ? {} : { retentionExpirationTime: isoOf(until) }),
    ...(full && seesAcl(storage, call.caller, bucket, object)
      ? { acl: object.acl.map((entry) => showObjectEntry(object, entry)) }
      : {}),
  };
}

/** Whether the request asks for access control lists in its answer. */
export function wantsFull({ query, body }: RestRequest, otherwise = false): boolean {
  const projection = query.get("projection");
  return projection === null ? otherwise || body.acl !== undefined : projection === "full";
}

export function showObjectEntry(object: StoredObject, entry: AclEntry): JsonObject {
  const { bucket, name, generation } = object;
  return {
    kind: "storage#objectAccessControl",
    id: `${bucket}/${name}/${generation}/${entry.entity}`,
    selfLink: `${bucketLink(bucket)}/o/${encodeURIComponent(name)}/acl/${entry.entity}`,
    bucket,
    object: name,
    generation: String(generation),
    etag: objectEtag(object),
    ...entryDetails(entry),
  };
}
