import type { run_v1 } from "@googleapis/run";
import { ExecutionEnvironment, VpcAccess_VpcEgress } from "../../../../gen/run-v2.enums.ts";
import type { Container, Volume } from "../../../../gen/types/google/cloud/run/v2/k8s.min_pb.js";
import type { VpcAccess } from "../../../../gen/types/google/cloud/run/v2/vendor_settings_pb.js";
import type { Json, JsonObject } from "../../../service.ts";
import { type Annotations, annotation, choice, wordOf } from "./annotations.ts";
import { containerIn, containerOut } from "./containers.ts";
import { objectAt, objectsAt, refuseFields, textAt, textsAt } from "./json.ts";
import { type SecretNames, secretNames } from "./secrets.ts";
import { volumeIn, volumeOut } from "./volumes.ts";

const environments = { gen1: ExecutionEnvironment.GEN1, gen2: ExecutionEnvironment.GEN2 } as const;
const egresses = {
  "all-traffic": VpcAccess_VpcEgress.ALL_TRAFFIC,
  all: VpcAccess_VpcEgress.ALL_TRAFFIC,
  "private-ranges-only": VpcAccess_VpcEgress.PRIVATE_RANGES_ONLY,
} as const;

/** Whose containers they are, as names are made of it. */
export interface Owner {
  /** `api` of a service, `nightly` of a job: nameless containers are shown as `api-1`. */
  readonly id: string;
  readonly project: string;
  readonly projectNumber: string;
}

const namelessOf = (id: string) => (index: number) => `${id}-${index + 1}`;

/** What the templates of services and of jobs have alike, as proto JSON of v2. `jobs` have no CPU to give back. */
export function workloadIn(
  annotations: Annotations,
  spec: JsonObject,
  at: string,
  owner: Pick<Owner, "id">,
  kind: "service" | "job",
): JsonObject {
  refuseFields(spec, at, ["imagePullSecrets", "runtimeClassName"]);
  const given = objectsAt(spec.containers, `${at}.containers`);
  const secrets = secretNames(annotations.text(annotation.secrets), []);
  const dependencies = objectAt(annotations.json(annotation.dependencies), annotation.dependencies);
  const throttled = annotations.flag(annotation.cpuThrottling) ?? true;
  const cpuBoost = annotations.flag(annotation.cpuBoost) ?? false;
  const extras = {
    ...(kind === "service" ? { cpuIdle: throttled, cpuBoost } : {}),
    dependencies,
    secrets,
    nameless: given.length === 1 ? namelessOf(owner.id) : () => "",
  };
  const sql = annotations.text(annotation.cloudSql);
  const environment = choice(annotation.environment, annotations.text(annotation.environment), environments);
  const accelerator = textsAt(spec.nodeSelector, `${at}.nodeSelector`)["run.googleapis.com/accelerator"];
  const mesh = annotations.text(annotation.mesh);
  return {
    containers: given.map((each, i) => containerIn(each, `${at}.containers[${i}]`, i, extras) as JsonObject),
    volumes: [
      ...objectsAt(spec.volumes, `${at}.volumes`).map(
        (each, i) => volumeIn(each, `${at}.volumes[${i}]`, secrets) as JsonObject,
      ),
      ...(sql === undefined || sql === ""
        ? []
        : [{ name: "cloudsql", cloudSqlInstance: { instances: sql.split(",").map((each) => each.trim()) } }]),
    ],
    serviceAccount: textAt(spec.serviceAccountName, `${at}.serviceAccountName`) || undefined,
    ...(environment === undefined ? {} : { executionEnvironment: environment }),
    encryptionKey: annotations.text(annotation.encryptionKey),
    vpcAccess: vpcIn(annotations),
    ...(accelerator === undefined ? {} : { nodeSelector: { accelerator } }),
    ...(mesh === undefined ? {} : { serviceMesh: { mesh } }),
  };
}

function vpcIn(annotations: Annotations): JsonObject | undefined {
  const connector = annotations.text(annotation.connector);
  const egress = choice(annotation.egress, annotations.text(annotation.egress), egresses);
  const networks = annotations.json(annotation.network) as Json | undefined;
  if (connector === undefined && egress === undefined && networks === undefined) return undefined;
  return {
    ...(connector === undefined ? {} : { connector }),
    ...(egress === undefined ? {} : { egress }),
    networkInterfaces: objectsAt(networks, annotation.network).map(({ network, subnetwork, tags }) => ({
      network,
      subnetwork,
      tags,
    })),
  };
}

/** What v2's templates, revisions and tasks have alike. */
export interface Workload {
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
  readonly serviceAccount: string;
  readonly executionEnvironment: number;
  readonly encryptionKey: string;
  readonly vpcAccess?: VpcAccess;
}

/** Both halves of what `workloadIn` reads: the spec's fields, and annotations (undefined: not to be written). */
export function workloadOut(
  of: Workload,
  owner: Owner,
): {
  readonly spec: { containers: run_v1.Schema$Container[]; volumes: run_v1.Schema$Volume[]; serviceAccountName: string };
  readonly annotations: Readonly<Record<string, string | undefined>>;
} {
  const secrets: SecretNames = secretNames(undefined, [owner.project, owner.projectNumber]);
  const extras = { secrets, nameless: namelessOf(owner.id) };
  const containers = of.containers.map((each, i) => containerOut(each, i, extras));
  const volumes = of.volumes.map((each) => volumeOut(each, secrets)).filter((each) => each !== undefined);
  const sql = of.volumes.flatMap(({ volumeType }) =>
    volumeType.case === "cloudSqlInstance" ? volumeType.value.instances : [],
  );
  const depends = of.containers
    .map((each, i) => [each.name || extras.nameless(i), each.dependsOn] as const)
    .filter(([, on]) => on.length > 0);
  const vpc = of.vpcAccess;
  const networks = (vpc?.networkInterfaces ?? []).map(({ network, subnetwork, tags }) => ({
    ...(network === "" ? {} : { network }),
    ...(subnetwork === "" ? {} : { subnetwork }),
    ...(tags.length === 0 ? {} : { tags }),
  }));
  return {
    spec: { containers, volumes, serviceAccountName: of.serviceAccount },
    annotations: {
      [annotation.environment]: wordOf(of.executionEnvironment as never, environments),
      [annotation.encryptionKey]: of.encryptionKey,
      [annotation.connector]: vpc?.connector,
      [annotation.egress]: vpc === undefined ? undefined : wordOf(vpc.egress as never, egresses),
      [annotation.network]: networks.length === 0 ? undefined : JSON.stringify(networks),
      [annotation.cloudSql]: sql.join(","),
      [annotation.dependencies]: depends.length === 0 ? undefined : JSON.stringify(Object.fromEntries(depends)),
      [annotation.secrets]: secrets.aliases(),
    },
  };
}
