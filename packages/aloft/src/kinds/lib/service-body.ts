import { formatMiB } from "../../app/check-size.ts";
import type { ContainerSpec, ProbeSpec, ServiceSpec, Value, VpcSpec } from "../../app/specs.ts";
import type { Place } from "../kind.ts";
import { laidOver, ownLabels } from "./ownership.ts";
import {
  latestTraffic,
  type RunContainer,
  type RunProbe,
  type RunService,
  type RunTemplate,
  type RunVariable,
  type RunVpc,
} from "./run-service.ts";

/** What a value that is not known yet is compared as: no live value equals it. */
export const unknown = "(known after apply)";
const textOf = (value: Value): string => (typeof value === "string" ? value : unknown);

/** The service as the file wants it: every field that the file decides, defaults included. */
export function wantedService(spec: ServiceSpec, place: Place): RunService & { readonly template: RunTemplate } {
  return {
    ...(spec.description === undefined ? {} : { description: spec.description }),
    labels: { ...spec.labels, ...ownLabels(place) },
    annotations: spec.annotations,
    client: "aloft",
    ingress: spec.ingress,
    invokerIamDisabled: spec.public,
    template: {
      scaling: { minInstanceCount: spec.min, maxInstanceCount: spec.max },
      timeout: `${spec.timeoutS}s`,
      serviceAccount: textOf(spec.serviceAccount),
      maxInstanceRequestConcurrency: spec.concurrency,
      sessionAffinity: spec.sessionAffinity,
      ...(spec.executionEnvironment === undefined ? {} : { executionEnvironment: spec.executionEnvironment }),
      ...(spec.vpc === undefined ? {} : { vpcAccess: vpcOf(spec.vpc, place) }),
      containers: spec.containers.map(containerOf),
    },
    traffic: [{ type: latestTraffic, percent: 100 }],
  };
}

function vpcOf(vpc: VpcSpec, { project, region }: Place): RunVpc {
  if (vpc.connector !== undefined) {
    return { connector: `projects/${project}/locations/${region}/connectors/${vpc.connector}`, egress: vpc.egress };
  }
  const { network, subnetwork, tags } = vpc;
  return {
    networkInterfaces: [
      {
        ...(network === undefined ? {} : { network }),
        ...(subnetwork === undefined ? {} : { subnetwork }),
        ...(tags === undefined ? {} : { tags }),
      },
    ],
    egress: vpc.egress,
  };
}

function containerOf(spec: ContainerSpec): RunContainer {
  const env: RunVariable[] = Object.entries(spec.env).map(([name, value]) => ({ name, value: textOf(value) }));
  for (const [name, { secret, version }] of Object.entries(spec.secrets)) {
    env.push({ name, valueSource: { secretKeyRef: { secret, version: textOf(version) } } });
  }
  return {
    ...(spec.name === undefined ? {} : { name: spec.name }),
    image: textOf(spec.image),
    ...(spec.command === undefined ? {} : { command: spec.command }),
    ...(spec.args === undefined ? {} : { args: spec.args }),
    ...(spec.workingDir === undefined ? {} : { workingDir: spec.workingDir }),
    env,
    resources: {
      limits: { cpu: cpuOf(spec.cpu), memory: formatMiB(spec.memoryMiB) },
      cpuIdle: spec.cpuIdle,
      startupCpuBoost: spec.startupCpuBoost,
    },
    ...(spec.port === undefined ? {} : { ports: [{ name: spec.port.name, containerPort: spec.port.number }] }),
    ...(spec.port === undefined && spec.startup === undefined ? {} : { startupProbe: startupOf(spec) }),
    ...(spec.liveness === undefined ? {} : { livenessProbe: probeOf(spec.liveness) }),
    ...(spec.dependsOn === undefined ? {} : { dependsOn: spec.dependsOn }),
  };
}

const cpuOf = (cpu: number): string => (Number.isInteger(cpu) ? String(cpu) : `${Math.round(cpu * 1000)}m`);

/** Google's own default where the file names none: one TCP connection within 240 s. */
function startupOf({ startup, port }: ContainerSpec): RunProbe {
  if (startup !== undefined) return probeOf(startup);
  return { timeoutSeconds: 240, periodSeconds: 240, failureThreshold: 1, tcpSocket: { port: port?.number ?? 8080 } };
}

function probeOf(probe: ProbeSpec): RunProbe {
  return {
    ...(probe.initialDelayS === 0 ? {} : { initialDelaySeconds: probe.initialDelayS }),
    timeoutSeconds: probe.timeoutS,
    periodSeconds: probe.periodS,
    failureThreshold: probe.failures,
    ...(probe.path === undefined
      ? { tcpSocket: { port: probe.port } }
      : { httpGet: { path: probe.path, port: probe.port } }),
  };
}

/** Fields of a live service that a client may send back; the others are Google's to write. */
const inputs = [
  "description",
  "labels",
  "annotations",
  "launchStage",
  "ingress",
  "binaryAuthorization",
  "template",
  "traffic",
  "scaling",
  "invokerIamDisabled",
  "defaultUriDisabled",
  "iapEnabled",
  "multiRegionSettings",
  "customAudiences",
  "buildConfig",
  "etag",
] as const;

/** What the file says of live variables, labels and annotations that it does not name: see `ServiceOptions.merge`. */
export interface Merging {
  readonly place: Place;
  readonly merge: boolean | undefined;
}

/**
 * The whole service to send: what the file wants laid over what is live, so that a field the file does not know stays. (A
 * PATCH without a mask replaces what is absent.) Labels, annotations and `env` as `merge` says, tags of traffic stay.
 */
export function overlaid(
  want: RunService & { readonly template: RunTemplate },
  live: RunService,
  { place, merge }: Merging,
): RunService {
  const kept = Object.fromEntries(
    Object.entries(live).filter(([name]) => (inputs as readonly string[]).includes(name)),
  );
  const { revision: _revision, vpcAccess: _vpc, ...template } = live.template ?? {};
  const containers = want.template.containers?.map((container, i) => {
    const now = live.template?.containers?.[i];
    const {
      command: _command,
      args: _args,
      workingDir: _dir,
      livenessProbe: _live,
      dependsOn: _on,
      ...rest
    } = now ?? {};
    const named = new Set(container.env?.map(({ name }) => name));
    const others = merge === true ? (rest.env ?? []).filter(({ name }) => !named.has(name)) : [];
    return {
      ...rest,
      ...container,
      env: [...(container.env ?? []), ...others],
      resources: {
        ...rest.resources,
        ...container.resources,
        limits: { ...rest.resources?.limits, ...container.resources?.limits },
      },
    };
  });
  const tags = (live.traffic ?? [])
    .filter(({ tag }) => tag !== undefined && tag !== "")
    .map((t) => ({ ...t, percent: 0 }));
  return {
    ...kept,
    ...want,
    labels: laidOver(want.labels ?? {}, live.labels, place, merge),
    annotations: laidOver(want.annotations ?? {}, live.annotations, place, merge),
    template: { ...template, ...want.template, ...(containers === undefined ? {} : { containers }) },
    traffic: [...(want.traffic ?? []), ...tags],
  };
}
