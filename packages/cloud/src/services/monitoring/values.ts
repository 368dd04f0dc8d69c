import type { MessageInitShape } from "@bufbuild/protobuf";
import type { DistributionSchema } from "../../../gen/types/google/api/distribution_pb.js";
import type { TypedValue, TypedValueSchema } from "../../../gen/types/google/monitoring/v3/common_pb.js";
import { specOf } from "../logging/log-metrics.ts";
import type { ValueType } from "./definitions.ts";
import { type BucketSpec, boundsOf, type Dist } from "./distributions.ts";
import type { Value } from "./store.ts";

/** A value from the wire with its type; undefined for one that is missing. */
export function readValue(
  given: TypedValue | undefined,
): { readonly type: ValueType; readonly value: Value } | undefined {
  const held = given?.value;
  switch (held?.case) {
    case "boolValue":
      return { type: "BOOL", value: held.value };
    case "int64Value":
      return { type: "INT64", value: held.value };
    case "doubleValue":
      return { type: "DOUBLE", value: held.value };
    case "stringValue":
      return { type: "STRING", value: held.value };
    case "distributionValue": {
      const { count, mean, sumOfSquaredDeviation: ssd, bucketOptions, bucketCounts } = held.value;
      const value: Dist = {
        count: Number(count),
        mean,
        ssd,
        spec: specOf(bucketOptions),
        counts: bucketCounts.map(Number),
      };
      return { type: "DISTRIBUTION", value };
    }
    default:
      return undefined;
  }
}

/** Why a distribution is refused; undefined when its parts agree. */
export function distributionFault({ count, counts, spec }: Dist): string | undefined {
  const inBuckets = counts.reduce((sum, each) => sum + each, 0);
  if (counts.length > 0 && inBuckets !== count) return "The sum of the bucket counts must equal the count.";
  if (spec === undefined) return count > 0 ? "The bucket options must be given." : undefined;
  const bounds = boundsOf(spec);
  if (bounds.some((bound, i) => i > 0 && bound <= (bounds[i - 1] ?? 0))) return "The bucket bounds must increase.";
  return counts.length > bounds.length + 1 ? "There are more bucket counts than buckets." : undefined;
}

export function typedValue(type: ValueType, value: Value): MessageInitShape<typeof TypedValueSchema> {
  switch (type) {
    case "BOOL":
      return { value: { case: "boolValue", value: value === true } };
    case "INT64":
      return {
        value: { case: "int64Value", value: typeof value === "bigint" ? value : BigInt(Math.round(Number(value))) },
      };
    case "DOUBLE":
      return { value: { case: "doubleValue", value: Number(value) } };
    case "STRING":
      return { value: { case: "stringValue", value: String(value) } };
    case "DISTRIBUTION":
      return { value: { case: "distributionValue", value: distribution(value as Dist) } };
  }
}

function distribution({ count, mean, ssd, spec, counts }: Dist): MessageInitShape<typeof DistributionSchema> {
  return {
    count: BigInt(Math.round(count)),
    mean,
    sumOfSquaredDeviation: ssd,
    bucketCounts: counts.map((each) => BigInt(Math.round(each))),
    ...(spec === undefined ? {} : { bucketOptions: { options: optionsOf(spec) } }),
  };
}

type Options = NonNullable<NonNullable<MessageInitShape<typeof DistributionSchema>["bucketOptions"]>["options"]>;

function optionsOf(spec: BucketSpec): Options {
  if ("explicit" in spec) return { case: "explicitBuckets", value: { bounds: [...spec.explicit] } };
  if ("linear" in spec) {
    const { count, width, offset } = spec.linear;
    return { case: "linearBuckets", value: { numFiniteBuckets: count, width, offset } };
  }
  const { count, growth, scale } = spec.exponential;
  return { case: "exponentialBuckets", value: { numFiniteBuckets: count, growthFactor: growth, scale } };
}
