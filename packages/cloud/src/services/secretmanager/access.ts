import { SecretVersion_State as State } from "../../../gen/secretmanager-v1.enums.ts";
import type { SecretManagerService } from "../../../gen/types/google/cloud/secretmanager/v1/service_pb.js";
import type { Methods } from "../../service.ts";
import type { Due } from "../../store/due.ts";
import { createOpened } from "./opened.ts";
import type { SecretParts } from "./parts.ts";
import { parseVersion, versionInState } from "./rules.ts";
import { missingVersion, versionNumber } from "./versions.ts";

/** `AccessSecretVersion`, the call that matters most: one read of the database, no waiting. */
export function accessMethod(
  parts: SecretParts,
  due: Due,
): Pick<Methods<typeof SecretManagerService>, "accessSecretVersion"> {
  const { store, names } = parts;
  const opened = createOpened(parts.host.vault);
  return {
    accessSecretVersion: {
      permission: "secretmanager.versions.access",
      resource: (request) => request.name,
      audit: "DATA_READ",
      handle: (request) => {
        due.settle();
        const at = parseVersion(request.name);
        const { stored, shown } = names(at);
        const row = store.access(stored, versionNumber(parts, at, stored, shown, true));
        if (row === undefined) throw missingVersion(parts, stored, shown, at.version);
        const name = `${shown}/versions/${row.version}`;
        if (row.state === State.DISABLED) throw versionInState(name, "DISABLED");
        if (row.sealed === null) throw versionInState(name, "DESTROYED");
        return {
          name,
          payload: {
            data: opened.payload(row, row.sealed, `${stored}/versions/${row.version}`),
            dataCrc32c: BigInt(row.crc),
          },
        };
      },
    },
  };
}
