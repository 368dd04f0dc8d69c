import { create } from "@bufbuild/protobuf";
import { TrafficTargetAllocationType, VpcAccess_VpcEgress } from "../../../../gen/run-v2.enums.ts";
import type { Service } from "../../../../gen/types/google/cloud/run/v2/service_pb.js";
import { defaultServiceAccount, fillProbe } from "../defaults.ts";
import type { Flavour } from "../flavour.ts";
import type { Messages } from "../messages.ts";
import { checkResources } from "../resources.ts";
import { checkRevisionId, checkServiceId } from "../rules.ts";
import { checkMetadata } from "../rules-metadata.ts";
import { checkTraffic } from "../rules-traffic.ts";
import { checkContainers, checkVpc } from "../rules-workload.ts";
import { ignoredFields, refuseUnimplemented } from "../unimplemented.ts";
import type { Violation } from "../violations.ts";
import { checkVolumes } from "../volumes.ts";
import { poolOf } from "./convert.ts";

const generallyAvailable = 4;
const longestDescription = 512;
/** https://cloud.google.com/run/docs/container-contract#env-vars */
const reserved: readonly string[] = ["CLOUD_RUN_WORKER_POOL", "CLOUD_RUN_WORKER_POOL_REVISION"];

/** Worker pools: no URL and no port, so many instances as their scaling says, shared by their splits. */
export function poolFlavour(m: Messages): Flavour {
  return {
    collection: "workerPools",
    schema: m.workerPool,
    show: (service) => poolOf(m, service),
    fill: (service, projectNumber) => fill(m, service, projectNumber),
    check: (service, { id, creating }) => [
      ...(creating ? checkServiceId(id).map(renamed) : []),
      ...check(service, `Violation in ${creating ? "Create" : "Update"}WorkerPoolRequest.worker_pool`, id),
    ],
    refuse: refuseUnimplemented,
    ignored: ignoredFields,
    served: () => ({ hosts: [], listens: false }),
    revisions: "workerPool",
  };
}

function fill(m: Messages, service: Service, projectNumber: string): void {
  if (service.launchStage === 0) service.launchStage = generallyAvailable;
  const { LATEST, REVISION } = TrafficTargetAllocationType;
  if (service.traffic.length === 0) service.traffic = [create(m.trafficTarget, { type: LATEST, percent: 100 })];
  for (const split of service.traffic) {
    if (split.type === 0) split.type = split.revision === "" ? LATEST : REVISION;
  }
  const { template } = service;
  if (template === undefined) return;
  if (template.serviceAccount === "") template.serviceAccount = defaultServiceAccount(projectNumber);
  if (template.vpcAccess?.egress === 0) template.vpcAccess.egress = VpcAccess_VpcEgress.PRIVATE_RANGES_ONLY;
  for (const container of template.containers) {
    container.resources ??= create(m.resources);
    container.resources.limits.memory ??= "512Mi";
    container.resources.limits.cpu ??= "1000m";
    for (const probe of [container.startupProbe, container.livenessProbe])
      if (probe !== undefined) fillProbe(m, probe, 0);
  }
}

function check(service: Service, root: string, id: string): Violation[] {
  const found: Violation[] = [];
  if (service.description.length > longestDescription) {
    found.push({ field: `${root}.description`, description: `must not exceed ${longestDescription} characters.` });
  }
  checkMetadata(found, root, service.labels, service.annotations);
  if ((service.scaling?.manualInstanceCount ?? 0) < 0) {
    found.push({ field: `${root}.scaling.manual_instance_count`, description: "must not be negative." });
  }
  const { template } = service;
  if (template === undefined || template.containers.length === 0) {
    const missing = template === undefined ? "template" : "template.containers";
    return [...found, { field: `${root}.${missing}`, description: "required field not present." }];
  }
  const at = `${root}.template`;
  checkMetadata(found, at, template.labels, template.annotations);
  if (template.revision !== "") checkRevisionId(found, template.revision, at, id);
  if (!/^[a-z0-9][-a-z0-9.]*@[-a-z0-9.]+$/i.test(template.serviceAccount)) {
    found.push({ field: `${at}.service_account`, description: "must be an email address of a service account." });
  }
  checkVpc(found, template.vpcAccess, at);
  checkContainers(found, template.containers, at, reserved);
  checkVolumes(found, template, at);
  for (const [i, container] of template.containers.entries()) {
    if (container.ports.length === 0) continue;
    found.push({ field: `${at}.containers[${i}].ports`, description: "ports are not supported in worker pools." });
  }
  if (found.length === 0) found.push(...checkResources(template));
  found.push(...checkTraffic(service.traffic, root, id).map(renamed));
  return found;
}

/** What is checked as of a service is told by the names that worker pools have for it. */
function renamed({ field, description }: Violation): Violation {
  return {
    field: field
      .replace(/\.traffic\b/, ".instance_splits")
      .replace("CreateServiceRequest.service_id", "CreateWorkerPoolRequest.worker_pool_id"),
    description: description.replace("Traffic targets", "Instance splits").replace("this service", "this worker pool"),
  };
}
