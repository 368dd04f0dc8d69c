import { clone } from "@bufbuild/protobuf";
import type { Service } from "../../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { Json, JsonObject, RestMethod, RestRequest } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import { changeService, deleteService } from "../change.ts";
import type { Control } from "../control.ts";
import { idOf, parseLocation, serviceNotFound } from "../names.ts";
import { shown } from "../operations.ts";
import { refuseDeleted, requireRegion } from "../services.ts";
import { applyUpdate } from "../update.ts";
import { createAsWritten } from "./as-written.ts";
import { asKnative } from "./errors.ts";
import { objectAt, textAt, tidy } from "./json.ts";
import { checkVersion, serving } from "./metadata.ts";
import { findByIn, listOf, numberOf, parentOf, regionalParent, whereOf } from "./places.ts";
import { checkMetadataName, serviceIn } from "./service-in.ts";
import { configurationOut, routeOut, serviceOut } from "./service-out.ts";
import { deletedStatus, dryRun } from "./status.ts";

const services = "google.cloud.run.v1.Services";

/** Knative's services, configurations and routes, of the services that v2 has. */
export function servicesRest(control: Control): readonly RestMethod[] {
  const { store, m } = control;

  const seek = (request: RestRequest): Service | undefined => {
    const { id = "" } = request.params;
    const where = whereOf(control, request);
    if (where.region !== "-") {
      return store.services.get(`projects/${where.project}/locations/${where.region}/services/${id}`);
    }
    return findByIn(store.services, where, "services", id);
  };
  const find = (request: RestRequest): Service => {
    const found = seek(request);
    if (found !== undefined) return found;
    const { project, region } = whereOf(control, request);
    throw serviceNotFound({ project, location: region, service: request.params.id ?? "" });
  };
  /** The resource that permissions are asked on. */
  const named = (request: RestRequest): string =>
    seek(request)?.name ?? `${parentOf(control, request)}/services/${request.params.id}`;
  const at = (service: Service) => ({
    projectNumber: numberOf(control, service.name),
    operation: control.lastOperations.of(service.name),
  });
  const asWritten = createAsWritten(control.host.db);
  const show = (service: Service) => asWritten.show(service, serviceOut(shown(m, service), at(service)));
  /** What was stored of this body. */
  const stored = (name: string, body: JsonObject): Json => {
    const service = store.services.get(name);
    if (service === undefined) throw new RpcError("ABORTED", `The service '${idOf(name)}' was deleted meanwhile.`);
    asWritten.keep(service, body, serviceOut(service, at(service)));
    return tidy(show(service));
  };

  const create: Omit<RestMethod, "path"> = {
    id: `${services}.CreateService`,
    verb: "POST",
    permission: "run.services.create",
    resource: (request) => parentOf(control, request),
    audit: "ADMIN_WRITE",
    handle: (request, call) => {
      const parent = regionalParent(control, request);
      requireRegion(parseLocation(parent).location);
      const id = checkMetadataName(request.body, undefined);
      const name = `${parent}/services/${id}`;
      if (id.includes("/") || store.services.has(name)) {
        throw new RpcError("ALREADY_EXISTS", `Resource '${id}' already exists.`);
      }
      const service = serviceIn(m, request.body, name, id);
      const validateOnly = dryRun(request);
      asKnative("service", () => changeService(control, call, { service, before: undefined, validateOnly }));
      return validateOnly
        ? tidy(serviceOut(service, { projectNumber: numberOf(control, name) }))
        : stored(name, request.body);
    },
  };

  const replace: Omit<RestMethod, "path"> = {
    id: `${services}.ReplaceService`,
    verb: "PUT",
    permission: "run.services.update",
    resource: named,
    audit: "ADMIN_WRITE",
    handle: (request, call) => {
      const before = find(request);
      const id = checkMetadataName(request.body, idOf(before.name));
      const metadata = objectAt(request.body.metadata, "metadata");
      checkVersion(textAt(metadata.resourceVersion, "metadata.resourceVersion"), before);
      refuseDeleted(before);
      const service = clone(m.service, before);
      applyUpdate(m, service, serviceIn(m, request.body, before.name, id), []);
      const validateOnly = dryRun(request);
      asKnative("service", () => changeService(control, call, { service, before, validateOnly }));
      return validateOnly ? tidy(serviceOut(service, at(service))) : stored(before.name, request.body);
    },
  };

  const remove: Omit<RestMethod, "path"> = {
    id: `${services}.DeleteService`,
    verb: "DELETE",
    permission: "run.services.delete",
    resource: named,
    audit: "ADMIN_WRITE",
    handle: (request, call) => {
      const service = find(request);
      refuseDeleted(service);
      deleteService(control, call, service, dryRun(request));
      return deletedStatus("services", service);
    },
  };

  const get: Omit<RestMethod, "path"> = {
    id: `${services}.GetService`,
    verb: "GET",
    permission: "run.services.get",
    resource: named,
    audit: "ADMIN_READ",
    handle: (request) => tidy(show(find(request))),
  };

  const list: Omit<RestMethod, "path"> = {
    id: `${services}.ListServices`,
    verb: "GET",
    permission: "run.services.list",
    resource: (request) => parentOf(control, request),
    audit: "ADMIN_READ",
    handle: (request) =>
      listOf(control, request, { apiVersion: serving, kind: "ServiceList", collection: store.services, show }),
  };

  const halves = [
    { plural: "configurations", Kind: "Configuration", out: configurationOut },
    { plural: "routes", Kind: "Route", out: routeOut },
  ] as const;
  const halfMethods = halves.flatMap(({ plural, Kind, out }): Omit<RestMethod, "path">[] => {
    const half = (service: Service): object => out(shown(m, service), at(service));
    const id = `google.cloud.run.v1.${Kind}s`;
    return [
      {
        id: `${id}.Get${Kind}`,
        verb: "GET",
        permission: `run.${plural}.get`,
        resource: named,
        audit: "ADMIN_READ",
        handle: (request) => tidy(half(find(request))),
      },
      {
        id: `${id}.List${Kind}s`,
        verb: "GET",
        permission: `run.${plural}.list`,
        resource: (request) => parentOf(control, request),
        audit: "ADMIN_READ",
        handle: (request) =>
          listOf(control, request, {
            apiVersion: serving,
            kind: `${Kind}List`,
            collection: store.services,
            show: half,
          }),
      },
    ];
  });

  return ["/apis/serving.knative.dev/v1/namespaces/{project}", "/v1/projects/{project}/locations/{location}"].flatMap(
    (root) => [
      ...[list, create].map((method) => ({ ...method, path: `${root}/services` })),
      ...[get, replace, remove].map((method) => ({ ...method, path: `${root}/services/{id}` })),
      ...halfMethods.map((method, i) => {
        const plural = halves[Math.floor(i / 2)]?.plural ?? "";
        return { ...method, path: i % 2 === 0 ? `${root}/${plural}/{id}` : `${root}/${plural}` };
      }),
    ],
  );
}
