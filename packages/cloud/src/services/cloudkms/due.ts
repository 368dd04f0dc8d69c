import { CryptoKeyVersion_CryptoKeyVersionState as State } from "../../../gen/cloudkms-v1.enums.ts";
import { createDue, type Due } from "../../store/due.ts";
import { algorithmOf } from "./algorithms.ts";
import { symmetricMaterial } from "./material.ts";
import { addVersion, timestamp } from "./new-version.ts";
import type { KmsParts } from "./parts.ts";
import { durationMillis } from "./settings.ts";

type Parts = Omit<KmsParts, "due">;

/** Keys are rotated, versions that are scheduled for it are destroyed, import jobs expire. */
export function createKmsDue(parts: Parts): Due {
  const { host, store, jobs } = parts;
  const forever = Number.POSITIVE_INFINITY;
  return createDue(host, {
    nextMs: () => Math.min(store.nextDueMs() ?? forever, jobs.nextDueMs() ?? forever),
    work: (nowMs) => {
      for (const { key, atMs } of store.toRotate(nowMs)) rotate(parts, key, atMs, nowMs);
      for (const { key, number, atMs } of store.toDestroy(nowMs)) destroy(parts, key, number, atMs);
      jobs.expire(nowMs);
    },
  });
}

/** A new primary version for every period that has passed; the time of the next one stays in step with the first. */
function rotate(parts: Parts, name: string, dueMs: number, nowMs: number): void {
  const { store } = parts;
  const key = store.keys.get(name);
  const algorithm = algorithmOf(key?.versionTemplate?.algorithm ?? 0);
  if (key === undefined || algorithm?.kind !== "symmetric") {
    store.setRotation(name, undefined);
    return;
  }
  const { rotationSchedule } = key;
  const periodMs = rotationSchedule.case === "rotationPeriod" ? durationMillis(rotationSchedule.value) : 0;
  let atMs: number | undefined = dueMs;
  while (atMs !== undefined && atMs <= nowMs) {
    const material = symmetricMaterial(algorithm);
    const micros = Math.floor(atMs * 1000);
    const { number } = addVersion(parts, key, material, { createdMicros: micros, generatedMicros: micros });
    store.setPrimary(name, number);
    atMs = periodMs > 0 ? atMs + periodMs : undefined;
  }
  if (atMs === undefined) delete key.nextRotationTime;
  else key.nextRotationTime = timestamp(Math.floor(atMs * 1000));
  store.keys.put(name, key);
  store.setRotation(name, atMs);
}

/** The key material goes for good. */
function destroy({ store }: Parts, key: string, number: number, atMs: number): void {
  const version = store.version(key, number);
  if (version === undefined) return;
  const { message } = version;
  message.state = State.DESTROYED;
  message.destroyEventTime = timestamp(Math.floor(atMs * 1000));
  delete message.destroyTime;
  store.updateVersion(key, version, { wipe: true });
}
