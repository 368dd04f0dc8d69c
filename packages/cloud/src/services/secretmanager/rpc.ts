import type { SecretManagerService } from "../../../gen/types/google/cloud/secretmanager/v1/service_pb.js";
import { iamMethods } from "../../chain/iam-methods.ts";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import type { Due } from "../../store/due.ts";
import { accessMethod } from "./access.ts";
import { createSecretsDue } from "./due.ts";
import { createParts } from "./parts.ts";
import { parseSecret, secretNotFound } from "./rules.ts";
import { secretMethods } from "./secrets.ts";
import { versionMethods } from "./versions.ts";

const dueKey = "secretmanager.due";

/** Ends the timers, where the API was ever called. */
export function stopTimers(host: Host): void {
  host.shared<Due | undefined>(dueKey, () => undefined)?.stop();
}

export function secretManager(host: Host): RpcService {
  const parts = createParts(host);
  const due = host.shared(dueKey, () => createSecretsDue(parts));
  const iam = iamMethods({
    permissions: "secretmanager.secrets",
    exists: (name) => {
      due.settle();
      const { stored, shown } = parts.names(parseSecret(name));
      if (parts.store.secret(stored) === undefined) throw secretNotFound(shown);
    },
  });
  return rpc<typeof SecretManagerService>("google.cloud.secretmanager.v1.SecretManagerService", {
    ...secretMethods(parts, due),
    ...versionMethods(parts, due),
    ...accessMethod(parts, due),
    ...iam,
  });
}
