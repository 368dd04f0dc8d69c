import type { run_v1 } from "@googleapis/run";
import type { Volume } from "../../../../gen/types/google/cloud/run/v2/k8s.min_pb.js";
import type { JsonObject } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import { flagAt, objectAt, objectsAt, refuseFields, textAt, textsAt, wholeAt } from "./json.ts";
import { defined } from "./metadata.ts";
import type { SecretNames } from "./secrets.ts";

const gcsDriver = "gcsfuse.run.googleapis.com";

/** A volume of v1 as proto JSON of v2. */
export function volumeIn(given: JsonObject, at: string, secrets: SecretNames): object {
  refuseFields(given, at, ["configMap"]);
  const name = textAt(given.name, `${at}.name`);
  if (given.secret) {
    const { secretName, items, defaultMode } = objectAt(given.secret, `${at}.secret`);
    return {
      name,
      secret: {
        secret: secrets.full(textAt(secretName, `${at}.secret.secretName`)),
        defaultMode: wholeAt(defaultMode, `${at}.secret.defaultMode`),
        items: objectsAt(items, `${at}.secret.items`).map((item, i) => ({
          version: textAt(item.key, `${at}.secret.items[${i}].key`),
          path: textAt(item.path, `${at}.secret.items[${i}].path`),
          mode: wholeAt(item.mode, `${at}.secret.items[${i}].mode`),
        })),
      },
    };
  }
  if (given.csi) {
    const { driver, readOnly, volumeAttributes } = objectAt(given.csi, `${at}.csi`);
    if (driver !== gcsDriver) throw new RpcError("INVALID_ARGUMENT", `${at}.csi.driver: must be ${gcsDriver}.`);
    const attributes = textsAt(volumeAttributes, `${at}.csi.volumeAttributes`);
    const options = attributes.mountOptions ?? "";
    return {
      name,
      gcs: {
        bucket: attributes.bucketName ?? "",
        readOnly: flagAt(readOnly, `${at}.csi.readOnly`),
        mountOptions: options === "" ? [] : options.split(","),
      },
    };
  }
  if (given.nfs) {
    const { server, path, readOnly } = objectAt(given.nfs, `${at}.nfs`);
    const nfs = { server: textAt(server, `${at}.nfs.server`), path: textAt(path, `${at}.nfs.path`) };
    return { name, nfs: { ...nfs, readOnly: flagAt(readOnly, `${at}.nfs.readOnly`) } };
  }
  if (given.emptyDir) {
    const { medium, sizeLimit } = objectAt(given.emptyDir, `${at}.emptyDir`);
    const limit = textAt(sizeLimit, `${at}.emptyDir.sizeLimit`) || undefined;
    return { name, emptyDir: { medium: textAt(medium, "medium") === "" ? undefined : "MEMORY", sizeLimit: limit } };
  }
  throw new RpcError("INVALID_ARGUMENT", `${at}: a volume source is required.`);
}

/** A volume of v2 as v1 shows it; undefined for Cloud SQL, which is an annotation there. */
export function volumeOut(volume: Volume, secrets: SecretNames): run_v1.Schema$Volume | undefined {
  const { name, volumeType } = volume;
  switch (volumeType.case) {
    case "secret": {
      const { secret, items, defaultMode } = volumeType.value;
      return {
        name,
        secret: {
          secretName: secrets.short(secret),
          ...(defaultMode === 0 ? {} : { defaultMode }),
          items: items.map(({ path, version, mode }) => ({ key: version, path, ...(mode === 0 ? {} : { mode }) })),
        },
      };
    }
    case "gcs": {
      const { bucket, readOnly, mountOptions } = volumeType.value;
      const volumeAttributes = defined({ bucketName: bucket, mountOptions: mountOptions.join(",") });
      return { name, csi: { driver: gcsDriver, readOnly, volumeAttributes } };
    }
    case "nfs": {
      const { server, path, readOnly } = volumeType.value;
      return { name, nfs: { server, path, readOnly } };
    }
    case "emptyDir": {
      const { medium, sizeLimit } = volumeType.value;
      return { name, emptyDir: { ...defined({ sizeLimit, medium: medium === 0 ? "" : "Memory" }) } };
    }
    default:
      return undefined;
  }
}
