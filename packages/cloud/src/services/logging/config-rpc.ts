import type { ConfigServiceV2 } from "../../../gen/types/google/logging/v2/logging_config_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { bucketMethods, viewMethods } from "./buckets-rpc.ts";
import type { ConfigStore } from "./config-store.ts";
import { copyMethods } from "./copy-rpc.ts";
import { linkMethods } from "./links-rpc.ts";
import type { Routing } from "./routing.ts";
import { settingsMethods } from "./settings-rpc.ts";
import { exclusionMethods, sinkMethods } from "./sinks-rpc.ts";

/** `google.logging.v2.ConfigServiceV2`. */
export function configRpc(host: Host, store: ConfigStore, routing: Routing): RpcService {
  return rpc<typeof ConfigServiceV2>("google.logging.v2.ConfigServiceV2", {
    ...bucketMethods(host, store, routing.buckets),
    ...viewMethods(host, store, routing.buckets),
    ...sinkMethods(host, store, routing),
    ...exclusionMethods(host, store, routing),
    ...linkMethods(host, store, routing.buckets),
    ...settingsMethods(host),
    ...copyMethods(host, store, routing),
  });
}
