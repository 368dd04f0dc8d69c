import type { Service } from "../../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { Json, RestMethod, RestRequest } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import { deleteService } from "../change.ts";
import type { Control } from "../control.ts";
import { refuseDeleted } from "../services.ts";
import { annotation } from "./annotations.ts";
import { tidy } from "./json.ts";
import { batch, metadataOf } from "./metadata.ts";
import { findByIn, listOf, numberOf, parentOf, whereOf } from "./places.ts";
import { serviceOut } from "./service-out.ts";
import { deletedStatus, dryRun } from "./status.ts";

const pools = "google.cloud.run.v1.WorkerPools";

/** Knative's worker pools, over the control of worker pools: what gcloud lists, describes and deletes. It makes them by v2. */
export function poolsRest(control: Control): readonly RestMethod[] {
  const { store } = control;
  const path = "/apis/run.googleapis.com/v1/namespaces/{project}/workerpools";

  const seek = (request: RestRequest): Service | undefined =>
    findByIn(store.services, whereOf(control, request), "workerPools", request.params.id ?? "");
  const find = (request: RestRequest): Service => {
    const found = seek(request);
    if (found !== undefined) return found;
    const { project, region } = whereOf(control, request);
    throw new RpcError(
      "NOT_FOUND",
      `Resource '${request.params.id}' of kind 'WORKER_POOL' in region '${region}' in project '${project}' does not exist.`,
    );
  };
  const resource = (request: RestRequest): string =>
    seek(request)?.name ?? `${parentOf(control, request)}/workerPools/${request.params.id}`;
  const show = (service: Service): object =>
    poolOut(service, numberOf(control, service.name), control.lastOperations.of(service.name));
  const unbuilt = (name: string, verb: "POST" | "PUT", at: string): RestMethod => ({
    ...{ id: `${pools}.${name}`, verb, path: at, permission: [], resource: (request) => parentOf(control, request) },
    handle: () => {
      throw new RpcError("UNIMPLEMENTED", `Not implemented by the local Cloud Run: ${pools}.${name}; v2 has it.`);
    },
  });

  return [
    {
      id: `${pools}.ListWorkerPools`,
      verb: "GET",
      path,
      permission: "run.workerpools.list",
      resource: (request) => parentOf(control, request),
      audit: "ADMIN_READ",
      handle: (request) =>
        listOf(control, request, { apiVersion: batch, kind: "WorkerPoolList", collection: store.services, show }),
    },
    {
      id: `${pools}.GetWorkerPool`,
      verb: "GET",
      path: `${path}/{id}`,
      permission: "run.workerpools.get",
      resource,
      audit: "ADMIN_READ",
      handle: (request): Json => tidy(show(find(request))),
    },
    {
      id: `${pools}.DeleteWorkerPool`,
      verb: "DELETE",
      path: `${path}/{id}`,
      permission: "run.workerpools.delete",
      resource,
      audit: "ADMIN_WRITE",
      handle: (request, call) => {
        const service = find(request);
        refuseDeleted(service);
        deleteService(control, call, service, dryRun(request));
        return deletedStatus("workerpools", service);
      },
    },
    unbuilt("CreateWorkerPool", "POST", path),
    unbuilt("ReplaceWorkerPool", "PUT", `${path}/{id}`),
  ];
}

/** What is kept as a service, as v1's worker pool: without what only services have. */
function poolOut(service: Service, projectNumber: string, operation: string | undefined): object {
  const { spec, status } = serviceOut(service, { projectNumber });
  const { containerConcurrency: _, timeoutSeconds: __, ...workload } = spec?.template?.spec ?? {};
  const { traffic, url: ___, address: ____, ...told } = status ?? {};
  return {
    apiVersion: batch,
    kind: "WorkerPool",
    metadata: metadataOf(service, {
      api: batch,
      collection: "workerpools",
      projectNumber,
      annotations: {
        ...service.annotations,
        [annotation.clientName]: service.client,
        [annotation.clientVersion]: service.clientVersion,
        [annotation.creator]: service.creator,
        [annotation.modifier]: service.lastModifier,
        [annotation.operation]: operation,
        [annotation.description]: service.description,
        [annotation.manualInstances]: String(service.scaling?.manualInstanceCount ?? 0),
      },
    }),
    spec: {
      template: { metadata: spec?.template?.metadata ?? {}, spec: workload },
      instanceSplits: spec?.traffic ?? [],
    },
    status: { ...told, instanceSplits: traffic ?? [] },
  };
}
