import { parseDuration } from "@aloft/kit/duration";
import { type Check, fields, list, oneOf, record, text, whole, yesNo } from "./check.ts";
import { containerShape, later, type ReadContainer, readContainer } from "./check-container.ts";
import { isRef } from "./graph.ts";
import { container, labelKey, labelValue, serviceId } from "./names.ts";
import { type Problems, shown } from "./problems.ts";
import { isSecretRef, ours, type Scope } from "./scope.ts";
import type { ServiceSpec, Value, VpcSpec } from "./specs.ts";

export const labels: Check<Readonly<Record<string, string>>> = (value, at, problems) => {
  const read = record(labelValue, `{ team: "payments" }`)(value, at, problems);
  for (const name of Object.keys(read ?? {})) {
    if (["managed-by", "aloft-app", "aloft-env"].includes(name))
      problems.add(`${at}.${name}`, "is Aloft's own label", "take another name");
    else if (!labelKey.test(name))
      problems.add(`${at}.${name}`, "is no name of a label", "lower-case letters, digits, hyphens, underscores");
  }
  return read;
};

const timeout: Check<number> = (value, at, problems) => {
  const seconds =
    typeof value === "number" ? value : typeof value === "string" ? (parseDuration(value) ?? 0) / 1000 : 0;
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= 3600) return seconds;
  return problems.add(
    at,
    `is ${shown(value)}; allowed: 1 s to 1 h, in seconds or as a text`,
    `for example 300 or "5m"`,
  );
};

const word = text({ pattern: /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/, allowed: "a name", example: "default" });
const vpc = fields({
  network: word,
  subnetwork: word,
  tags: list(word, `["web"]`),
  connector: word,
  egress: oneOf("private-ranges-only", "all-traffic"),
});

const serviceShape = {
  ...containerShape,
  id: serviceId,
  description: text({ max: 512, allowed: "at most 512 characters", example: "The API" }),
  labels,
  annotations: record(text({ allowed: "a text", example: "x" }), `{ "example.com/x": "y" }`),
  merge: yesNo,
  public: yesNo,
  allUsers: yesNo,
  invokers: later,
  ingress: oneOf("all", "internal", "internal-and-cloud-load-balancing"),
  min: whole(0, 1000, 0),
  max: whole(1, 1000, 10),
  concurrency: whole(1, 1000, 80),
  timeout,
  cpuIdle: yesNo,
  startupCpuBoost: yesNo,
  vpc,
  serviceAccount: text({
    pattern: /^[^@\s]+@[^@\s]+$/,
    allowed: "a service account's e-mail",
    example: "api@shop.iam.gserviceaccount.com",
  }),
  executionEnvironment: oneOf("gen1", "gen2"),
  sessionAffinity: yesNo,
  containers: later,
} as const;
const { public: _public, allUsers: _allUsers, cpuIdle: _cpuIdle, ...workerShape } = serviceShape;
const readService = fields(serviceShape);
const readWorker = fields(workerShape);
const { port: _port, http2: _http2, health: _health, ...besideShape } = containerShape;
const readSidecar = fields({ ...besideShape, name: container, dependsOn: list(container, `["proxy"]`) });

const ingresses = {
  all: "INGRESS_TRAFFIC_ALL",
  internal: "INGRESS_TRAFFIC_INTERNAL_ONLY",
  "internal-and-cloud-load-balancing": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER",
} as const;

/** A service as checked; what depends on other resources is still apart. */
export interface CheckedService {
  readonly id: string | undefined;
  readonly serviceAccount: string | undefined;
  readonly spec: Omit<ServiceSpec, "serviceAccount" | "containers" | "vpc">;
  readonly vpc: VpcSpec | undefined;
  readonly containers: readonly (ReadContainer & { readonly name?: string; readonly dependsOn?: readonly string[] })[];
  readonly invokers: readonly Value[];
}

function readInvokers(given: unknown, at: string, scope: Scope): Value[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    scope.problems.add(at, `is ${shown(given)}; allowed: a list`, `for example [worker.email]`);
    return [];
  }
  return given.flatMap((member: unknown, i): Value[] => {
    const spot = `${at}[${i}]`;
    if (isRef(member) && !isSecretRef(member))
      return ours(member, scope, spot) ? [{ $ref: member.$ref, output: member.output }] : [];
    const known = /^(allUsers|allAuthenticatedUsers|(user|group|serviceAccount|domain|principal|principalSet):.+)$/;
    if (typeof member === "string" && known.test(member)) return [member];
    scope.problems.add(spot, `is ${shown(member)}; allowed: a member, or a service's email`, `"user:you@example.com"`);
    return [];
  });
}

function vpcOf(given: ReturnType<typeof vpc>, at: string, problems: Problems): VpcSpec | undefined {
  if (given === undefined) return undefined;
  const egress = given.egress === "all-traffic" ? "ALL_TRAFFIC" : "PRIVATE_RANGES_ONLY";
  if (given.connector !== undefined) {
    if (given.network !== undefined || given.subnetwork !== undefined || given.tags !== undefined) {
      problems.add(at, "names a connector and a network; it is one of the two", `{ connector: "${given.connector}" }`);
    }
    return { connector: given.connector, egress };
  }
  const network = given.network ?? "default";
  return {
    network,
    subnetwork: given.subnetwork ?? network,
    ...(given.tags === undefined ? {} : { tags: given.tags }),
    egress,
  };
}

/** Reads the options of `service()` or `worker()`. Notes all problems; what is unreadable is left at its default. */
export function checkService(
  options: unknown,
  at: string,
  scope: Scope,
  kind: "service" | "worker",
  declared: ReadonlySet<string>,
): CheckedService {
  const { problems } = scope;
  const worker = kind === "worker";
  const raw: ReturnType<typeof readService> = (worker ? readWorker : readService)(options, at, problems) ?? {};
  const min = raw.min ?? (worker ? 1 : 0);
  const max = raw.max ?? 100;
  if (worker && min < 1)
    problems.add(`${at}.min`, "is 0; a worker always has an instance", "min: 1, or make it a service");
  if (min > max) problems.add(`${at}.min`, `is ${min}, more than max (${max})`, `max: ${min}`);
  const cpuIdle = worker ? false : (raw.cpuIdle ?? true);
  const concurrency = raw.concurrency ?? (typeof raw.cpu === "number" && raw.cpu < 1 ? 1 : 80);
  const common = { scope, cpuIdle, startupCpuBoost: raw.startupCpuBoost ?? false, concurrency, declared };
  const sidecars = Array.isArray(raw.containers) ? (raw.containers as unknown[]) : [];
  if (raw.containers !== undefined && !Array.isArray(raw.containers)) {
    problems.add(`${at}.containers`, `is ${shown(raw.containers)}; allowed: a list`, `[{ name: "proxy", image: "…" }]`);
  }
  const names = new Set<string>();
  const beside = sidecars.map((given, i) => {
    const spot = `${at}.containers[${i}]`;
    const side = readSidecar(given, spot, problems) ?? {};
    if (side.name === undefined) problems.add(`${spot}.name`, "is missing", `for example name: "proxy"`);
    else if (names.has(side.name))
      problems.add(`${spot}.name`, `is "${side.name}", as another's here`, "give each a name of its own");
    names.add(side.name ?? "");
    return {
      ...readContainer(side, { ...common, at: spot, main: false }),
      ...(side.name === undefined ? {} : { name: side.name }),
      ...(side.dependsOn === undefined ? {} : { dependsOn: side.dependsOn }),
    };
  });
  return {
    id: raw.id,
    serviceAccount: raw.serviceAccount,
    vpc: vpcOf(raw.vpc, `${at}.vpc`, problems),
    containers: [readContainer(raw, { ...common, at, main: true }), ...beside],
    invokers: [...(raw.allUsers === true ? ["allUsers"] : []), ...readInvokers(raw.invokers, `${at}.invokers`, scope)],
    spec: {
      worker,
      ...(raw.description === undefined ? {} : { description: raw.description }),
      labels: raw.labels ?? {},
      annotations: raw.annotations ?? {},
      ...(raw.merge === undefined ? {} : { merge: raw.merge }),
      public: raw.public ?? false,
      ingress: ingresses[raw.ingress ?? "all"],
      min,
      max,
      concurrency,
      timeoutS: raw.timeout ?? 300,
      sessionAffinity: raw.sessionAffinity ?? false,
      ...(raw.executionEnvironment === undefined
        ? {}
        : {
            executionEnvironment:
              raw.executionEnvironment === "gen1" ? "EXECUTION_ENVIRONMENT_GEN1" : "EXECUTION_ENVIRONMENT_GEN2",
          }),
    },
  };
}
