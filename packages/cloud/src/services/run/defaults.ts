import { create } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { TrafficTargetAllocationType, VpcAccess_VpcEgress } from "../../../gen/run-v2.enums.ts";
import type { Container, Probe } from "../../../gen/types/google/cloud/run/v2/k8s.min_pb.js";
import type { RevisionTemplate } from "../../../gen/types/google/cloud/run/v2/revision_template_pb.js";
import type { Service } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { Messages } from "./messages.ts";
import { cpuOf } from "./resources.ts";

/** `google.api.LaunchStage.GA` */
const generallyAvailable = 4;
const defaultPort = 8080;
const defaultMaxInstances = 100;

/** The account that runs what names no other. */
export function defaultServiceAccount(projectNumber: string): string {
  return `${projectNumber}-compute@developer.gserviceaccount.com`;
}

/** Fills in what Cloud Run's servers fill in, in `service` itself (the caller's own copy). */
export function fillService(m: Messages, service: Service, projectNumber: string): void {
  if (service.ingress === 0) service.ingress = 1;
  if (service.launchStage === 0) service.launchStage = generallyAvailable;
  if (service.traffic.length === 0) {
    service.traffic = [create(m.trafficTarget, { type: TrafficTargetAllocationType.LATEST, percent: 100 })];
  }
  for (const target of service.traffic) {
    if (target.type !== 0) continue;
    target.type = target.revision === "" ? TrafficTargetAllocationType.LATEST : TrafficTargetAllocationType.REVISION;
  }
  if (service.template !== undefined) fillTemplate(m, service.template, projectNumber);
}

function fillTemplate(m: Messages, template: RevisionTemplate, projectNumber: string): void {
  template.scaling ??= create(m.scaling);
  if (template.scaling.maxInstanceCount === 0) template.scaling.maxInstanceCount = defaultMaxInstances;
  template.timeout ??= create(DurationSchema, { seconds: 300n });
  if (template.serviceAccount === "") template.serviceAccount = defaultServiceAccount(projectNumber);
  if (template.vpcAccess !== undefined && template.vpcAccess.egress === 0) {
    template.vpcAccess.egress = VpcAccess_VpcEgress.PRIVATE_RANGES_ONLY;
  }
  const ingress = ingressContainer(template);
  for (const container of template.containers) fillContainer(m, container, container === ingress);
  if (template.maxInstanceRequestConcurrency === 0) {
    const cpu = template.containers.reduce((sum, each) => sum + (cpuOf(each) ?? 1), 0);
    template.maxInstanceRequestConcurrency = cpu < 1 ? 1 : 80;
  }
}

/** The container that requests go to: the one with a port, or the only one. */
export function ingressContainer(template: Pick<RevisionTemplate, "containers">): Container | undefined {
  return template.containers.length === 1
    ? template.containers[0]
    : template.containers.find((container) => container.ports.length > 0);
}

function fillContainer(m: Messages, container: Container, ingress: boolean): void {
  // Once `resources` is sent, an absent cpuIdle means that the CPU is always allocated.
  container.resources ??= create(m.resources, { cpuIdle: true });
  const { limits } = container.resources;
  limits.memory ??= "512Mi";
  limits.cpu ??= "1000m";
  if (ingress) {
    if (container.ports.length === 0) container.ports = [create(m.containerPort)];
    const [port] = container.ports;
    if (port !== undefined) {
      if (port.name === "") port.name = "http1";
      if (port.containerPort === 0) port.containerPort = defaultPort;
    }
  }
  const port = container.ports[0]?.containerPort ?? 0;
  if (container.startupProbe === undefined && ingress) {
    container.startupProbe = create(m.probe, {
      timeoutSeconds: 240,
      periodSeconds: 240,
      failureThreshold: 1,
      probeType: { case: "tcpSocket", value: create(m.tcpSocket, { port }) },
    });
  }
  if (container.startupProbe !== undefined) fillProbe(m, container.startupProbe, port);
  if (container.livenessProbe !== undefined) fillProbe(m, container.livenessProbe, port);
}

export function fillProbe(m: Messages, probe: Probe, port: number): void {
  if (probe.timeoutSeconds === 0) probe.timeoutSeconds = 1;
  if (probe.periodSeconds === 0) probe.periodSeconds = 10;
  if (probe.failureThreshold === 0) probe.failureThreshold = 3;
  if (probe.probeType.case === undefined) {
    probe.probeType = { case: "tcpSocket", value: create(m.tcpSocket, { port }) };
  }
  if (probe.probeType.value.port === 0) probe.probeType.value.port = port;
  if (probe.probeType.case === "httpGet" && probe.probeType.value.path === "") probe.probeType.value.path = "/";
}
