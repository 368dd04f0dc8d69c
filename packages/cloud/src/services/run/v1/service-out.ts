import type { run_v1 } from "@googleapis/run";
import { TrafficTargetAllocationType } from "../../../../gen/run-v2.enums.ts";
import type { Service } from "../../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { BinaryAuthorization } from "../../../../gen/types/google/cloud/run/v2/vendor_settings_pb.js";
import { stateOf } from "../conditions.ts";
import { idOf } from "../names.ts";
import { annotation, wordOf } from "./annotations.ts";
import { conditionOut, conditionsOut } from "./conditions.ts";
import { defined, derivedUid, metadataOf, serving } from "./metadata.ts";
import { ingresses, launchStages, scalingModes } from "./service-in.ts";
import { templateOut } from "./template.ts";
import type { Owner } from "./workload.ts";

export interface ShownIn {
  readonly projectNumber: string;
  /** The id of the last operation on it, for `run.googleapis.com/operation-id`. */
  readonly operation?: string | undefined;
}

const ownerOf = (service: Service, at: ShownIn): Owner => ({
  id: idOf(service.name),
  project: service.name.split("/")[1] ?? "",
  projectNumber: at.projectNumber,
});

/** A service of v2 as Knative's. */
export function serviceOut(service: Service, at: ShownIn): run_v1.Schema$Service {
  const clients = { [annotation.clientName]: service.client, [annotation.clientVersion]: service.clientVersion };
  const ingress = wordOf(service.ingress as never, ingresses);
  const flag = (on: boolean): string | undefined => (on ? "true" : undefined);
  const count = (value: number | undefined): string | undefined => (value ? String(value) : undefined);
  const { scaling } = service;
  const annotations = {
    ...service.annotations,
    ...clients,
    [annotation.creator]: service.creator,
    [annotation.modifier]: service.lastModifier,
    [annotation.operation]: at.operation,
    [annotation.ingress]: ingress,
    [annotation.ingressStatus]: service.latestReadyRevision === "" ? undefined : ingress,
    [annotation.urls]: service.urls.length === 0 ? undefined : JSON.stringify(service.urls),
    [annotation.description]: service.description,
    [annotation.launchStage]: launchStageOut(service.launchStage),
    ...binaryAuthorizationOut(service.binaryAuthorization),
    [annotation.invokerIamDisabled]: flag(service.invokerIamDisabled),
    [annotation.defaultUrlDisabled]: flag(service.defaultUriDisabled),
    [annotation.audiences]: service.customAudiences.length === 0 ? undefined : JSON.stringify(service.customAudiences),
    [annotation.serviceMinScale]: count(scaling?.minInstanceCount),
    [annotation.serviceMaxScale]: count(scaling?.maxInstanceCount),
    [annotation.scalingMode]: wordOf(scaling?.scalingMode as never, scalingModes),
    [annotation.manualInstances]: scaling?.manualInstanceCount?.toString(),
  };
  const { projectNumber } = at;
  return {
    apiVersion: serving,
    kind: "Service",
    metadata: metadataOf(service, { api: serving, collection: "services", projectNumber, annotations }),
    spec: {
      ...(service.template === undefined
        ? {}
        : { template: templateOut(service.template, ownerOf(service, at), clients) }),
      traffic: trafficOut(service),
    },
    status: {
      observedGeneration: observedGeneration(service),
      conditions: conditionsOut(service.terminalCondition, service.conditions, "Ready"),
      ...defined({
        latestReadyRevisionName: idOf(service.latestReadyRevision),
        latestCreatedRevisionName: idOf(service.latestCreatedRevision),
      }),
      traffic: statusTraffic(service),
      ...(service.uri === "" ? {} : { url: service.uri, address: { url: service.uri } }),
    },
  };
}

/** `serving.knative.dev/v1` Configuration: a service's first half, which v2 has no resource for. */
export function configurationOut(service: Service, at: ShownIn): run_v1.Schema$Configuration {
  const whole = serviceOut(service, at);
  const ready = service.conditions.find((each) => each.type === "ConfigurationsReady");
  const { latestCreatedRevisionName, latestReadyRevisionName, observedGeneration } = whole.status ?? {};
  return {
    apiVersion: serving,
    kind: "Configuration",
    metadata: partOf(service, at, "configurations"),
    spec: { template: whole.spec?.template ?? {} },
    status: {
      observedGeneration: observedGeneration ?? 0,
      conditions: ready === undefined ? [] : [conditionOut(ready, "Ready")],
      latestCreatedRevisionName: latestCreatedRevisionName ?? null,
      latestReadyRevisionName: latestReadyRevisionName ?? null,
    },
  };
}

/** `serving.knative.dev/v1` Route: a service's second half, which v2 has no resource for. */
export function routeOut(service: Service, at: ShownIn): run_v1.Schema$Route {
  const whole = serviceOut(service, at);
  const ready = service.conditions.find((each) => each.type === "RoutesReady");
  const { observedGeneration, traffic, url, address } = whole.status ?? {};
  return {
    apiVersion: serving,
    kind: "Route",
    metadata: partOf(service, at, "routes"),
    spec: { traffic: whole.spec?.traffic ?? [] },
    status: {
      observedGeneration: observedGeneration ?? 0,
      conditions: ready === undefined ? [] : [conditionOut(ready, "Ready")],
      traffic: traffic ?? [],
      ...(url === undefined ? {} : { url, address: address ?? {} }),
    },
  };
}

function partOf(service: Service, at: ShownIn, collection: "configurations" | "routes"): run_v1.Schema$ObjectMeta {
  const owner = { kind: "Service", name: idOf(service.name), uid: service.uid };
  return metadataOf(
    { ...service, uid: derivedUid(service.uid, collection) },
    {
      api: serving,
      collection,
      projectNumber: at.projectNumber,
      labels: { "serving.knative.dev/service": owner.name, "serving.knative.dev/serviceUid": service.uid },
      annotations: { [annotation.creator]: service.creator, [annotation.modifier]: service.lastModifier },
      owner,
    },
  );
}

/** Knative counts a generation as seen once its conditions tell of it; v2 only once it is ready. */
function observedGeneration(service: Service): number {
  const untold = stateOf(service.terminalCondition) === "pending";
  return Number(untold ? service.observedGeneration : service.generation);
}

function trafficOut(service: Service): run_v1.Schema$TrafficTarget[] {
  return service.traffic.map(({ type, revision, percent, tag }) => ({
    ...(type === TrafficTargetAllocationType.REVISION ? { revisionName: revision } : { latestRevision: true }),
    ...(percent === 0 ? {} : { percent }),
    ...defined({ tag }),
  }));
}

function statusTraffic(service: Service): run_v1.Schema$TrafficTarget[] {
  return service.trafficStatuses.map(({ type, revision, percent, tag, uri }) => ({
    ...(type === TrafficTargetAllocationType.REVISION
      ? { revisionName: revision }
      : { revisionName: idOf(service.latestReadyRevision), latestRevision: true }),
    ...(percent === 0 ? {} : { percent }),
    ...defined({ tag, url: uri }),
  }));
}

/** Nothing for what is generally available. */
export function launchStageOut(stage: number): string | undefined {
  const word = wordOf(stage as never, launchStages);
  return word === "ga" ? undefined : word?.toUpperCase();
}

export function binaryAuthorizationOut(
  of: BinaryAuthorization | undefined,
): Readonly<Record<string, string | undefined>> {
  const { binauthzMethod: method, breakglassJustification } = of ?? {};
  return {
    [annotation.binaryAuthorization]:
      method?.case === "policy" ? method.value : method?.case === "useDefault" ? "default" : undefined,
    [annotation.breakglass]: breakglassJustification,
  };
}
