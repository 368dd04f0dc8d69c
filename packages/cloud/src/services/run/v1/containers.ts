import type { run_v1 } from "@googleapis/run";
import type { Container, EnvVar, Probe } from "../../../../gen/types/google/cloud/run/v2/k8s.min_pb.js";
import type { Json, JsonObject } from "../../../service.ts";
import { listAt, objectAt, objectsAt, refuseFields, textAt, textsAt, wholeAt } from "./json.ts";
import { defined } from "./metadata.ts";
import type { SecretNames } from "./secrets.ts";

/** What of a container v1 says in annotations of its template. */
export interface ContainerExtras {
  /** Undefined in a job, whose CPU is always there. */
  readonly cpuIdle?: boolean;
  readonly cpuBoost?: boolean;
  readonly dependencies: Readonly<Record<string, Json | undefined>>;
  readonly secrets: SecretNames;
  /** The name that v1 shows for a container that has none. */
  readonly nameless: (index: number) => string;
}

/** A container of v1 as proto JSON of v2. */
export function containerIn(given: JsonObject, at: string, index: number, extras: ContainerExtras): object {
  refuseFields(given, at, ["envFrom", "securityContext", "sandboxLauncher"]);
  const text = (name: string): string | undefined => textAt(given[name], `${at}.${name}`) || undefined;
  const name = text("name");
  const { limits } = objectAt(given.resources, `${at}.resources`);
  return {
    name: name === extras.nameless(index) ? undefined : name,
    image: text("image"),
    command: listAt(given.command, `${at}.command`),
    args: listAt(given.args, `${at}.args`),
    workingDir: text("workingDir"),
    env: objectsAt(given.env, `${at}.env`).map((each, i) => envIn(each, `${at}.env[${i}]`, extras.secrets)),
    resources: {
      limits: textsAt(limits, `${at}.resources.limits`),
      ...(extras.cpuIdle === undefined ? {} : { cpuIdle: extras.cpuIdle }),
      ...(extras.cpuBoost ? { startupCpuBoost: true } : {}),
    },
    ports: objectsAt(given.ports, `${at}.ports`).map((port, i) => ({
      name: textAt(port.name, `${at}.ports[${i}].name`) || undefined,
      containerPort: wholeAt(port.containerPort, `${at}.ports[${i}].containerPort`),
    })),
    volumeMounts: objectsAt(given.volumeMounts, `${at}.volumeMounts`).map((mount, i) => ({
      name: textAt(mount.name, `${at}.volumeMounts[${i}].name`),
      mountPath: textAt(mount.mountPath, `${at}.volumeMounts[${i}].mountPath`),
      subPath: textAt(mount.subPath, `${at}.volumeMounts[${i}].subPath`) || undefined,
    })),
    startupProbe: probeIn(given.startupProbe, `${at}.startupProbe`),
    livenessProbe: probeIn(given.livenessProbe, `${at}.livenessProbe`),
    readinessProbe: probeIn(given.readinessProbe, `${at}.readinessProbe`),
    dependsOn: name === undefined ? [] : listAt(extras.dependencies[name], `the dependencies of container ${name}`),
  };
}

function envIn(given: JsonObject, at: string, secrets: SecretNames): object {
  const name = textAt(given.name, `${at}.name`);
  if (given.valueFrom === undefined || given.valueFrom === null)
    return { name, value: textAt(given.value, `${at}.value`) };
  const from = objectAt(given.valueFrom, `${at}.valueFrom`);
  refuseFields(from, `${at}.valueFrom`, ["configMapKeyRef"]);
  const ref = objectAt(from.secretKeyRef, `${at}.valueFrom.secretKeyRef`);
  return {
    name,
    valueSource: {
      secretKeyRef: {
        secret: secrets.full(textAt(ref.name, `${at}.valueFrom.secretKeyRef.name`)),
        version: textAt(ref.key, `${at}.valueFrom.secretKeyRef.key`),
      },
    },
  };
}

function probeIn(value: Json | undefined, at: string): object | undefined {
  if (value === undefined || value === null) return undefined;
  const given = objectAt(value, at);
  refuseFields(given, at, ["exec"]);
  const { successThreshold: _, exec: __, ...known } = given;
  return known;
}

/** A container of v2 as v1 shows it. `resolved` is a running revision's or task's: named, whatever was asked for. */
export function containerOut(
  container: Container,
  index: number,
  extras: Pick<ContainerExtras, "secrets" | "nameless">,
): run_v1.Schema$Container {
  const { limits } = container.resources ?? { limits: {} };
  return {
    name: container.name || extras.nameless(index),
    image: container.image,
    command: container.command,
    args: container.args,
    ...(container.workingDir === "" ? {} : { workingDir: container.workingDir }),
    env: container.env.map((each) => envOut(each, extras.secrets)),
    resources: { limits: { ...limits } },
    ports: container.ports.map(({ name, containerPort }) => ({ ...defined({ name }), containerPort })),
    volumeMounts: container.volumeMounts.map(({ name, mountPath, subPath }) => ({
      name,
      mountPath,
      ...defined({ subPath }),
    })),
    ...(container.startupProbe === undefined ? {} : { startupProbe: probeOut(container.startupProbe) }),
    ...(container.livenessProbe === undefined ? {} : { livenessProbe: probeOut(container.livenessProbe) }),
  };
}

function envOut({ name, values }: EnvVar, secrets: SecretNames): run_v1.Schema$EnvVar {
  if (values.case !== "valueSource") return { name, ...defined({ value: values.value ?? "" }) };
  const { secret = "", version = "" } = values.value.secretKeyRef ?? {};
  return { name, valueFrom: { secretKeyRef: { name: secrets.short(secret), key: version || "latest" } } };
}

function probeOut(probe: Probe): run_v1.Schema$Probe {
  const { initialDelaySeconds, timeoutSeconds, periodSeconds, failureThreshold, probeType } = probe;
  const times = {
    ...(initialDelaySeconds === 0 ? {} : { initialDelaySeconds }),
    timeoutSeconds,
    periodSeconds,
    failureThreshold,
  };
  switch (probeType.case) {
    case "httpGet": {
      const { path, port, httpHeaders } = probeType.value;
      return {
        ...times,
        httpGet: { path, port, httpHeaders: httpHeaders.map(({ name, value }) => ({ name, value })) },
      };
    }
    case "grpc": {
      const { port, service } = probeType.value;
      return { ...times, grpc: { port, ...defined({ service }) } };
    }
    default:
      return { ...times, tcpSocket: { port: probeType.value?.port ?? 0 } };
  }
}
