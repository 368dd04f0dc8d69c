import { IngressTraffic, ServiceScaling_ScalingMode } from "../../../gen/run-v2.enums.ts";
import type {
  Container,
  EnvVar as ProtoEnvVar,
  Probe as ProtoProbe,
} from "../../../gen/types/google/cloud/run/v2/k8s.min_pb.js";
import type { Revision } from "../../../gen/types/google/cloud/run/v2/revision_pb.js";
import type { Service } from "../../../gen/types/google/cloud/run/v2/service_pb.js";
import type { ContainerSpec, EnvVar, Probe, RevisionSpec, ServedService } from "../../machines/machines.ts";
import { idOf, parseRevision } from "./names.ts";
import { type Addressed, hostsOf } from "./places.ts";
import { cpuOf, memoryMiBOf } from "./resources.ts";
import type { Route } from "./traffic.ts";
import { mountsOf, volumeSpecs } from "./volumes.ts";

/** What the machines run for a revision (defaults filled in). */
export function specOf(
  revision: Revision,
  service: Service,
  projectNumber: string,
  kind: NonNullable<RevisionSpec["kind"]>,
): RevisionSpec {
  const name = parseRevision(revision.name);
  const network = networkOf(revision, name.project, projectNumber);
  const least = revision.scaling?.minInstanceCount ?? 0;
  const most = Math.min(revision.scaling?.maxInstanceCount || 100, service.scaling?.maxInstanceCount || 100);
  return {
    name: revision.name,
    project: name.project,
    projectNumber,
    region: name.location,
    service: name.service,
    revision: name.revision,
    kind,
    containers: revision.containers.map((container, i) => ({
      ...containerSpec(container, i, name.service, name.project),
      ...(kind === "workerPool" ? { cpuIdle: false } : {}),
    })),
    volumes: volumeSpecs(revision.volumes, name.project),
    serviceAccount: revision.serviceAccount,
    timeoutS: Number(revision.timeout?.seconds ?? 300n),
    concurrency: revision.maxInstanceRequestConcurrency,
    minInstances: least,
    maxInstances: Math.max(most, least, 1),
    sessionAffinity: revision.sessionAffinity,
    ...(network === undefined ? {} : { vpcNetwork: network }),
  };
}

/**
 * The full name of the network that a revision's egress goes to: of its interface, else the one that its subnetwork is
 * named after. A network without a project is the revision's own project's.
 */
export function networkOf(
  revision: Pick<Revision, "vpcAccess">,
  project: string,
  projectNumber: string,
): string | undefined {
  const nic = revision.vpcAccess?.networkInterfaces[0];
  if (nic === undefined) return undefined;
  const given = nic.network || nic.subnetwork;
  const owner = /(?:^|\/)projects\/([^/]+)\//.exec(given)?.[1] ?? project;
  return `projects/${owner === projectNumber ? project : owner}/global/networks/${idOf(given)}`;
}

/** A container (defaults filled in) as the machines run it. */
export function containerSpec(container: Container, i: number, owner: string, project: string): ContainerSpec {
  const [port] = container.ports;
  return {
    name: container.name || `${owner}-${i + 1}`,
    image: container.image,
    command: container.command,
    args: container.args,
    ...(container.workingDir === "" ? {} : { workingDir: container.workingDir }),
    env: container.env.map((each) => envVar(each, project)),
    ...(port === undefined
      ? {}
      : { port: { name: port.name === "h2c" ? "h2c" : "http1", containerPort: port.containerPort } }),
    cpu: cpuOf(container) ?? 1,
    memoryMiB: Math.floor(memoryMiBOf(container) ?? 512),
    cpuIdle: container.resources?.cpuIdle ?? true,
    ...(container.startupProbe === undefined ? {} : { startupProbe: probe(container.startupProbe) }),
    ...(container.livenessProbe === undefined ? {} : { livenessProbe: probe(container.livenessProbe) }),
    dependsOn: container.dependsOn,
    mounts: mountsOf(container),
  };
}

function envVar({ name, values }: ProtoEnvVar, project: string): EnvVar {
  if (values.case !== "valueSource") return { name, value: values.value ?? "" };
  const { secret = "", version = "" } = values.value.secretKeyRef ?? {};
  return {
    name,
    secret: secret.includes("/") ? secret : `projects/${project}/secrets/${secret}`,
    version: version || "latest",
  };
}

function probe(of: ProtoProbe): Probe {
  const times = {
    initialDelayS: of.initialDelaySeconds,
    timeoutS: of.timeoutSeconds,
    periodS: of.periodSeconds,
    failureThreshold: of.failureThreshold,
  };
  const action = of.probeType;
  switch (action.case) {
    case "httpGet": {
      const headers = action.value.httpHeaders.map(({ name, value }) => ({ name, value }));
      return { kind: "http", port: action.value.port, path: action.value.path, headers, ...times };
    }
    case "grpc":
      return { kind: "grpc", port: action.value.port, path: action.value.service, ...times };
    default:
      return { kind: "tcp", port: action.value?.port ?? 0, ...times };
  }
}

const ingress: Readonly<Record<number, ServedService["ingress"]>> = {
  [IngressTraffic.INTERNAL_ONLY]: "internal",
  [IngressTraffic.INTERNAL_LOAD_BALANCER]: "internal-and-cloud-load-balancing",
};

/** How many instances the service itself asks for. */
function instancesOf({ scaling }: Service): Pick<ServedService, "minInstances" | "manual"> {
  return scaling?.scalingMode === ServiceScaling_ScalingMode.MANUAL
    ? { minInstances: scaling.manualInstanceCount ?? 0, manual: true }
    : { minInstances: scaling?.minInstanceCount ?? 0 };
}

/** What the machines' router answers for a service. */
export function servedOf(service: Service, routes: readonly Route[], at: Addressed): ServedService {
  const { hashed, numbered } = hostsOf(at);
  return {
    name: service.name,
    hosts: service.defaultUriDisabled ? [] : [...(numbered === undefined ? [] : [numbered]), hashed],
    traffic: routes.map(({ revision, percent, tag }) => ({
      revision: revision.name,
      percent,
      ...(tag === "" ? {} : { tag }),
    })),
    invokerIamDisabled: service.invokerIamDisabled,
    ingress: ingress[service.ingress] ?? "all",
    ...instancesOf(service),
    audiences: service.customAudiences,
  };
}
