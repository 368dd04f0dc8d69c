import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";
import type { EmptySchema } from "@bufbuild/protobuf/wkt";
import type { RepositorySchema } from "../../../gen/types/google/devtools/artifactregistry/v1/repository_pb.js";
import type { OperationMetadataSchema } from "../../../gen/types/google/devtools/artifactregistry/v1/service_pb.js";
import type { Operation } from "../../../gen/types/google/longrunning/operations_pb.js";
import type { Host } from "../../host.ts";
import { api } from "./rules.ts";
import { artifactStore } from "./store.ts";

/** What has been done and is still to be told as done. */
const untold = (host: Host): Set<() => void> => host.shared(`${api}/untold`, () => new Set<() => void>());

/**
 * Does short work as an operation that is answered pending, as Google's is, and done right after. `work` and the
 * operation's beginning are one transaction.
 */
export function operate<R extends DescMessage>(
  host: Host,
  target: string,
  response: R,
  work: () => MessageInitShape<R>,
  metadata = "OperationMetadata",
): Operation {
  const schema = host.schemas.message<typeof OperationMetadataSchema>(
    `google.devtools.artifactregistry.v1.${metadata}`,
  );
  const { handle, value } = host.db.tx(() => {
    const value = work();
    const parent = target.split("/").slice(0, 4).join("/");
    return { value, handle: host.operations.start({ api, parent, target, response, metadata: { schema, value: {} } }) };
  });
  const waiting = untold(host);
  const tell = (): void => {
    if (waiting.delete(tell)) handle.succeed(value);
  };
  waiting.add(tell);
  setImmediate(tell);
  return host.operations.message(handle.name) as Operation;
}

/** At the cloud's end: nothing stays pending that is done. */
export function tellAll(host: Host): void {
  for (const tell of untold(host)) tell();
}

/** After a kill between the work and its telling: the work is done, so the operation is told as done. */
export function resumeOperations(host: Host): void {
  for (const { name, target } of host.operations.unfinished(api)) {
    const repository = artifactStore(host).repositories.stored.get(target);
    if (repository === undefined) {
      host.operations.pending(name, host.schemas.message<typeof EmptySchema>("google.protobuf.Empty"))?.succeed({});
    } else {
      const schema = host.schemas.message<typeof RepositorySchema>("google.devtools.artifactregistry.v1.Repository");
      host.operations.pending(name, schema)?.succeed(repository);
    }
  }
}
