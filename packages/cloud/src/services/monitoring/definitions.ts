import type { BucketSpec } from "./distributions.ts";

export type Kind = "GAUGE" | "DELTA" | "CUMULATIVE";
export type ValueType = "BOOL" | "INT64" | "DOUBLE" | "STRING" | "DISTRIBUTION";

/** A metric, as far as its points are concerned. */
export interface Definition {
  readonly type: string;
  readonly kind: Kind;
  readonly valueType: ValueType;
  readonly unit: string;
  /** How values are put into a histogram. */
  readonly buckets?: BucketSpec;
}

export interface BuiltIn extends Definition {
  readonly displayName: string;
  readonly description: string;
  /** Labels with what they mean; values are strings. */
  readonly labels: Readonly<Record<string, string>>;
  readonly resources: readonly string[];
}

const revisions = ["cloud_run_revision"];
const milliseconds: BucketSpec = { exponential: { count: 66, growth: 1.4, scale: 1 } };
const shares: BucketSpec = { linear: { count: 100, width: 0.01, offset: 0 } };
const container = { container_name: "Container name in the revision." };
const response = {
  response_code: "Response code of a request.",
  response_code_class: "Response code class of a request.",
};

/** The metrics that the data plane writes; https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run */
const list: readonly BuiltIn[] = [
  {
    type: "run.googleapis.com/request_count",
    kind: "DELTA",
    valueType: "INT64",
    unit: "1",
    displayName: "Request Count",
    description:
      "Number of requests reaching the revision. Excludes requests that are not reaching your container instances (e.g. unauthorized requests or when maximum number of instances is reached).",
    labels: response,
    resources: revisions,
  },
  {
    type: "run.googleapis.com/request_latencies",
    kind: "DELTA",
    valueType: "DISTRIBUTION",
    unit: "ms",
    buckets: milliseconds,
    displayName: "Request Latency",
    description: "Distribution of request latency in milliseconds reaching the revision.",
    labels: response,
    resources: revisions,
  },
  {
    type: "run.googleapis.com/container/instance_count",
    kind: "GAUGE",
    valueType: "INT64",
    unit: "1",
    displayName: "Instance Count",
    description: "Number of container instances that exist, broken down by state.",
    labels: { state: "State of the container instance: active or idle." },
    resources: revisions,
  },
  {
    type: "run.googleapis.com/container/cpu/utilizations",
    kind: "DELTA",
    valueType: "DISTRIBUTION",
    unit: "10^2.%",
    buckets: shares,
    displayName: "Container CPU Utilization",
    description: "Container CPU utilization distribution across all container instances.",
    labels: container,
    resources: revisions,
  },
  {
    type: "run.googleapis.com/container/memory/utilizations",
    kind: "DELTA",
    valueType: "DISTRIBUTION",
    unit: "10^2.%",
    buckets: shares,
    displayName: "Container Memory Utilization",
    description: "Container memory utilization distribution across all container instances.",
    labels: container,
    resources: revisions,
  },
  {
    type: "run.googleapis.com/container/billable_instance_time",
    kind: "DELTA",
    valueType: "DOUBLE",
    unit: "s",
    displayName: "Billable Instance Time",
    description: "Billable time aggregated across all container instances.",
    labels: {},
    resources: revisions,
  },
];

export const builtIns: ReadonlyMap<string, BuiltIn> = new Map(list.map((each) => [each.type, each]));
