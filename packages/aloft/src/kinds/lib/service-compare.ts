import { memoryMiB } from "../../app/check-size.ts";
import type { Change } from "../kind.ts";
import { lastPart } from "./answers.ts";
import { strangers } from "./ownership.ts";
import type { RunContainer, RunProbe, RunService, RunTemplate, RunVariable, RunVpc } from "./run-service.ts";
import { type Merging, unknown } from "./service-body.ts";

const revision = "new revision";

/** Google's own defaults, for fields that are absent in what is live (and in nothing else). */
const defaults = { timeout: "300s", concurrency: 80, max: 100, memory: "512Mi", cpu: "1", port: 8080 } as const;

/** Cores of `1`, `1000m`. */
const cores = (cpu: string | undefined): number => {
  const text = cpu ?? defaults.cpu;
  return text.endsWith("m") ? Number(text.slice(0, -1)) / 1000 : Number(text);
};
const seconds = (duration: string | undefined): number => Number((duration ?? defaults.timeout).replace(/s$/, ""));
const joined = (words: readonly string[] | undefined): string =>
  words === undefined || words.length === 0 ? "none" : words.join(" ");

interface Differ {
  readonly changes: Change[];
  /** Notes a difference of the template: it makes a new revision. */
  inTemplate(label: string, want: unknown, have: unknown): void;
  inService(label: string, field: string, want: unknown, have: unknown): void;
}

function createDiffer(): Differ {
  const changes: Change[] = [];
  const shown = (value: unknown): string => (value === undefined || value === "" ? "none" : String(value));
  return {
    changes,
    inTemplate: (label, want, have) => {
      if (shown(want) !== shown(have))
        changes.push({
          op: "update",
          field: "template",
          why: `${label} ${shown(have)} → ${shown(want)}`,
          effect: revision,
        });
    },
    inService: (label, field, want, have) => {
      if (shown(want) !== shown(have))
        changes.push({ op: "update", field, why: `${label} ${shown(have)} → ${shown(want)}` });
    },
  };
}

/** Every difference between the service wanted and the one that is live, in words for the plan. Labels are apart. */
export function serviceChanges(
  want: RunService & { readonly template: RunTemplate },
  have: RunService,
  { place, merge }: Merging,
): readonly Change[] {
  const differ = createDiffer();
  const { inService, inTemplate } = differ;
  const short = (ingress: string | undefined): string =>
    (ingress ?? "INGRESS_TRAFFIC_ALL").replace("INGRESS_TRAFFIC_", "").toLowerCase();
  inService("ingress", "ingress", short(want.ingress), short(have.ingress));
  inService("public", "invokerIamDisabled", want.invokerIamDisabled, have.invokerIamDisabled ?? false);
  if (want.description !== undefined) inService("description", "description", want.description, have.description);
  for (const [name, value] of Object.entries(want.annotations ?? {})) {
    inService(`annotations.${name}`, "annotations", value, have.annotations?.[name]);
  }
  for (const name of merge === false ? strangers(want.annotations ?? {}, have.annotations, place) : [])
    differ.changes.push({ op: "update", field: "annotations", why: `annotations.${name} removed` });
  const t = have.template ?? {};
  inTemplate("min", want.template.scaling?.minInstanceCount, t.scaling?.minInstanceCount ?? 0);
  inTemplate("max", want.template.scaling?.maxInstanceCount, t.scaling?.maxInstanceCount ?? defaults.max);
  inTemplate("timeout", `${seconds(want.template.timeout)}s`, `${seconds(t.timeout)}s`);
  inTemplate(
    "concurrency",
    want.template.maxInstanceRequestConcurrency,
    t.maxInstanceRequestConcurrency ?? defaults.concurrency,
  );
  inTemplate("service account", want.template.serviceAccount, t.serviceAccount);
  inTemplate("session affinity", want.template.sessionAffinity, t.sessionAffinity ?? false);
  if (want.template.executionEnvironment !== undefined) {
    inTemplate("execution environment", want.template.executionEnvironment, t.executionEnvironment);
  }
  inTemplate("vpc", vpcText(want.template.vpcAccess), vpcText(t.vpcAccess));
  compareContainers(want.template.containers ?? [], t.containers ?? [], differ, merge === true);
  return differ.changes;
}

function compareContainers(
  want: readonly RunContainer[],
  have: readonly RunContainer[],
  { changes, inTemplate }: Differ,
  merge: boolean,
): void {
  if (want.length !== have.length) inTemplate("containers", want.length, have.length);
  want.forEach((container, i) => {
    const live = have[i] ?? {};
    const label = want.length === 1 ? "" : `${container.name ?? i} `;
    inTemplate(`${label}image`, imageText(container.image), imageText(live.image));
    inTemplate(`${label}command`, joined(container.command), joined(live.command));
    inTemplate(`${label}args`, joined(container.args), joined(live.args));
    inTemplate(`${label}working directory`, container.workingDir, live.workingDir);
    inTemplate(`${label}depends on`, joined(container.dependsOn), joined(live.dependsOn));
    for (const why of variableChanges(container.env ?? [], live.env ?? [], merge)) {
      changes.push({ op: "update", field: "template", why: `${label}${why}`, effect: revision });
    }
    const limits = container.resources?.limits ?? {};
    const now = live.resources?.limits ?? {};
    if (cores(limits.cpu) !== cores(now.cpu)) inTemplate(`${label}cpu`, limits.cpu, now.cpu);
    if (memoryMiB(limits.memory) !== memoryMiB(now.memory ?? defaults.memory))
      inTemplate(`${label}memory`, limits.memory, now.memory);
    const idle = live.resources === undefined ? true : (live.resources.cpuIdle ?? false);
    inTemplate(`${label}cpuIdle`, container.resources?.cpuIdle, idle);
    inTemplate(
      `${label}startup CPU boost`,
      container.resources?.startupCpuBoost,
      live.resources?.startupCpuBoost ?? false,
    );
    inTemplate(`${label}port`, portText(container), portText(live));
    inTemplate(`${label}startup probe`, probeText(container.startupProbe), probeText(live.startupProbe));
    inTemplate(`${label}liveness probe`, probeText(container.livenessProbe), probeText(live.livenessProbe));
  });
}

/** `env` is authoritative unless merged: what the file does not name goes. Plain values are not shown, only that they differ. */
function variableChanges(want: readonly RunVariable[], have: readonly RunVariable[], merge: boolean): string[] {
  const live = new Map(have.map((variable) => [variable.name, variable]));
  const why: string[] = [];
  for (const variable of want) {
    const now = live.get(variable.name);
    live.delete(variable.name);
    const [next, was] = [secretText(variable), now === undefined ? undefined : secretText(now)];
    if (now === undefined)
      why.push(next === undefined ? `env ${variable.name} added` : `${variable.name} none → ${next.version}`);
    else if (next === undefined && was === undefined) {
      if ((variable.value ?? "") !== (now.value ?? "")) why.push(`env ${variable.name} changed`);
    } else if (next === undefined) why.push(`${variable.name} secret → plain`);
    else if (was === undefined) why.push(`${variable.name} plain → secret ${next.version}`);
    else if (next.secret !== was.secret)
      why.push(`${variable.name} ${was.secret} ${was.version} → ${next.secret} ${next.version}`);
    else if (next.version !== was.version) why.push(`${variable.name} ${was.version} → ${next.version}`);
  }
  return [...why, ...(merge ? [] : [...live.keys()].map((name) => `${name} removed`))];
}

/** Annotations and variables of the live service that the file does not name and that stay. */
export function keptFields(
  want: RunService & { readonly template: RunTemplate },
  have: RunService,
  { place, merge }: Merging,
): readonly string[] {
  const annotations = merge === false ? [] : strangers(want.annotations ?? {}, have.annotations, place);
  const containers = merge === true ? (want.template.containers ?? []) : [];
  const variables = containers.flatMap((container, i) => {
    const named = new Set(container.env?.map(({ name }) => name));
    const others = (have.template?.containers?.[i]?.env ?? []).filter(({ name }) => !named.has(name));
    return others.map(({ name }) => `${containers.length === 1 ? "" : `${container.name ?? i} `}env ${name}`);
  });
  return [...annotations.map((name) => `annotations.${name}`), ...variables];
}

function secretText({ valueSource }: RunVariable): { secret: string; version: string } | undefined {
  const ref = valueSource?.secretKeyRef;
  if (ref === undefined) return undefined;
  const version = ref.version === undefined || ref.version === "" ? "latest" : ref.version;
  return { secret: lastPart(ref.secret ?? ""), version: version === unknown ? "new" : version };
}

/** Its name and the start of its digest; enough digits to tell two apart. */
const imageText = (image: string | undefined): string | undefined =>
  image?.replace(/^.*\/([^/]+@sha256:)([0-9a-f]{24})[0-9a-f]*$/, "$1$2");

const portText = ({ ports }: RunContainer): string | undefined => {
  const port = ports?.[0];
  return port === undefined
    ? undefined
    : `${port.containerPort ?? defaults.port}/${port.name === "h2c" ? "h2c" : "http1"}`;
};

function vpcText(vpc: RunVpc | undefined): string | undefined {
  if (vpc === undefined) return undefined;
  const egress = vpc.egress === "ALL_TRAFFIC" ? "all traffic" : "private ranges";
  if (vpc.connector) return `connector ${lastPart(vpc.connector)}, ${egress}`;
  const [first] = vpc.networkInterfaces ?? [];
  if (first === undefined) return undefined;
  const network = lastPart(first.network ?? first.subnetwork ?? "");
  const tags = first.tags?.length ? ` tags ${first.tags.join(" ")}` : "";
  return `${network}/${lastPart(first.subnetwork ?? network)}${tags}, ${egress}`;
}

/** Absent numbers are Google's defaults: period 10, timeout 1, three failures. */
function probeText(probe: RunProbe | undefined): string | undefined {
  if (probe === undefined) return undefined;
  const what =
    probe.httpGet !== undefined
      ? `GET ${probe.httpGet.path || "/"} on ${probe.httpGet.port || defaults.port}`
      : probe.grpc !== undefined
        ? `gRPC on ${probe.grpc.port || defaults.port}`
        : `TCP ${probe.tcpSocket?.port || defaults.port}`;
  const delay = probe.initialDelaySeconds ? ` after ${probe.initialDelaySeconds}s` : "";
  return `${what}${delay} every ${probe.periodSeconds || 10}s (timeout ${probe.timeoutSeconds || 1}s, ${probe.failureThreshold || 3} failures)`;
}
