import { Aggregation_Reducer as Reducer } from "../../../gen/monitoring-v3.enums.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { deviation, mean, type Shape } from "./align.ts";
import { type Dist, merged, noDist, percentile, percentileOf } from "./distributions.ts";
import { badField, invalid } from "./rules.ts";
import type { StoredPoint, StoredSeries, Value } from "./store.ts";

/** A series as it is answered: what it is of, and its points, the oldest first. */
export interface Result extends Shape {
  readonly type: string;
  readonly project: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly resource: StoredSeries["resource"];
  readonly points: readonly StoredPoint[];
}

const percents: Readonly<Record<number, number>> = {
  [Reducer.REDUCE_PERCENTILE_99]: 99,
  [Reducer.REDUCE_PERCENTILE_95]: 95,
  [Reducer.REDUCE_PERCENTILE_50]: 50,
  [Reducer.REDUCE_PERCENTILE_05]: 5,
};

export function reducerName(reducer: number): string {
  return Object.entries(Reducer).find(([, number]) => number === reducer)?.[0] ?? String(reducer);
}

/**
 * Several aligned series as one for each value of the fields that they are grouped by (and each resource type). Labels
 * that are not grouped by go.
 */
export function reduce(all: readonly Result[], reducer: number, fields: readonly string[]): Result[] {
  const groups = new Map<string, Result[]>();
  for (const result of all) {
    const key = JSON.stringify([result.resource.type, fields.map((field) => fieldOf(result, field))]);
    groups.set(key, [...(groups.get(key) ?? []), result]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const shape = shapeOf(first, reducer);
    const at = new Map<number, { readonly startUs: number; readonly values: Value[] }>();
    for (const { startUs, endUs, value } of group.flatMap(({ points }) => points)) {
      const held = at.get(endUs) ?? { startUs, values: [] };
      held.values.push(value);
      at.set(endUs, held);
    }
    const points = [...at]
      .sort(([a], [b]) => a - b)
      .flatMap(([endUs, { startUs, values }]) => {
        const value = combine(values, reducer);
        const begins = shape.kind === "GAUGE" ? endUs : startUs;
        return value === undefined ? [] : [{ startUs: begins, endUs, value }];
      });
    return [{ ...first, ...shape, ...keptLabels(first, fields), points }];
  });
}

function keptLabels(first: Result, fields: readonly string[]): Pick<Result, "labels" | "resource"> {
  const kept = (of: "metric" | "resource", labels: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(labels).filter(
        ([key]) =>
          (of === "resource" && key === "project_id") ||
          fields.some((field) => labelOf(field)?.of === of && labelOf(field)?.key === key),
      ),
    );
  const { type, labels } = first.resource;
  return { labels: kept("metric", first.labels), resource: { type, labels: kept("resource", labels) } };
}

function labelOf(field: string): { readonly of: string; readonly key: string } | undefined {
  const [, of, key] = /^(metric|resource)\.labels?\."?([^"]+)"?$/.exec(field) ?? [];
  return of === undefined || key === undefined ? undefined : { of, key };
}

function fieldOf(result: Result, field: string): string {
  if (field === "project") return result.project;
  if (field === "metric.type") return result.type;
  if (field === "resource.type") return result.resource.type;
  const label = labelOf(field);
  if (label !== undefined) return (label.of === "metric" ? result.labels : result.resource.labels)[label.key] ?? "";
  if (field.startsWith("metadata.")) return "";
  throw invalid(badField("aggregation.groupByFields", field, "it is no field that series can be grouped by."));
}

function shapeOf({ kind, valueType }: Shape, reducer: number): Shape {
  const isDistribution = valueType === "DISTRIBUTION";
  const isBoolean = valueType === "BOOL";
  switch (reducer) {
    case Reducer.REDUCE_COUNT:
      return { kind: "GAUGE", valueType: "INT64" };
    case Reducer.REDUCE_COUNT_TRUE:
    case Reducer.REDUCE_COUNT_FALSE:
      if (isBoolean) return { kind: "GAUGE", valueType: "INT64" };
      break;
    case Reducer.REDUCE_FRACTION_TRUE:
      if (isBoolean) return { kind: "GAUGE", valueType: "DOUBLE" };
      break;
    case Reducer.REDUCE_SUM:
      if (!isBoolean && valueType !== "STRING") return { kind, valueType };
      break;
    case Reducer.REDUCE_MIN:
    case Reducer.REDUCE_MAX:
      if (valueType === "INT64" || valueType === "DOUBLE") return { kind, valueType };
      break;
    case Reducer.REDUCE_STDDEV:
      if (valueType === "INT64" || valueType === "DOUBLE") return { kind: "GAUGE", valueType: "DOUBLE" };
      break;
    case Reducer.REDUCE_MEAN:
    case Reducer.REDUCE_PERCENTILE_99:
    case Reducer.REDUCE_PERCENTILE_95:
    case Reducer.REDUCE_PERCENTILE_50:
    case Reducer.REDUCE_PERCENTILE_05:
      if (isDistribution || valueType === "INT64" || valueType === "DOUBLE")
        return { kind: "GAUGE", valueType: "DOUBLE" };
      break;
    default:
      throw new RpcError("UNIMPLEMENTED", `The local cloud does not have the reducer ${reducerName(reducer)}.`);
  }
  const why = `The reducer cannot be applied to metrics with kind ${kind} and value type ${valueType}.`;
  throw invalid(badField("aggregation.crossSeriesReducer", reducerName(reducer), why));
}

function combine(values: readonly Value[], reducer: number): Value | undefined {
  const percent = percents[reducer];
  if (reducer === Reducer.REDUCE_COUNT) return values.length;
  if (values.some((value) => typeof value === "object")) {
    const sum = values.reduce((all: Dist, each) => merged(all, each as Dist), noDist);
    if (percent !== undefined) return percentile(sum, percent);
    return reducer === Reducer.REDUCE_MEAN ? sum.mean : sum;
  }
  const numbers = values.map(Number);
  if (percent !== undefined) return percentileOf(numbers, percent);
  switch (reducer) {
    case Reducer.REDUCE_MIN:
      return Math.min(...numbers);
    case Reducer.REDUCE_MAX:
      return Math.max(...numbers);
    case Reducer.REDUCE_SUM:
      return numbers.reduce((sum, each) => sum + each, 0);
    case Reducer.REDUCE_STDDEV:
      return deviation(numbers);
    case Reducer.REDUCE_COUNT_TRUE:
      return values.filter((value) => value === true).length;
    case Reducer.REDUCE_COUNT_FALSE:
      return values.filter((value) => value === false).length;
    case Reducer.REDUCE_FRACTION_TRUE:
      return values.filter((value) => value === true).length / values.length;
    default:
      return mean(numbers);
  }
}
