import { clone, type DescMessage } from "@bufbuild/protobuf";
import type { Service } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { Host, OperationHandle } from "../../host.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { Fault } from "./conditions.ts";
import type { Flavour } from "./flavour.ts";
import type { LastOperations } from "./last-operations.ts";
import type { Messages } from "./messages.ts";
import type { Pending, Store } from "./store.ts";

export const api = "run.googleapis.com";

type Handle = OperationHandle<DescMessage, DescMessage>;

const parentOf = (name: string): string => name.slice(0, name.lastIndexOf("/"));

/** The operations on services: started with a change, ended by what came of it, each time in the change's transaction. */
export interface ServiceOperations {
  /** Its name. `pending` says what it waits for. */
  start(service: Service, pending: Omit<Pending, "operation" | "service" | "generation">): string;
  /** One that is done at once, and changed nothing: of `validate_only`. */
  done(service: Service): string;
  /** Shows where it is, in its metadata. */
  progress(pending: Pending, service: Service): void;
  succeed(pending: Pending, service: Service): void;
  fail(pending: Pending, service: Service, fault: Pick<Fault, "code" | "message">): void;
}

export function createServiceOperations(
  host: Host,
  store: Store,
  lastOperations: LastOperations,
  { schema, show }: Pick<Flavour, "schema" | "show">,
): ServiceOperations {
  const begin = (service: Service): Handle => {
    const parent = parentOf(parentOf(service.name));
    const metadata = { schema, value: show(service) };
    return host.operations.start({ api, parent, target: service.name, response: schema, metadata });
  };
  const end = (pending: Pending, work: (handle: Handle) => void): void => {
    const handle = host.operations.pending(pending.operation, schema, schema);
    if (handle !== undefined) work(handle);
    store.removePending(pending.operation);
  };
  return {
    start: (service, pending) => {
      const operation = begin(service).name;
      store.addPending({ ...pending, operation, service: service.name, generation: service.generation });
      lastOperations.set(service.name, operation);
      return operation;
    },
    done: (service) => {
      const handle = begin(service);
      handle.succeed(show(service));
      return handle.name;
    },
    progress: (pending, service) => host.operations.pending(pending.operation, schema, schema)?.metadata(show(service)),
    succeed: (pending, service) =>
      end(pending, (handle) => {
        handle.metadata(show(service));
        handle.succeed(show(service));
      }),
    fail: (pending, service, fault) =>
      end(pending, (handle) => {
        handle.metadata(show(service));
        handle.fail(new RpcError(fault.code, fault.message));
      }),
  };
}

/** A service as it is answered: its ingress is told once a revision of it has been ready. */
export function shown(m: Messages, service: Service): Service {
  if (service.latestReadyRevision !== "") return service;
  const copy = clone(m.service, service);
  copy.ingress = 0;
  return copy;
}
