import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Aggregation_Aligner as Aligner, Aggregation_Reducer as Reducer } from "../../../gen/monitoring-v3.enums.ts";
import type { Aggregation } from "../../../gen/types/google/monitoring/v3/common_pb.js";
import type { TimeSeriesSchema } from "../../../gen/types/google/monitoring/v3/metric_pb.js";
import type {
  ListTimeSeriesRequest,
  ListTimeSeriesResponseSchema,
} from "../../../gen/types/google/monitoring/v3/metric_service_pb.js";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { align } from "./align.ts";
import { parseMetricFilter } from "./filter.ts";
import { type Result, reduce, reducerName } from "./reduce.ts";
import { badField, invalid, kindNumbers, timestampOfUs, usOf, valueTypeNumbers } from "./rules.ts";
import type { SeriesStore, StoredSeries } from "./store.ts";
import { typedValue } from "./values.ts";

const largestPage = 100_000;
const headers = 1;

interface Span {
  readonly afterUs: number;
  readonly untilUs: number;
}

/** Until when a series is seen, where that is not until now: what was measured lately comes later. */
export type SeenUntil = (series: StoredSeries) => number | undefined;

/** `ListTimeSeries`: series of these projects that the filter takes, aligned and reduced as asked, the newest points first. */
export function listTimeSeries(
  store: SeriesStore,
  projects: readonly string[],
  request: ListTimeSeriesRequest,
  seenUs: SeenUntil = () => undefined,
): MessageInitShape<typeof ListTimeSeriesResponseSchema> {
  const filter = parseMetricFilter(request.filter);
  if (filter.type === undefined) {
    const why =
      'must specify a restriction on "metric.type" in the filter; see "https://cloud.google.com/monitoring/api/resources" for a list of available metric types.';
    throw invalid(badField("filter", request.filter, why));
  }
  const span = spanOf(request);
  const { type } = filter;
  const found = projects.flatMap((project) => store.find(project, type)).filter(filter.matches);
  const raw: Result[] = found.map((series) => {
    // A growth is told from the point before: nothing is left out at the beginning.
    const afterUs = series.kind === "CUMULATIVE" && aligns(request.aggregation) ? 0 : span.afterUs;
    return { ...series, points: store.points(series, { ...span, afterUs, seenUs: seenUs(series) }) };
  });
  const unit = found[0]?.unit ?? "";
  const once = aggregated(raw, request.aggregation, span);
  const twice = aggregated(once, request.secondaryAggregation, span).filter(({ points }) => points.length > 0);
  const isRate = request.aggregation?.perSeriesAligner === Aligner.ALIGN_RATE;
  return { ...paged(twice, request), unit: isRate && unit !== "" ? `${unit}/s` : unit };
}

function spanOf({ interval }: ListTimeSeriesRequest): Span {
  const end = interval?.endTime;
  if (end === undefined) throw invalid(badField("interval.endTime", "", "The end time of the interval must be given."));
  const untilUs = usOf(end);
  const startUs = interval?.startTime === undefined ? untilUs : usOf(interval.startTime);
  if (startUs > untilUs) {
    throw invalid(badField("interval.startTime", undefined, "The start time must not be after the end time."));
  }
  // An interval of one moment is that moment itself.
  return { untilUs, afterUs: startUs === untilUs ? untilUs - 1 : startUs };
}

const aligns = (by: Aggregation | undefined): boolean => by !== undefined && by.perSeriesAligner !== Aligner.ALIGN_NONE;

function aggregated(all: readonly Result[], by: Aggregation | undefined, span: Span): Result[] {
  if (by === undefined) return [...all];
  const reduces = by.crossSeriesReducer !== Reducer.REDUCE_NONE;
  if (!aligns(by)) {
    if (!reduces) return [...all];
    const why = "A perSeriesAligner other than ALIGN_NONE must be given with a reducer.";
    throw invalid(badField("aggregation.crossSeriesReducer", reducerName(by.crossSeriesReducer), why));
  }
  const periodUs = by.alignmentPeriod === undefined ? 0 : durationMs(by.alignmentPeriod) * 1000;
  if (periodUs < 60_000_000) {
    const given = by.alignmentPeriod === undefined ? "" : `${periodUs / 1e6}s`;
    throw invalid(badField("aggregation.alignmentPeriod", given, "The alignment period must be at least 60 seconds."));
  }
  const aligned = all.map((result) => ({
    ...result,
    ...align(result.points, result, { aligner: by.perSeriesAligner, periodUs, ...span }),
  }));
  return reduces ? reduce(aligned, by.crossSeriesReducer, by.groupByFields) : aligned;
}

/** Pages hold so many points, or with HEADERS so many series; a series may go on in the next page. */
function paged(
  all: readonly Result[],
  request: ListTimeSeriesRequest,
): { readonly timeSeries: MessageInitShape<typeof TimeSeriesSchema>[]; readonly nextPageToken: string } {
  const { view, pageSize, filter } = request;
  const scope = JSON.stringify([filter, view, request.interval?.endTime?.seconds.toString()]);
  const size = pageSize > 0 ? Math.min(pageSize, largestPage) : largestPage;
  const [first = 0, skipped = 0] =
    request.pageToken === "" ? [] : readPageToken(request.pageToken, scope).split(".").map(Number);
  const timeSeries: MessageInitShape<typeof TimeSeriesSchema>[] = [];
  let room = size;
  for (let i = first; i < all.length; i++) {
    const result = all[i];
    if (result === undefined) continue;
    if (room === 0) return { timeSeries, nextPageToken: pageToken(`${i}.0`, scope) };
    if (view === headers) {
      timeSeries.push(message(result, []));
      room--;
      continue;
    }
    const from = i === first ? skipped : 0;
    const points = result.points.toReversed().slice(from, from + room);
    timeSeries.push(message(result, points));
    room -= points.length;
    if (from + points.length < result.points.length) {
      return { timeSeries, nextPageToken: pageToken(`${i}.${from + points.length}`, scope) };
    }
  }
  return { timeSeries, nextPageToken: "" };
}

function message(result: Result, points: Result["points"]): MessageInitShape<typeof TimeSeriesSchema> {
  return {
    metric: { type: result.type, labels: { ...result.labels } },
    resource: { type: result.resource.type, labels: { ...result.resource.labels } },
    metricKind: kindNumbers[result.kind],
    valueType: valueTypeNumbers[result.valueType],
    points: points.map(({ startUs, endUs, value }) => ({
      interval: { startTime: timestampOfUs(startUs), endTime: timestampOfUs(endUs) },
      value: typedValue(result.valueType, value),
    })),
  };
}
