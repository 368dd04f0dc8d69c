import { clone } from "@bufbuild/protobuf";
import type { Service } from "../../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { WorkerPool, WorkerPools } from "../../../../gen/types/google/cloud/run/v2/worker_pool_pb.js";
import type { Operation } from "../../../../gen/types/google/longrunning/operations_pb.js";
import { iamMethods } from "../../../chain/iam-methods.ts";
import { type Methods, type RpcService, rpc } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import { changeService, checkEtag, deleteService } from "../change.ts";
import type { Control } from "../control.ts";
import { parseLocation, parseService } from "../names.ts";
import { api } from "../operations.ts";
import { pageSizeOf } from "../pages.ts";
import { refuseDeleted, requireRegion } from "../services.ts";
import { applyMask } from "../update.ts";
import { refuse } from "../violations.ts";
import { keptAs, poolOf } from "./convert.ts";

/** The fields of a worker pool that a caller sets. */
const settable: readonly string[] = [
  "description",
  "labels",
  "annotations",
  "client",
  "client_version",
  "launch_stage",
  "binary_authorization",
  "template",
  "instance_splits",
  "scaling",
];

/** `google.cloud.run.v2.WorkerPools`, over the control of worker pools. */
export function poolsRpc(control: Control): RpcService {
  const { host, m, store } = control;
  const { canonical } = host.projects;

  const find = (given: string): Service => {
    const name = canonical(given);
    const found = store.services.get(name);
    if (found === undefined) throw poolNotFound(name);
    return found;
  };
  const operation = (name: string): Operation => host.operations.message(name) as Operation;

  const methods: Methods<typeof WorkerPools> = {
    createWorkerPool: {
      permission: "run.workerpools.create",
      resource: (request) => request.parent,
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const parent = canonical(request.parent);
        requireRegion(parseLocation(parent).location);
        const field = "Violation in CreateWorkerPoolRequest.worker_pool";
        const given = request.workerPool;
        if (given === undefined) throw refuse([{ field, description: "required field not present." }]);
        if (given.name !== "") {
          throw refuse([{ field, description: "worker_pool.name must be empty on CreateWorkerPoolRequest." }]);
        }
        if (request.workerPoolId === "" || request.workerPoolId.includes("/")) {
          throw refuse([{ field: `${field}_id`, description: "required field not present." }]);
        }
        const name = `${parent}/workerPools/${request.workerPoolId}`;
        if (store.services.has(name)) {
          throw new RpcError("ALREADY_EXISTS", `Resource '${request.workerPoolId}' already exists.`);
        }
        const { validateOnly } = request;
        return operation(
          changeService(control, call, { service: keptAs(m, given, name), before: undefined, validateOnly }),
        );
      },
    },

    getWorkerPool: {
      permission: "run.workerpools.get",
      resource: (request) => request.name,
      audit: "ADMIN_READ",
      handle: (request) => poolOf(m, find(request.name)),
    },

    listWorkerPools: {
      permission: "run.workerpools.list",
      resource: (request) => request.parent,
      audit: "ADMIN_READ",
      handle: (request) => {
        if (request.showDeleted) {
          throw new RpcError("UNIMPLEMENTED", "Not implemented by the local Cloud Run: show_deleted.");
        }
        const parent = canonical(request.parent);
        const { project, location } = parseLocation(parent);
        if (location !== "-") requireRegion(location);
        const scope = location === "-" ? { under: `projects/${project}/locations/` } : { parent };
        const { items, nextPageToken } = store.services.list({
          ...scope,
          pageSize: pageSizeOf(request.pageSize),
          pageToken: request.pageToken,
        });
        return { workerPools: items.map((service) => poolOf(m, service)), nextPageToken };
      },
    },

    updateWorkerPool: {
      permission: "run.workerpools.update",
      resource: (request) => request.workerPool?.name ?? "",
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const given = request.workerPool;
        if (given === undefined) {
          const field = "Violation in UpdateWorkerPoolRequest.worker_pool";
          throw refuse([{ field, description: "required field not present." }]);
        }
        const name = canonical(given.name);
        const place = parseService(name);
        const before = store.services.get(name);
        const { validateOnly, forceNewRevision: newRevision } = request;
        if (before === undefined) {
          if (!request.allowMissing) throw poolNotFound(name);
          const parent = `projects/${place.project}/locations/${place.location}`;
          host.iam.require(call.caller, ["run.workerpools.create"], `${api}/${parent}`);
          requireRegion(place.location);
          return operation(changeService(control, call, { service: keptAs(m, given, name), before, validateOnly }));
        }
        checkEtag(given.etag, before);
        refuseDeleted(before);
        const service = changed(before, given, request.updateMask?.paths ?? []);
        return operation(changeService(control, call, { service, before, validateOnly, newRevision }));
      },
    },

    deleteWorkerPool: {
      permission: "run.workerpools.delete",
      resource: (request) => request.name,
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const service = find(request.name);
        checkEtag(request.etag, service);
        refuseDeleted(service);
        return operation(deleteService(control, call, service, request.validateOnly));
      },
    },

    ...iamMethods({ permissions: "run.workerpools", exists: (name) => void find(name) }),
  };

  /** What is kept, after what the mask names was taken from what is given. */
  const changed = (before: Service, given: WorkerPool, paths: readonly string[]): Service => {
    const pool = poolOf(m, before);
    applyMask(m.workerPool, settable, "UpdateWorkerPoolRequest", pool, given, paths);
    const wanted = keptAs(m, pool, before.name);
    const service = clone(m.service, before);
    for (const field of ["description", "labels", "annotations", "client", "clientVersion", "launchStage"] as const) {
      Object.assign(service, { [field]: wanted[field] });
    }
    for (const field of ["binaryAuthorization", "template", "scaling"] as const) {
      if (wanted[field] === undefined) delete service[field];
      else Object.assign(service, { [field]: wanted[field] });
    }
    service.traffic = wanted.traffic;
    return service;
  };
  return rpc<typeof WorkerPools>("google.cloud.run.v2.WorkerPools", methods);
}

/** NOT_FOUND in Cloud Run's words. */
function poolNotFound(name: string): RpcError {
  const { project, location, service } = parseService(name);
  return new RpcError(
    "NOT_FOUND",
    `Resource '${service}' of kind 'WORKER_POOL' in region '${location}' in project '${project}' does not exist.`,
  );
}
