import type { DescMessage, Message } from "@bufbuild/protobuf";
import type { Service } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { ServedService } from "../../machines/machines.ts";
import { fillService } from "./defaults.ts";
import type { Messages } from "./messages.ts";
import { shown } from "./operations.ts";
import { checkService, checkServiceId } from "./rules.ts";
import { ignoredFields, refuseUnimplemented } from "./unimplemented.ts";
import type { Violation } from "./violations.ts";

/** What tells the kinds of things apart that have revisions and instances. Inside, all of them are kept as services. */
export interface Flavour {
  readonly collection: "services" | "workerPools";
  /** What operations answer, and their metadata. */
  readonly schema: DescMessage;
  show(service: Service): Message;
  /** Fills in what Cloud Run's servers fill in, in `service` itself (the caller's own copy). */
  fill(service: Service, projectNumber: string): void;
  /** What is wrong with it, its defaults filled in; `creating`: with its id too. */
  check(service: Service, at: { readonly id: string; readonly creating: boolean }): readonly Violation[];
  /** Throws UNIMPLEMENTED that names what is not built here. */
  refuse(service: Service): void;
  /** What is kept and has no effect here, a sentence each. */
  ignored(service: Service): readonly string[];
  /** What else the machines are told of it. */
  readonly served: (service: Service) => Partial<ServedService>;
  readonly revisions: "service" | "workerPool";
}

export function serviceFlavour(m: Messages): Flavour {
  return {
    collection: "services",
    schema: m.service,
    show: (service) => shown(m, service),
    fill: (service, projectNumber) => fillService(m, service, projectNumber),
    check: (service, { id, creating }) => [
      ...(creating ? checkServiceId(id) : []),
      ...checkService(service, { request: creating ? "CreateServiceRequest" : "UpdateServiceRequest", serviceId: id }),
    ],
    refuse: refuseUnimplemented,
    ignored: ignoredFields,
    served: () => ({}),
    revisions: "service",
  };
}
