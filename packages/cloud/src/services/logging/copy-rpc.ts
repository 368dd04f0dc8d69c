import type {
  ConfigServiceV2,
  CopyLogEntriesMetadataSchema,
  CopyLogEntriesResponseSchema,
} from "../../../gen/types/google/logging/v2/logging_config_pb.js";
import type { Host } from "../../host.ts";
import type { Methods } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { forms, nameAs } from "./config-names.ts";
import type { ConfigStore } from "./config-store.ts";
import type { Routing } from "./routing.ts";

/** Ends the copies that are under way, with the cloud. */
export const copies = (host: Host): AbortController => host.shared("logging.copies", () => new AbortController());

export const copySchemas = ({ schemas }: Host) => ({
  response: schemas.message<typeof CopyLogEntriesResponseSchema>("google.logging.v2.CopyLogEntriesResponse"),
  metadata: schemas.message<typeof CopyLogEntriesMetadataSchema>("google.logging.v2.CopyLogEntriesMetadata"),
});

/** Copies of entries to Cloud Storage; what does the work is loaded with the first. One that a stop broke off has failed. */
export function copyMethods(host: Host, store: ConfigStore, routing: Routing): Methods<typeof ConfigServiceV2> {
  const { response, metadata } = copySchemas(host);
  for (const { name } of host.operations.unfinished("logging.googleapis.com")) {
    const broken = new RpcError("ABORTED", "The cloud was stopped meanwhile: copy the entries again.");
    host.operations.pending(name, response, metadata)?.fail(broken);
  }
  return {
    copyLogEntries: {
      permission: "logging.buckets.copyLogEntries",
      resource: ({ name }) => nameAs(forms.bucket, name, host.projects),
      audit: "ADMIN_WRITE",
      handle: async (request) => (await import("./copy.ts")).copyEntries(host, store, routing, request),
    },
  };
}
