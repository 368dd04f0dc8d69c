import { SecretVersion_State as State } from "../../../gen/secretmanager-v1.enums.ts";
import { createDue, type Due } from "../../store/due.ts";
import { api, type SecretParts, timestampOf } from "./parts.ts";
import { etagOf } from "./rules.ts";

/** Secrets expire, versions that were asked to be destroyed are. */
export function createSecretsDue(parts: SecretParts): Due {
  const { host, store } = parts;
  return createDue(host, {
    nextMs: () => store.nextDueMs(),
    work: (nowMs) => {
      for (const name of store.expired(nowMs)) {
        store.deleteSecret(name);
        host.iam.removePolicies(`${api}/${name}`);
      }
      for (const { secret, number, atMs } of store.toDestroy(nowMs)) {
        const version = store.version(secret, number);
        if (version !== undefined) destroyNow(parts, secret, version, atMs * 1000);
      }
    },
  });
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
