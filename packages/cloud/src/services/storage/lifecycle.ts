import { actionFor } from "./lifecycle-rules.ts";
import { lockOn } from "./object-rules.ts";
import { nextMetageneration, putAway } from "./object-writes.ts";
import { isoOf, type Storage } from "./storage.ts";
import type { StoredBucket } from "./store.ts";

const hourMs = 60 * 60 * 1000;
const weekMs = 7 * 24 * hourMs;

/** What time does to objects, once an hour of the cloud's clock: rules of buckets, and the end of what was kept for a while. */
export function startLifecycle(storage: Storage): () => void {
  const { host } = storage;
  let cancel: (() => void) | undefined;
  const arm = (): void => {
    cancel ??= host.clock.after(hourMs, () => {
      cancel = undefined;
      if (runLifecycle(storage)) arm();
    });
  };
  storage.onWake = arm;
  return () => {
    storage.onWake = () => undefined;
    cancel?.();
  };
}

/** One run. Whether there is anything that another one may have to do. */
export function runLifecycle(storage: Storage): boolean {
  const { host, store, sessions, content } = storage;
  const nowMs = host.clock.now();
  const freed: string[] = [];
  host.db.tx(() => {
    for (const object of store.overdue(nowMs)) {
      store.removeObject(object);
      freed.push(object.file);
    }
  });
  for (const bucket of store.buckets()) {
    if (bucket.resource.lifecycle != null) freed.push(...host.db.tx(() => applyRules(storage, bucket, nowMs)));
  }
  for (const { id } of sessions.olderThan(nowMs - weekMs)) {
    sessions.remove(id);
    void content.discard(content.partial(id));
  }
  storage.release(freed);
  return store.keepsDeleted() || store.buckets().some(({ resource }) => resource.lifecycle != null);
}

function applyRules(storage: Storage, bucket: StoredBucket, nowMs: number): readonly string[] {
  const freed: string[] = [];
  let name: string | undefined;
  let newer = 0;
  for (const object of storage.store.versions(bucket.name)) {
    if (object.state === "deleted") continue;
    newer = object.name === name ? newer + 1 : 0;
    name = object.name;
    const action = actionFor(bucket.resource.lifecycle ?? {}, object, newer, nowMs);
    if (action === undefined) continue;
    if (action.type === "Delete") {
      const archives = object.state === "live" && bucket.resource.versioning?.enabled === true;
      const lock = lockOn(object, bucket.resource, nowMs);
      if (lock === undefined || (archives && lock.init.reason === "retentionPolicyNotMet")) {
        freed.push(...putAway(storage, bucket, object));
      }
    } else {
      const changed = nextMetageneration(storage, object, {
        ...object.resource,
        storageClass: action.to,
        timeStorageClassUpdated: isoOf(nowMs),
      });
      storage.store.putObject(changed);
    }
  }
  return freed;
}
