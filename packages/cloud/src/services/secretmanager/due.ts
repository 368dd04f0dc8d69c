import { SecretVersion_State as State } from "../../../gen/secretmanager-v1.enums.ts";
import { api, type SecretParts, timestampOf } from "./parts.ts";
import { etagOf } from "./rules.ts";

/** What falls due by the clock: secrets expire, versions that were asked to be destroyed are. */
export interface Due {
  /** Does what is due; one comparison when nothing is. Called before anything is read. */
  settle(): void;
  /** Looks anew when the next is due; called after a change of such a time. */
  changed(): void;
  stop(): void;
}

export function createDue(parts: SecretParts): Due {
  const { host, store } = parts;
  let nextMs = Number.POSITIVE_INFINITY;
  let cancel: (() => void) | undefined;

  const settle = (): void => {
    const nowMs = host.clock.now();
    if (nowMs < nextMs) return;
    host.db.tx(() => {
      for (const name of store.expired(nowMs)) {
        store.deleteSecret(name);
        host.iam.removePolicies(`${api}/${name}`);
      }
      for (const { secret, number, atMs } of store.toDestroy(nowMs)) {
        const version = store.version(secret, number);
        if (version !== undefined) destroyNow(parts, secret, version, atMs * 1000);
      }
    });
    changed();
  };

  const changed = (): void => {
    cancel?.();
    cancel = undefined;
    nextMs = store.nextDueMs() ?? Number.POSITIVE_INFINITY;
    if (nextMs < Number.POSITIVE_INFINITY) cancel = host.clock.after(nextMs - host.clock.now(), settle);
  };

  changed();
  return { settle, changed, stop: () => cancel?.() };
}

/** Erases the payload for good. */
export function destroyNow(
  parts: SecretParts,
  secret: string,
  version: NonNullable<ReturnType<SecretParts["store"]["version"]>>,
  atMicros: number,
): void {
  const changedMicros = parts.stamp(version.changedMicros);
  const { message } = version;
  message.state = State.DESTROYED;
  message.destroyTime = { $typeName: "google.protobuf.Timestamp", ...timestampOf(atMicros) };
  message.etag = etagOf(changedMicros);
  delete message.scheduledDestroyTime;
  parts.store.updateVersion(secret, version.number, message, { changedMicros, wipe: true });
}
