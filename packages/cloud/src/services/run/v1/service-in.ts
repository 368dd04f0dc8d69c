import { IngressTraffic, ServiceScaling_ScalingMode } from "../../../../gen/run-v2.enums.ts";
import type { Service } from "../../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { JsonObject } from "../../../service.ts";
import { RpcError } from "../../../wire/rpc-error.ts";
import type { Messages } from "../messages.ts";
import { annotation, choice, readAnnotations, readLabels } from "./annotations.ts";
import { flagAt, messageOf, objectAt, objectsAt, textAt, wholeAt } from "./json.ts";
import { templateIn } from "./template.ts";

export const ingresses = {
  all: IngressTraffic.ALL,
  internal: IngressTraffic.INTERNAL_ONLY,
  "internal-and-cloud-load-balancing": IngressTraffic.INTERNAL_LOAD_BALANCER,
  none: IngressTraffic.NONE,
} as const;

/** `google.api.LaunchStage` */
export const launchStages = { alpha: 2, beta: 3, ga: 4 } as const;

export const scalingModes = {
  automatic: ServiceScaling_ScalingMode.AUTOMATIC,
  manual: ServiceScaling_ScalingMode.MANUAL,
} as const;

/**
 * A service of v1 as one of v2, as far as a caller says what it is: no defaults, nothing of the server's. Throws
 * INVALID_ARGUMENT for what does not fit, UNIMPLEMENTED for annotations and fields that v2 has no place for.
 */
export function serviceIn(m: Messages, body: JsonObject, name: string, serviceId: string): Service {
  const metadata = objectAt(body.metadata, "metadata");
  const spec = objectAt(body.spec, "spec");
  const annotations = readAnnotations(metadata.annotations, "metadata.annotations");
  const audiences = annotations.json(annotation.audiences);
  const scaling = {
    minInstanceCount: annotations.whole(annotation.serviceMinScale),
    maxInstanceCount: annotations.whole(annotation.serviceMaxScale),
    scalingMode: choice(annotation.scalingMode, annotations.text(annotation.scalingMode), scalingModes),
    manualInstanceCount: annotations.whole(annotation.manualInstances),
  };
  return messageOf(m.service, {
    name,
    labels: readLabels(metadata.labels, "metadata.labels"),
    description: annotations.text(annotation.description),
    client: annotations.text(annotation.clientName),
    clientVersion: annotations.text(annotation.clientVersion),
    ingress: choice(annotation.ingress, annotations.text(annotation.ingress), ingresses),
    launchStage: launchStageIn(annotations.text(annotation.launchStage)),
    binaryAuthorization: binaryAuthorizationIn(
      annotations.text(annotation.binaryAuthorization),
      annotations.text(annotation.breakglass),
    ),
    invokerIamDisabled: annotations.flag(annotation.invokerIamDisabled) ?? false,
    defaultUriDisabled: annotations.flag(annotation.defaultUrlDisabled) ?? false,
    iapEnabled: annotations.flag(annotation.iap) ?? false,
    customAudiences: audiences,
    scaling: Object.values(scaling).every((each) => each === undefined) ? undefined : scaling,
    template: templateIn(objectAt(spec.template, "spec.template"), { id: serviceId }),
    traffic: objectsAt(spec.traffic, "spec.traffic").map((each, i) => trafficIn(each, `spec.traffic[${i}]`)),
    // Last: what is left is the user's own, or refused by name.
    annotations: annotations.rest(),
  });
}

export function launchStageIn(word: string | undefined): number | undefined {
  return choice(annotation.launchStage, word, launchStages);
}

export function binaryAuthorizationIn(policy: string | undefined, breakglass: string | undefined): object | undefined {
  if (!policy && !breakglass) return undefined;
  return {
    ...(policy === "default" ? { useDefault: true } : policy ? { policy } : {}),
    ...(breakglass ? { breakglassJustification: breakglass } : {}),
  };
}

function trafficIn(given: JsonObject, at: string): object {
  const revision = textAt(given.revisionName, `${at}.revisionName`);
  const latest = flagAt(given.latestRevision, `${at}.latestRevision`);
  if (latest && revision !== "") {
    throw new RpcError("INVALID_ARGUMENT", `${at}: revision_name must be empty when latest_revision is true.`);
  }
  return {
    type: revision === "" ? "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST" : "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
    revision,
    percent: wholeAt(given.percent, `${at}.percent`) ?? 0,
    tag: textAt(given.tag, `${at}.tag`),
  };
}

/** What a body says of its own name: it must be that of the path (`expected`), or the one to be made. */
export function checkMetadataName(body: JsonObject, expected: string | undefined): string {
  const metadata = objectAt(body.metadata, "metadata");
  const name = textAt(metadata.name, "metadata.name");
  if (name === "") throw new RpcError("INVALID_ARGUMENT", "metadata.name: required field not present.");
  if (expected !== undefined && name !== expected) {
    throw new RpcError(
      "INVALID_ARGUMENT",
      `metadata.name: '${name}' is not the name in the request's path, '${expected}'.`,
    );
  }
  return name;
}
