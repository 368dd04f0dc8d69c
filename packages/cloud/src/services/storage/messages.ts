import type { storage_v1 } from "@googleapis/storage";
import type { Json } from "../../service.ts";

export type BucketMessage = storage_v1.Schema$Bucket;
export type ObjectMessage = storage_v1.Schema$Object;
export type NotificationMessage = storage_v1.Schema$Notification;
export type Lifecycle = NonNullable<BucketMessage["lifecycle"]>;
export type LifecycleRule = NonNullable<Lifecycle["rule"]>[number];

/** An entry of an access control list, as it is stored. */
export interface AclEntry {
  readonly entity: string;
  readonly role: string;
}

/** A message of Google's types as the JSON that goes over the wire. */
export function asJson(message: object): Json {
  return message as Json;
}
