import type { Host } from "../../host.ts";
import type { ServiceParts } from "../../service.ts";
import { foldersV3 } from "./folders.ts";
import { organizationsV3 } from "./organizations.ts";
import { projectsV1 } from "./rest.ts";
import { projectsV3 } from "./rpc.ts";
import { tagBindingsV3 } from "./tag-bindings.ts";
import { tagHoldsV3 } from "./tag-holds.ts";
import { tagKeysV3 } from "./tag-keys.ts";
import { tagValuesV3 } from "./tag-values.ts";

/** The services of the API, loaded at its first call. */
export const resourceManager = (host: Host): ServiceParts => ({
  rpc: [
    projectsV3(host),
    foldersV3(host),
    organizationsV3(host),
    tagKeysV3(host),
    tagValuesV3(host),
    tagBindingsV3(host),
    tagHoldsV3(host),
  ],
  rest: projectsV1(host),
  operations: { version: "v3", names: ["operations/*"] },
});
