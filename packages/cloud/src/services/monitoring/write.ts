import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { TimeSeries } from "../../../gen/types/google/monitoring/v3/metric_pb.js";
import type { Host } from "../../host.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { Kind } from "./definitions.ts";
import type { Descriptors } from "./descriptors.ts";
import type { Dist } from "./distributions.ts";
import { resourceType } from "./resources.ts";
import { badField, checkUserType, invalid, isoOf, kinds, usOf, valueTypes, writableResources } from "./rules.ts";
import { type SeriesKey, type SeriesStore, type StoredPoint, seriesId } from "./store.ts";
import { distributionFault, readValue } from "./values.ts";

const mostSeries = 200;
const oldestMs = 25 * 3_600_000;
const newestMs = 5 * 60_000;
/** Points of a series are at least this far apart. */
const periodUs = 5_000_000;

/**
 * Writes what can be written, one point a series; the rest is told, each with its place, as
 * `google.monitoring.v3.CreateTimeSeriesSummary` counts it.
 */
export function createTimeSeries(
  host: Host,
  parts: { readonly series: SeriesStore; readonly descriptors: Descriptors },
  request: { readonly project: string; readonly timeSeries: readonly TimeSeries[] },
): void {
  const { project, timeSeries } = request;
  if (timeSeries.length === 0)
    throw invalid(badField("timeSeries", undefined, "At least one TimeSeries must be given."));
  if (timeSeries.length > mostSeries) {
    throw invalid(badField("timeSeries", undefined, `The maximum number of TimeSeries in a request is ${mostSeries}.`));
  }
  const seen = new Set<string>();
  const write = (given: TimeSeries, i: number): string | undefined => {
    const read = parse(host, parts.descriptors, project, given, i);
    if (typeof read === "string") return `${read}: timeSeries[${i}]`;
    const { key, point } = read;
    if (seen.has(seriesId(key))) {
      const why = "Duplicate TimeSeries encountered. Only one point can be written per TimeSeries per request.";
      return `${badField(`timeSeries[${i}]`, undefined, why)}: timeSeries[${i}]`;
    }
    seen.add(seriesId(key));
    const late = untimely(parts.series, key, point);
    if (late !== undefined) return `${late}: ${placeOf(key, i)}`;
    host.db.tx(() => {
      parts.descriptors.learn(key);
      parts.series.put(key, point);
    });
    return undefined;
  };
  const faults = timeSeries.flatMap((given, i) => write(given, i) ?? []);
  if (faults.length === 0) return;
  const message = `One or more TimeSeries could not be written: ${faults.join("; ")}`;
  throw new RpcError("INVALID_ARGUMENT", message, [
    {
      "@type": "type.googleapis.com/google.monitoring.v3.CreateTimeSeriesSummary",
      totalPointCount: timeSeries.length,
      successPointCount: timeSeries.length - faults.length,
      errors: [{ status: { code: 3 }, pointCount: faults.length }],
    },
  ]);
}

/** A series' key and its point; a text where something of it is wrong. */
function parse(
  host: Host,
  descriptors: Descriptors,
  project: string,
  given: TimeSeries,
  i: number,
): string | { readonly key: SeriesKey; readonly point: StoredPoint } {
  const field = `timeSeries[${i}]`;
  const type = given.metric?.type ?? "";
  const wrongType = checkUserType(`${field}.metric.type`, type);
  if (wrongType !== undefined) return wrongType;
  const resource = { type: given.resource?.type ?? "", labels: { project_id: project, ...given.resource?.labels } };
  if (!writableResources.includes(resource.type)) {
    return badField(
      `${field}.resource.type`,
      resource.type,
      "It is no resource that user-defined metrics can be written against.",
    );
  }
  const known = resourceType(resource.type);
  const strange = Object.keys(resource.labels).find((label) => known !== undefined && !(label in known.labels));
  if (strange !== undefined) return badField(`${field}.resource.labels`, strange, "The resource has no such label.");
  const [only, ...more] = given.points;
  if (only === undefined || more.length > 0) {
    return badField(`${field}.points`, undefined, "Exactly one point must be given.");
  }
  const value = readValue(only.value);
  if (value === undefined) return badField(`${field}.points[0].value`, undefined, "A value must be given.");

  const descriptor = descriptors.find(project, type);
  const kind =
    descriptor === undefined ? (kinds[given.metricKind] ?? "GAUGE") : (kinds[descriptor.metricKind] ?? "GAUGE");
  const stated = kinds[given.metricKind];
  if (stated !== undefined && stated !== kind) {
    return badField(
      `${field}.metricKind`,
      stated,
      `The metric kind for metric ${type} must be ${kind}, but is ${stated}.`,
    );
  }
  const wanted = descriptor === undefined ? value.type : valueTypes[descriptor.valueType];
  if (wanted !== value.type) {
    return badField(
      `${field}.points[0].value`,
      undefined,
      `Value type for metric ${type} must be ${wanted}, but is ${value.type}.`,
    );
  }
  const fault = value.type === "DISTRIBUTION" ? distributionFault(value.value as Dist) : undefined;
  if (fault !== undefined) return badField(`${field}.points[0].value.distributionValue`, undefined, fault);
  const span = spanOf({ host, field, type, kind }, only.interval);
  if (typeof span === "string") return span;
  const unit = descriptor?.unit ?? given.unit;
  const key = { project, type, kind, valueType: value.type, unit, labels: given.metric?.labels ?? {}, resource };
  return { key, point: { ...span, value: value.value } };
}

function spanOf(
  of: { readonly host: Host; readonly field: string; readonly type: string; readonly kind: Kind },
  interval: NonNullable<TimeSeries["points"][number]["interval"]> | undefined,
): string | { readonly startUs: number; readonly endUs: number } {
  const { host, field, type, kind } = of;
  const [start, end] = [interval?.startTime, interval?.endTime];
  const at = `${field}.points[0].interval`;
  if (end === undefined) return badField(`${at}.end_time`, "", "The end time must be given.");
  const sinceMs = host.clock.now() - timestampMs(end);
  if (sinceMs > oldestMs)
    return badField(`${at}.end_time`, isoOf(end), "Data points cannot be written more than 25h in the past.");
  if (sinceMs < -newestMs) {
    return badField(`${at}.end_time`, isoOf(end), "Data points cannot be written more than 5m in the future.");
  }
  const endUs = usOf(end);
  const startUs = start === undefined ? endUs : usOf(start);
  if (kind === "GAUGE") {
    if (startUs === endUs) return { startUs, endUs };
    const why = `The start time must be equal to the end time (${isoOf(end)}) for the gauge metric '${type}'.`;
    return badField(`${at}.start_time`, start && isoOf(start), why);
  }
  if (start !== undefined && startUs < endUs) return { startUs, endUs };
  const why = `The start time must be before the end time (${isoOf(end)}) for the non-gauge metric '${type}'.`;
  return badField(`${at}.start_time`, start === undefined ? "" : isoOf(start), why);
}

function untimely(series: SeriesStore, key: SeriesKey, point: StoredPoint): string | undefined {
  const known = series.series(key);
  const last = known === undefined ? undefined : series.last(known);
  if (last === undefined) return undefined;
  const order = "Points must be written in order. One or more of the points specified had an older";
  if (key.kind !== "GAUGE" && point.startUs < last.startUs) return `${order} start time than the most recent point.`;
  if (point.endUs <= last.endUs) return `${order} end time than the most recent point.`;
  if (point.endUs - last.endUs >= periodUs) return undefined;
  return "One or more points were written more frequently than the maximum sampling period configured for the metric.";
}

/** `global{} timeSeries[3]: custom.googleapis.com/x{a:b}` */
function placeOf({ resource, type, labels }: SeriesKey, i: number): string {
  const text = (map: Readonly<Record<string, string>>): string =>
    Object.entries(map)
      .filter(([key]) => key !== "project_id")
      .map(([key, value]) => `${key}:${value}`)
      .join(",");
  return `${resource.type}{${text(resource.labels)}} timeSeries[${i}]: ${type}{${text(labels)}}`;
}
