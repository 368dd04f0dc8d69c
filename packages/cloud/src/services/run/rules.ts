import type { RevisionTemplate } from "../../../gen/types/google/cloud/run/v2/revision_template_pb.js";
import type { Service } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import { checkResources } from "./resources.ts";
import { checkMetadata } from "./rules-metadata.ts";
import { checkTraffic } from "./rules-traffic.ts";
import { checkContainers, checkVpc } from "./rules-workload.ts";
import type { Violation } from "./violations.ts";
import { checkVolumes } from "./volumes.ts";

export const longestServiceId = 49;
export const mostRevisions = 1000;
const longestDescription = 512;
const longestTimeoutS = 3600;
const mostConcurrency = 1000;

export interface Checked {
  /** `CreateServiceRequest` or `UpdateServiceRequest`: how Cloud Run names the place of a fault. */
  readonly request: string;
  readonly serviceId: string;
}

/** What is wrong with the id of a service to be made. */
export function checkServiceId(id: string): Violation[] {
  if (id.length <= longestServiceId && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(id)) return [];
  const rule =
    "Resource name must use only lowercase letters, numbers and '-'. Must begin with a letter and cannot end";
  return [
    {
      field: "Violation in CreateServiceRequest.service_id",
      description: `${rule} with a '-'. Maximum length is ${longestServiceId} characters.`,
    },
  ];
}

/** Everything that Cloud Run refuses in a service before it does anything. The service has its defaults filled in. */
export function checkService(service: Service, at: Checked): Violation[] {
  const root = `Violation in ${at.request}.service`;
  const found: Violation[] = [];
  if (service.description.length > longestDescription) {
    found.push({ field: `${root}.description`, description: `must not exceed ${longestDescription} characters.` });
  }
  checkMetadata(found, root, service.labels, service.annotations);
  for (const [i, audience] of service.customAudiences.entries()) {
    if (audience.trim() === "") {
      found.push({ field: `${root}.custom_audiences[${i}]`, description: "custom audience should not be empty." });
    }
  }
  const { scaling } = service;
  if (scaling !== undefined) checkScaling(found, `${root}.scaling`, scaling.minInstanceCount, scaling.maxInstanceCount);
  if (service.template === undefined || service.template.containers.length === 0) {
    const missing = service.template === undefined ? "template" : "template.containers";
    found.push({ field: `${root}.${missing}`, description: "required field not present." });
  } else {
    checkTemplate(found, service.template, `${root}.template`, at);
  }
  found.push(...checkTraffic(service.traffic, root, at.serviceId));
  return found;
}

function checkTemplate(found: Violation[], template: RevisionTemplate, root: string, at: Checked): void {
  checkMetadata(found, root, template.labels, template.annotations);
  if (template.revision !== "") checkRevisionId(found, template.revision, root, at.serviceId);
  const seconds = Number(template.timeout?.seconds ?? 0n) + (template.timeout?.nanos ?? 0) / 1e9;
  if (seconds > longestTimeoutS) {
    found.push({ field: `${root}.timeout`, description: "maximum allowed time is one hour." });
  } else if (seconds < 1) {
    found.push({ field: `${root}.timeout`, description: "minimum allowed time is one second." });
  }
  const concurrency = template.maxInstanceRequestConcurrency;
  if (concurrency < 0 || concurrency > mostConcurrency) {
    found.push({
      field: `${root}.max_instance_request_concurrency`,
      description: `must be between 0 and ${mostConcurrency} inclusive.`,
    });
  }
  const { scaling } = template;
  if (scaling !== undefined) checkScaling(found, `${root}.scaling`, scaling.minInstanceCount, scaling.maxInstanceCount);
  if (!/^[a-z0-9][-a-z0-9.]*@[-a-z0-9.]+$/i.test(template.serviceAccount)) {
    found.push({ field: `${root}.service_account`, description: "must be an email address of a service account." });
  }
  checkVpc(found, template.vpcAccess, root);
  checkContainers(found, template.containers, root);
  checkVolumes(found, template, root);
  if (template.containers.filter((container) => container.ports.length > 0).length !== 1) {
    found.push({
      field: "template.containers",
      description: "Revision template should contain exactly one container with an exposed port.",
    });
  }
  if (found.length === 0) found.push(...checkResources(template));
}

export function checkRevisionId(found: Violation[], id: string, root: string, serviceId: string): void {
  if (!id.startsWith(`${serviceId}-`)) {
    found.push({ field: `${root}.revision`, description: `Revision name must be prefixed by '${serviceId}-'.` });
  } else if (id.length > 63 || !/^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(id)) {
    const rule = "Resource name must use only lowercase letters, numbers and '-'. Must begin with a letter and cannot";
    found.push({
      field: `${root}.revision`,
      description: `${rule} end with a '-'. Maximum length is 63 characters.`,
    });
  }
}

function checkScaling(found: Violation[], field: string, least: number, most: number): void {
  if (least < 0) found.push({ field: `${field}.min_instance_count`, description: "must not be negative." });
  if (most < 0) found.push({ field: `${field}.max_instance_count`, description: "must be greater than 0." });
  else if (most > 0 && least > most) {
    found.push({
      field: `${field}.max_instance_count`,
      description: "max_instance_count must be greater than or equal to min_instance_count.",
    });
  }
}
