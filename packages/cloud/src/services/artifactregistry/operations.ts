import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type { OperationMetadataSchema } from "../../../gen/types/google/devtools/artifactregistry/v1/service_pb.js";
import type { Operation } from "../../../gen/types/google/longrunning/operations_pb.js";
import type { Host } from "../../host.ts";
import { api } from "./rules.ts";

/** An operation on `target` that is done when it is answered, as all work on repositories is here. */
export function finished<R extends DescMessage>(
  host: Host,
  target: string,
  response: R,
  value: MessageInitShape<R>,
): Operation {
  const schema = host.schemas.message<typeof OperationMetadataSchema>(
    "google.devtools.artifactregistry.v1.OperationMetadata",
  );
  return host.db.tx(() => {
    const parent = target.split("/").slice(0, 4).join("/");
    const handle = host.operations.start({ api, parent, target, response, metadata: { schema, value: {} } });
    handle.succeed(value);
    return host.operations.message(handle.name) as Operation;
  });
}
