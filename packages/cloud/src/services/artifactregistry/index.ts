import type { CloudService } from "../../service.ts";
import { registrySurface } from "./oci.ts";
import { resumeOperations, tellAll } from "./operations.ts";
import { artifactRegistry } from "./rpc.ts";
import { api } from "./rules.ts";
import { artifactStore, openStore } from "./store.ts";

export { registryOf } from "./store.ts";

/** Artifact Registry v1 for docker repositories, and the registry itself at `REGION-docker.pkg.dev`. */
export const artifactregistry: CloudService = {
  api,
  title: "Artifact Registry API",
  descriptors: "artifactregistry-v1",
  create: (host) => ({
    rpc: [artifactRegistry(host, artifactStore(host))],
    operations: { version: "v1", names: ["projects/*/locations/*/operations/*"] },
    // gcloud 528 lists all repositories by asking v1beta2 for the locations.
    locations: { version: "v1", also: ["v1beta2"] },
  }),
  // The registry answers before the API's first call; its parts are made at its own first request.
  resume: async (host) => {
    host.surface(registrySurface(host));
    resumeOperations(host);
  },
  close: async (host) => {
    tellAll(host);
    await openStore(host)?.blobs.close();
  },
};
