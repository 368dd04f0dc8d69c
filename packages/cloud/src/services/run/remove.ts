import type { Revision } from "../../../gen/types/google/cloud/run/v2/revision_pb.js";
import type { Service } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { Host } from "../../host.ts";
import type { Machines } from "../../machines/machines.ts";
import { changed } from "./conditions.ts";
import type { LastOperations } from "./last-operations.ts";
import type { Messages } from "./messages.ts";
import { api, type ServiceOperations } from "./operations.ts";
import { etagOf, timestamp } from "./stamps.ts";
import type { Store } from "./store.ts";

/** Ends a service that is marked as deleted: first what runs, then what is stored, with its policy and operations. */
export async function removeService(of: {
  readonly host: Host;
  readonly machines: Machines;
  readonly m: Messages;
  readonly store: Store;
  readonly operations: ServiceOperations;
  readonly lastOperations: LastOperations;
  readonly stamps: () => number;
  readonly service: Service;
  readonly revisions: readonly Revision[];
  /** Stops a revision, whether it runs or is starting. */
  readonly abort: (revision: string) => Promise<void>;
}): Promise<void> {
  const { host, machines, m, store, operations, service } = of;
  await machines.unserve(service.name);
  await Promise.all(of.revisions.map((revision) => of.abort(revision.name)));
  host.db.tx(() => {
    const now = of.stamps();
    const time = timestamp(now);
    service.updateTime = time;
    service.etag = etagOf(service.name, time);
    service.reconciling = false;
    service.observedGeneration = service.generation;
    service.terminalCondition = changed(m, service.terminalCondition, { type: "Ready", state: "succeeded" }, now);
    for (const each of store.pendingOf(service.name)) {
      if (each.kind === "delete") operations.succeed(each, service);
      else
        operations.fail(each, service, { code: "ABORTED", message: "The service was deleted before this was done." });
    }
    host.iam.removePolicies(`${api}/${service.name}`);
    store.forget(service.name);
    of.lastOperations.forget(service.name);
  });
}
