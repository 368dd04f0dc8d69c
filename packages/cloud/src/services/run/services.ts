import { clone, create } from "@bufbuild/protobuf";
import type { Service, Services } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { Operation } from "../../../gen/types/google/longrunning/operations_pb.js";
import { iamMethods } from "../../chain/iam-methods.ts";
import { type Methods, type RpcService, rpc } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { changeService, checkEtag, deleteService } from "./change.ts";
import type { Control } from "./control.ts";
import { parseLocation, parseService, serviceNotFound } from "./names.ts";
import { api, shown } from "./operations.ts";
import { pageSizeOf } from "./pages.ts";
import { knownRegion } from "./places.ts";
import { applyUpdate } from "./update.ts";
import { refuse } from "./violations.ts";

/** `google.cloud.run.v2.Services` */
export function servicesRpc(control: Control): RpcService {
  const { host, m, store } = control;
  const { canonical } = host.projects;

  const find = (given: string): Service => {
    const name = canonical(given);
    const place = parseService(name);
    const found = store.services.get(name);
    if (found === undefined) throw serviceNotFound(place);
    return found;
  };
  const operation = (name: string): Operation => host.operations.message(name) as Operation;

  const make = (given: Service, name: string): Service => {
    const service = create(m.service, { name });
    applyUpdate(m, service, given, []);
    return service;
  };

  const methods: Methods<typeof Services> = {
    createService: {
      permission: "run.services.create",
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const parent = canonical(request.parent);
        requireRegion(parseLocation(parent).location);
        const field = "Violation in CreateServiceRequest.service";
        const given = request.service;
        if (given === undefined) throw refuse([{ field, description: "required field not present." }]);
        if (given.name !== "") {
          throw refuse([{ field, description: "service.name must be empty on CreateServiceRequest." }]);
        }
        if (request.serviceId === "" || request.serviceId.includes("/")) {
          throw refuse([
            { field: "Violation in CreateServiceRequest.service_id", description: "required field not present." },
          ]);
        }
        const name = `${parent}/services/${request.serviceId}`;
        if (store.services.has(name)) {
          throw new RpcError("ALREADY_EXISTS", `Resource '${request.serviceId}' already exists.`);
        }
        const { validateOnly } = request;
        return operation(changeService(control, call, { service: make(given, name), before: undefined, validateOnly }));
      },
    },

    getService: {
      permission: "run.services.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => shown(m, find(request.name)),
    },

    listServices: {
      permission: "run.services.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        if (request.showDeleted) {
          throw new RpcError("UNIMPLEMENTED", "Not implemented by the local Cloud Run: show_deleted.");
        }
        const parent = canonical(request.parent);
        const { project, location } = parseLocation(parent);
        const pages = { pageSize: pageSizeOf(request.pageSize), pageToken: request.pageToken };
        if (location !== "-") requireRegion(location);
        const scope = location === "-" ? { under: `projects/${project}/locations/` } : { parent };
        const { items, nextPageToken } = store.services.list({ ...scope, ...pages });
        return { services: items.map((service) => shown(m, service)), nextPageToken };
      },
    },

    updateService: {
      permission: "run.services.update",
      resource: (request) => request.service?.name ?? "",
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const given = request.service;
        if (given === undefined) {
          const field = "Violation in UpdateServiceRequest.service";
          throw refuse([{ field, description: "required field not present." }]);
        }
        const name = canonical(given.name);
        const place = parseService(name);
        const before = store.services.get(name);
        const { validateOnly } = request;
        if (before === undefined) {
          if (!request.allowMissing) throw serviceNotFound(place);
          const parent = `projects/${place.project}/locations/${place.location}`;
          host.iam.require(call.caller, ["run.services.create"], `${api}/${parent}`);
          requireRegion(place.location);
          return operation(changeService(control, call, { service: make(given, name), before, validateOnly }));
        }
        checkEtag(given.etag, before);
        refuseDeleted(before);
        const service = clone(m.service, before);
        applyUpdate(m, service, given, request.updateMask?.paths ?? []);
        return operation(changeService(control, call, { service, before, validateOnly }));
      },
    },

    deleteService: {
      permission: "run.services.delete",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const service = find(request.name);
        checkEtag(request.etag, service);
        refuseDeleted(service);
        return operation(deleteService(control, call, service, request.validateOnly));
      },
    },

    ...iamMethods({ permissions: "run.services", exists: (name) => void find(name) }),
  };
  return rpc<typeof Services>("google.cloud.run.v2.Services", methods);
}

/** Throws FAILED_PRECONDITION when it is marked as deleted. */
export function refuseDeleted(service: Service): void {
  if (service.deleteTime === undefined) return;
  throw new RpcError("FAILED_PRECONDITION", `Resource '${parseService(service.name).service}' is being deleted.`);
}

/** Throws PERMISSION_DENIED, as Google does, for a region that there is not. */
export function requireRegion(region: string): void {
  if (knownRegion(region)) return;
  throw new RpcError("PERMISSION_DENIED", `Permission denied on 'locations/${region}' (or it may not exist).`);
}
