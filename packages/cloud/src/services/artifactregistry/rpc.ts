import type { ArtifactRegistry } from "../../../gen/types/google/devtools/artifactregistry/v1/service_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { fileMethods } from "./files.ts";
import { imageMethods } from "./images.ts";
import { packageMethods } from "./packages.ts";
import { repositoryMethods } from "./repositories.ts";
import { settingsMethods } from "./settings.ts";
import type { ArtifactStore } from "./store.ts";

export function artifactRegistry(host: Host, store: ArtifactStore): RpcService {
  return rpc<typeof ArtifactRegistry>("google.devtools.artifactregistry.v1.ArtifactRegistry", {
    ...repositoryMethods(host, store),
    ...imageMethods(host, store),
    ...packageMethods(host, store),
    ...fileMethods(host, store),
    ...settingsMethods(host),
  });
}
