import { type Timestamp, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { RpcError } from "../../wire/rpc-error.ts";
import type { Kind, ValueType } from "./definitions.ts";

/** `google.api.MetricDescriptor.MetricKind` and `ValueType`, by number. */
export const kinds: readonly (Kind | undefined)[] = [undefined, "GAUGE", "DELTA", "CUMULATIVE"];
export const valueTypes: readonly (ValueType | undefined)[] = [
  undefined,
  "BOOL",
  "INT64",
  "DOUBLE",
  "STRING",
  "DISTRIBUTION",
];

export const kindNumbers = { GAUGE: 1, DELTA: 2, CUMULATIVE: 3 } as const satisfies Record<Kind, number>;
export const valueTypeNumbers = {
  BOOL: 1,
  INT64: 2,
  DOUBLE: 3,
  STRING: 4,
  DISTRIBUTION: 5,
} as const satisfies Record<ValueType, number>;

/** What user-defined metrics can be written against, as a recorded descriptor lists them. */
export const writableResources: readonly string[] = [
  "aws_ec2_instance",
  "aws_lambda_function",
  "aws_sqs_queue",
  "baremetalsolution.googleapis.com/Instance",
  "cloud_composer_environment",
  "cloud_composer_workflow",
  "cloud_dataproc_batch",
  "dataflow_job",
  "gae_instance",
  "gce_instance",
  "generic_node",
  "generic_task",
  "gke_container",
  "global",
  "k8s_cluster",
  "k8s_container",
  "k8s_node",
  "k8s_pod",
  "k8s_service",
  "prometheus_target",
];

export const invalid = (message: string): RpcError => new RpcError("INVALID_ARGUMENT", message);

/** As Monitoring words what is wrong with a field; the field by its JSON path. */
export function badField(field: string, value: string | undefined, why: string): string {
  return `Field ${field} had an invalid value${value === undefined ? "" : ` of "${value}"`}: ${why}`;
}

/** Id or number of `projects/p`. Throws for what is no project; UNIMPLEMENTED for organizations and folders. */
export function projectOfName(name: string): string {
  if (/^(organizations|folders)\//.test(name)) {
    throw new RpcError("UNIMPLEMENTED", `The local cloud keeps metrics of projects alone: "${name}" is none.`);
  }
  const id = /^projects\/([^/]+)(?:\/|$)/.exec(name)?.[1];
  if (id === undefined) throw invalid(badField("name", name, "it must begin with projects/PROJECT_ID_OR_NUMBER."));
  return id;
}

/** Whether a metric is of those that users write. */
export function isUserType(type: string): boolean {
  return /^(custom|external|workload|prometheus)\.googleapis\.com\//.test(type);
}

/** What a user may define: throws for a type of Google's own or one that is no type. */
export function checkUserType(field: string, type: string): string | undefined {
  if (!/^[a-z0-9.-]+\.[a-z]+\/[A-Za-z0-9_./:-]+$/.test(type) || type.length > 200) {
    return badField(field, type, "The metric type must be a URL-formatted string with a domain and non-empty path.");
  }
  if (isUserType(type)) return undefined;
  return badField(field, type, "The metric type is not one that users may write.");
}

export function usOf(time: Timestamp): number {
  return Number(time.seconds) * 1_000_000 + Math.floor(time.nanos / 1000);
}

export function timestampOfUs(us: number): Timestamp {
  const time = timestampFromMs(Math.floor(us / 1000));
  return { ...time, nanos: time.nanos + (us % 1000) * 1000 };
}

export function isoOf(time: Timestamp): string {
  return new Date(timestampMs(time)).toISOString();
}
