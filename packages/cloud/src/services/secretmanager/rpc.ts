import type { SecretManagerService } from "../../../gen/types/google/cloud/secretmanager/v1/service_pb.js";
import { iamMethods } from "../../chain/iam-methods.ts";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { accessMethod } from "./access.ts";
import { createSecretsDue } from "./due.ts";
import { createParts } from "./parts.ts";
import { parseSecret, secretNotFound } from "./rules.ts";
import { secretMethods } from "./secrets.ts";
import { versionMethods } from "./versions.ts";

/** `dueKey`: under which the cloud shares what falls due. */
export function secretManager(host: Host, dueKey: string): RpcService {
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
