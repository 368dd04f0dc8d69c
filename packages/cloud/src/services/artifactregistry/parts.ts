import type { Host } from "../../host.ts";
import type { RpcService } from "../../service.ts";
import { tellAll } from "./operations.ts";
import { artifactRegistry } from "./rpc.ts";
import { artifactStore, openStore } from "./store.ts";

export { serveRegistry } from "./oci.ts";
export { resumeOperations } from "./operations.ts";

export const registryApi = (host: Host): RpcService => artifactRegistry(host, artifactStore(host));

/** Ends what was begun, where it was ever used. */
export async function closeRegistry(host: Host): Promise<void> {
  tellAll(host);
  await openStore(host)?.blobs.close();
}
