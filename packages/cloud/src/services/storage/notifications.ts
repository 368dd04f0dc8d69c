import type { Json, JsonObject, RestMethod } from "../../service.ts";
import { onBucket } from "./access.ts";
import { bucketLink } from "./bucket-view.ts";
import { mustBeBucket } from "./bucket-writes.ts";
import { invalid, StorageError } from "./errors.ts";
import type { NotificationMessage } from "./messages.ts";
import { asJson } from "./messages.ts";
import type { Storage } from "./storage.ts";

const formats = new Set(["JSON_API_V1", "NONE"]);
const events = new Set(["OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE", "OBJECT_DELETE", "OBJECT_ARCHIVE"]);

/** Notifications to Pub/Sub as configuration: kept and shown; nothing is published here, and that is said. */
export function notificationMethods(storage: Storage): readonly RestMethod[] {
  const { store, host } = storage;
  const path = "/storage/v1/b/{bucket}/notificationConfigs";
  const show = (bucket: string, notification: NotificationMessage): JsonObject => ({
    kind: "storage#notification",
    selfLink: `${bucketLink(bucket)}/notificationConfigs/${notification.id}`,
    etag: String(notification.id),
    ...(asJson(notification) as JsonObject),
  });
  const missing = (bucket: string, id: string) =>
    new StorageError({
      status: 404,
      reason: "notFound",
      message: `The specified notification configuration does not exist: ${bucket}/${id}`,
    });
  return [
    {
      id: "storage.notifications.insert",
      verb: "POST",
      path,
      ...onBucket(storage, "storage.buckets.update"),
      audit: "ADMIN_WRITE",
      handle: ({ params, body }) => {
        const bucket = mustBeBucket(store, params.bucket);
        const topic = /^(?:\/\/pubsub\.googleapis\.com\/)?(projects\/[^/]+\/topics\/[^/]+)$/.exec(
          String(body.topic ?? ""),
        )?.[1];
        if (topic === undefined)
          throw invalid("Invalid topic: it must be //pubsub.googleapis.com/projects/{project}/topics/{topic}.");
        if (!formats.has(String(body.payload_format ?? ""))) throw invalid("Invalid payload format.");
        const kinds = (body.event_types ?? []) as readonly Json[];
        if (kinds.some((kind) => !events.has(String(kind)))) throw invalid("Invalid event type.");
        host.note("storage.notifications", "Notification configurations are kept; no message is published to Pub/Sub.");
        const { custom_attributes, event_types, object_name_prefix, payload_format } = body as NotificationMessage;
        const given = { custom_attributes, event_types, object_name_prefix, payload_format };
        const made = store.addNotification(
          bucket.name,
          (id) =>
            JSON.parse(
              JSON.stringify({ id, topic: `//pubsub.googleapis.com/${topic}`, ...given }),
            ) as NotificationMessage,
        );
        return show(bucket.name, made);
      },
    },
    {
      id: "storage.notifications.list",
      verb: "GET",
      path,
      ...onBucket(storage, "storage.buckets.get"),
      audit: "ADMIN_READ",
      handle: ({ params }) => {
        const { name } = mustBeBucket(store, params.bucket);
        const items = store.notifications(name).map((each) => show(name, each));
        return { kind: "storage#notifications", ...(items.length === 0 ? {} : { items }) };
      },
    },
    {
      id: "storage.notifications.get",
      verb: "GET",
      path: `${path}/{notification}`,
      ...onBucket(storage, "storage.buckets.get"),
      audit: "ADMIN_READ",
      handle: ({ params: { bucket = "", notification = "" } }) => {
        const { name } = mustBeBucket(store, bucket);
        const found = store.notifications(name).find(({ id }) => id === notification);
        if (found === undefined) throw missing(name, notification);
        return show(name, found);
      },
    },
    {
      id: "storage.notifications.delete",
      verb: "DELETE",
      path: `${path}/{notification}`,
      ...onBucket(storage, "storage.buckets.update"),
      audit: "ADMIN_WRITE",
      handle: ({ params: { bucket = "", notification = "" } }) => {
        const { name } = mustBeBucket(store, bucket);
        if (!store.removeNotification(name, notification)) throw missing(name, notification);
        return undefined;
      },
    },
  ];
}
