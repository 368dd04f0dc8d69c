import type { KeyManagementService } from "../../../gen/types/google/cloud/kms/v1/service_pb.js";
import type { Host } from "../../host.ts";
import { rpc, type ServiceParts } from "../../service.ts";
import { asymmetricMethods } from "./asymmetric.ts";
import { autokeyMethods } from "./autokey.ts";
import { autokeyConfigs } from "./autokey-config.ts";
import { cryptoKeyMethods } from "./crypto-keys.ts";
import { deletionMethods } from "./deletion.ts";
import { encapsulationMethods } from "./encapsulation.ts";
import { encryptMethods } from "./encrypt.ts";
import { importJobMethods } from "./import-jobs.ts";
import { importVersionMethods } from "./import-version.ts";
import { keyRingMethods } from "./key-rings.ts";
import { macMethods } from "./mac.ts";
import { createParts } from "./parts.ts";
import { locationMethods } from "./places.ts";
import { policyMethods } from "./policies.ts";
import { rawMethods } from "./raw.ts";
import { trustedWrappingMethods } from "./trusted.ts";
import { versionMethods } from "./versions.ts";

/** `dueKey`: what its timers are shared under. */
export function keyManagement(host: Host, dueKey: string): ServiceParts {
  const parts = createParts(host);
  host.shared(dueKey, () => ({
    stop: () => {
      parts.due.stop();
      parts.jobs.stop();
    },
  }));
  const configs = autokeyConfigs(parts);
  const policies = policyMethods(parts);
  return {
    rpc: [
      rpc<typeof KeyManagementService>("google.cloud.kms.v1.KeyManagementService", {
        ...keyRingMethods(parts),
        ...cryptoKeyMethods(parts),
        ...versionMethods(parts),
        ...encryptMethods(parts),
        ...rawMethods(parts),
        ...asymmetricMethods(parts),
        ...macMethods(parts),
        ...encapsulationMethods(parts),
        ...importJobMethods(parts),
        ...importVersionMethods(parts),
        ...trustedWrappingMethods(parts),
        ...deletionMethods(parts),
      }),
      autokeyMethods(parts, configs),
      configs.rpc,
      policies.rpc,
      locationMethods(host),
    ],
    rest: policies.rest,
    operations: { version: "v1", names: ["projects/*/locations/*/operations/*"] },
  };
}
