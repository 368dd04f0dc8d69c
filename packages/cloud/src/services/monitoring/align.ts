import { Aggregation_Aligner as Aligner } from "../../../gen/monitoring-v3.enums.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { Kind, ValueType } from "./definitions.ts";
import { type Dist, difference, merged, noDist, percentile } from "./distributions.ts";
import { badField, invalid } from "./rules.ts";
import type { StoredPoint, Value } from "./store.ts";

/** Points of one kind and type, the oldest first. */
export interface Shape {
  readonly kind: Kind;
  readonly valueType: ValueType;
}

interface Rule {
  readonly kinds: readonly Kind[];
  readonly types: readonly ValueType[];
  readonly out: (given: Shape) => Shape;
  /** Of what a period holds; undefined: the period has no point. */
  readonly of: (points: readonly StoredPoint[], periodUs: number) => Value | undefined;
}

const numeric: readonly ValueType[] = ["INT64", "DOUBLE"];
const gaugeOrDelta: readonly Kind[] = ["GAUGE", "DELTA"];
const asDouble = (): Shape => ({ kind: "GAUGE", valueType: "DOUBLE" });
const asCount = (): Shape => ({ kind: "GAUGE", valueType: "INT64" });
const asGauge = ({ valueType }: Shape): Shape => ({ kind: "GAUGE", valueType });
const asDelta = ({ valueType }: Shape): Shape => ({ kind: "DELTA", valueType });

const numbers = (points: readonly StoredPoint[]): number[] => points.map(({ value }) => Number(value));
const total = (points: readonly StoredPoint[]): Value =>
  points.some(({ value }) => typeof value === "object")
    ? points.reduce((sum: Dist, { value }) => merged(sum, value as Dist), noDist)
    : numbers(points).reduce((sum, each) => sum + each, 0);
const share = (points: readonly StoredPoint[], wanted: boolean): number =>
  points.filter(({ value }) => value === wanted).length;

export const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;
export const deviation = (values: readonly number[]): number => {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((each) => (each - middle) ** 2)));
};

const ofBooleans = (out: () => Shape, of: (points: readonly StoredPoint[]) => number): Rule => ({
  kinds: ["GAUGE"],
  types: ["BOOL"],
  out,
  of: (points) => (points.length === 0 ? undefined : of(points)),
});
const ofNumbers = (out: (given: Shape) => Shape, of: (values: readonly number[]) => number): Rule => ({
  kinds: gaugeOrDelta,
  types: numeric,
  out,
  of: (points) => (points.length === 0 ? undefined : of(numbers(points))),
});
const ofDistributions = (percent: number): Rule => ({
  kinds: gaugeOrDelta,
  types: ["DISTRIBUTION"],
  out: asDouble,
  of: (points) => percentile(total(points) as Dist, percent),
});

/** Which aligner takes what, and what it makes of it: the comments of `google.monitoring.v3.Aggregation.Aligner`. */
const rules: ReadonlyMap<number, Rule> = new Map<number, Rule>([
  [
    Aligner.ALIGN_DELTA,
    {
      kinds: ["CUMULATIVE", "DELTA"],
      types: [...numeric, "DISTRIBUTION"],
      out: asDelta,
      of: (p) => (p.length === 0 ? undefined : total(p)),
    },
  ],
  [
    Aligner.ALIGN_RATE,
    {
      kinds: ["CUMULATIVE", "DELTA"],
      types: numeric,
      out: asDouble,
      of: (points, periodUs) => (points.length === 0 ? undefined : Number(total(points)) / (periodUs / 1e6)),
    },
  ],
  [Aligner.ALIGN_MIN, ofNumbers(asGauge, (values) => Math.min(...values))],
  [Aligner.ALIGN_MAX, ofNumbers(asGauge, (values) => Math.max(...values))],
  [Aligner.ALIGN_MEAN, ofNumbers(asDouble, mean)],
  [Aligner.ALIGN_STDDEV, ofNumbers(asDouble, deviation)],
  [
    Aligner.ALIGN_COUNT,
    {
      kinds: gaugeOrDelta,
      types: [...numeric, "BOOL"],
      out: asCount,
      of: (p) => (p.length === 0 ? undefined : p.length),
    },
  ],
  [
    Aligner.ALIGN_SUM,
    {
      kinds: gaugeOrDelta,
      types: [...numeric, "DISTRIBUTION"],
      out: (given) => given,
      of: (points) => (points.length === 0 ? undefined : total(points)),
    },
  ],
  [Aligner.ALIGN_COUNT_TRUE, ofBooleans(asCount, (points) => share(points, true))],
  [Aligner.ALIGN_COUNT_FALSE, ofBooleans(asCount, (points) => share(points, false))],
  [Aligner.ALIGN_FRACTION_TRUE, ofBooleans(asDouble, (points) => share(points, true) / points.length)],
  [Aligner.ALIGN_PERCENTILE_99, ofDistributions(99)],
  [Aligner.ALIGN_PERCENTILE_95, ofDistributions(95)],
  [Aligner.ALIGN_PERCENTILE_50, ofDistributions(50)],
  [Aligner.ALIGN_PERCENTILE_05, ofDistributions(5)],
  [
    Aligner.ALIGN_NEXT_OLDER,
    {
      kinds: ["GAUGE"],
      types: [...numeric, "BOOL", "STRING", "DISTRIBUTION"],
      out: (given) => given,
      of: (points) => points.at(-1)?.value,
    },
  ],
]);

export function alignerName(aligner: number): string {
  return Object.entries(Aligner).find(([, number]) => number === aligner)?.[0] ?? String(aligner);
}

/**
 * One point a period, each at the end of its own, counted back from the end of the span. Throws INVALID_ARGUMENT for an
 * aligner that does not fit, UNIMPLEMENTED by name for one that is not here.
 */
export function align(
  points: readonly StoredPoint[],
  given: Shape,
  by: { readonly aligner: number; readonly periodUs: number; readonly afterUs: number; readonly untilUs: number },
): Shape & { readonly points: StoredPoint[] } {
  const { aligner, periodUs, afterUs, untilUs } = by;
  const rule = rules.get(aligner);
  if (rule === undefined) {
    throw new RpcError("UNIMPLEMENTED", `The local cloud does not have the aligner ${alignerName(aligner)}.`);
  }
  if (!rule.kinds.includes(given.kind) || !rule.types.includes(given.valueType)) {
    const why = `The aligner cannot be applied to metrics with kind ${given.kind} and value type ${given.valueType}.`;
    throw invalid(badField("aggregation.perSeriesAligner", alignerName(aligner), why));
  }
  const out = rule.out(given);
  const usable = given.kind === "CUMULATIVE" ? differences(points) : points;
  const periods = new Map<number, StoredPoint[]>();
  for (const point of usable) {
    if (point.endUs > untilUs || point.endUs <= afterUs) continue;
    const back = Math.floor((untilUs - point.endUs) / periodUs);
    periods.set(back, [...(periods.get(back) ?? []), point]);
  }
  const made = [...periods].flatMap(([back, inside]) => {
    const endUs = untilUs - back * periodUs;
    const value = rule.of(inside, periodUs);
    if (value === undefined) return [];
    return [{ endUs, startUs: out.kind === "GAUGE" ? endUs : endUs - periodUs, value }];
  });
  return { ...out, points: made.sort((a, b) => a.endUs - b.endUs) };
}

/** What a cumulative series grew by from point to point; what it holds itself where it began anew. */
function differences(points: readonly StoredPoint[]): StoredPoint[] {
  return points.map((point, i) => {
    const before = points[i - 1];
    const anew = before === undefined || point.startUs > before.startUs;
    if (anew) return point;
    const span = { startUs: before.endUs, endUs: point.endUs };
    if (typeof point.value === "object") return { ...span, value: difference(point.value, before.value as Dist) };
    return { ...span, value: Number(point.value) - Number(before.value) };
  });
}
