import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Distribution_BucketOptions } from "../../../gen/types/google/api/distribution_pb.js";
import type { MetricDescriptorSchema } from "../../../gen/types/google/api/metric_pb.js";
import type { LogMetric } from "../../../gen/types/google/logging/v2/logging_metrics_pb.js";
import type { StoredEntry } from "../../store/logs.ts";
import type { Definition } from "../monitoring/definitions.ts";
import type { BucketSpec } from "../monitoring/distributions.ts";
import type { Sample } from "../monitoring/metrics.ts";
import { invalid } from "./config-names.ts";
import { compileQuery, numberOf, pathOf, regularExpression, textOf, valuesAt } from "./query-eval.ts";
import { parseQuery } from "./query-parse.ts";

/** `google.api.MetricDescriptor`'s numbers. */
export const kindDelta = 2;
export const valueTypes = { BOOL: 1, INT64: 2, DOUBLE: 3, STRING: 4, DISTRIBUTION: 5 } as const;

export const userMetrics = "logging.googleapis.com/user/";

/** As Cloud Logging's own for a distribution without options: 64 buckets, each twice the one before. */
const defaultBuckets: BucketSpec = { exponential: { count: 64, growth: 2, scale: 0.01 } };

/** What an entry adds to a metric; undefined where it is not counted. */
export type Counter = (entry: StoredEntry) => Omit<Sample, "project" | "resource" | "timeMs"> | undefined;

/** A log-based metric, its filter and extractors read once. Throws INVALID_ARGUMENT for what it cannot be. */
export function compileMetric(metric: LogMetric): Counter {
  const matches = compileQuery(parseQuery(metric.filter));
  const definition = definitionOf(metric);
  const value = metric.valueExtractor === "" ? undefined : extractor(metric.valueExtractor);
  if (definition.valueType === "DISTRIBUTION" && value === undefined) {
    throw invalid("A metric whose value type is DISTRIBUTION must have a value_extractor.");
  }
  if (definition.valueType !== "DISTRIBUTION" && value !== undefined) {
    throw invalid("A value_extractor is for metrics whose value type is DISTRIBUTION.");
  }
  const labels = Object.entries(metric.labelExtractors).map(([key, text]) => [key, extractor(text)] as const);
  const declared = new Set(metric.metricDescriptor?.labels.map(({ key }) => key));
  for (const [key] of labels) {
    if (!declared.has(key)) throw invalid(`The label "${key}" has an extractor and is not in the metric descriptor.`);
  }
  return (entry) => {
    if (!matches(entry)) return undefined;
    const extracted = value === undefined ? 1 : numberOf(value(entry) ?? "");
    if (extracted === undefined) return undefined;
    return {
      metric: definition,
      value: extracted,
      labels: Object.fromEntries(labels.map(([key, read]) => [key, read(entry) ?? ""])),
    };
  };
}

function definitionOf({ name, metricDescriptor, bucketOptions }: LogMetric): Definition {
  const isDistribution = metricDescriptor?.valueType === valueTypes.DISTRIBUTION;
  const type = `${userMetrics}${name}`;
  const unit = metricDescriptor?.unit || "1";
  if (!isDistribution) return { type, kind: "DELTA", valueType: "INT64", unit };
  return { type, kind: "DELTA", valueType: "DISTRIBUTION", unit, buckets: specOf(bucketOptions) ?? defaultBuckets };
}

/** `EXTRACT(field)` or `REGEXP_EXTRACT(field, "…(…)…")`: a field's text, or the group of it. */
function extractor(text: string): (entry: StoredEntry) => string | undefined {
  const [, plain, field, , quoted] =
    /^\s*(?:EXTRACT\(\s*([^\s,()]+)\s*\)|REGEXP_EXTRACT\(\s*([^\s,()]+)\s*,\s*(["'])([\s\S]*)\3\s*\))\s*$/.exec(text) ??
    [];
  const path = pathOf((plain ?? field ?? "").split("."));
  if (plain === undefined && field === undefined) throw invalid(`Unparseable extractor "${text}".`);
  const first = (entry: StoredEntry): string | undefined => {
    const [found] = valuesAt(entry, path);
    return found === undefined ? undefined : textOf(found);
  };
  if (quoted === undefined) return first;
  const expression = regularExpression(quoted.replaceAll("\\\\", "\\"));
  return (entry) => {
    const found = expression.exec(first(entry) ?? "");
    return found === null ? undefined : (found[1] ?? found[0]);
  };
}

/** Bucket options as the metrics' store has them; undefined where none are given. */
export function specOf(options: Distribution_BucketOptions | undefined): BucketSpec | undefined {
  const given = options?.options;
  switch (given?.case) {
    case "explicitBuckets":
      return { explicit: given.value.bounds };
    case "linearBuckets":
      return { linear: { count: given.value.numFiniteBuckets, width: given.value.width, offset: given.value.offset } };
    case "exponentialBuckets": {
      const { numFiniteBuckets: count, growthFactor: growth, scale } = given.value;
      return { exponential: { count, growth, scale } };
    }
    default:
      return undefined;
  }
}

/** The metric's descriptor as Cloud Logging fills it in: recorded answers. */
export function describe(metric: LogMetric, project: string): MessageInitShape<typeof MetricDescriptorSchema> {
  const given = metric.metricDescriptor;
  const type = `${userMetrics}${metric.name}`;
  return {
    name: `${project}/metricDescriptors/${type}`,
    type,
    metricKind: kindDelta,
    valueType: given?.valueType || valueTypes.INT64,
    unit: given?.unit || "1",
    description: metric.description,
    displayName: given?.displayName ?? "",
    labels: given?.labels ?? [],
  };
}
