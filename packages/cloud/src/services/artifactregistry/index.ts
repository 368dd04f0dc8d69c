import type { CloudService } from "../../service.ts";
import { locationOfHost } from "./names.ts";
import { registryKey } from "./registry.ts";

const api = "artifactregistry.googleapis.com";

let loaded: Promise<typeof import("./parts.ts")> | undefined;
const parts = (): Promise<typeof import("./parts.ts")> => {
  loaded ??= import("./parts.ts");
  return loaded;
};

/**
 * Artifact Registry v1 for docker repositories, and the registry itself at `REGION-docker.pkg.dev`. Its parts are loaded
 * at the first call of either.
 */
export const artifactregistry: CloudService = {
  api,
  title: "Artifact Registry API",
  descriptors: "artifactregistry-v1",
  create: async (host) => ({
    rpc: [(await parts()).registryApi(host)],
    operations: { version: "v1", names: ["projects/*/locations/*/operations/*"] },
    // gcloud 528 lists all repositories by asking v1beta2 for the locations.
    locations: { version: "v1", also: ["v1beta2"] },
  }),
  resume: async (host) => {
    host.surface({
      serves: (hostname) => locationOfHost(hostname) !== undefined,
      handle: async (req, res, at) => (await parts()).serveRegistry(host, req, res, at),
    });
    if (host.operations.unfinished(api).length > 0) (await parts()).resumeOperations(host);
  },
  close: async (host) => {
    // Others take images out of it without a call.
    const isOpen = host.shared<unknown>(registryKey, () => undefined) !== undefined;
    if (isOpen || loaded !== undefined) await (await parts()).closeRegistry(host);
  },
};
