import type { Host } from "../../host.ts";
import { builtIns, type Definition } from "./definitions.ts";
import { type Dist, noDist, withValue } from "./distributions.ts";
import { createSeriesStore, type SeriesKey, type SeriesStore, seriesId } from "./store.ts";

/** What something inside the cloud measured. */
export interface Sample {
  /** By id. */
  readonly project: string;
  /** A metric's type that is known here, or its definition. */
  readonly metric: string | Definition;
  readonly resource: { readonly type: string; readonly labels: Readonly<Record<string, string>> };
  readonly labels?: Readonly<Record<string, string>>;
  /** Added to a DELTA, put into a distribution, or the present value of a GAUGE. */
  readonly value: number;
  /** Milliseconds; the clock's now by default. */
  readonly timeMs?: number;
}

/** The narrow door by which the cloud's own figures come into Monitoring. */
export interface Metrics {
  /** Cheap: kept in memory, and written once a second and before each read. */
  record(sample: Sample): void;
  flush(): void;
  readonly series: SeriesStore;
}

/** Google samples its own metrics once a minute; here each minute has its point, which grows while the minute lasts. */
const minuteUs = 60_000_000;
const delayMs = 1000;
const mostWaiting = 1000;

export const metricsOf = (host: Host): Metrics => host.shared("metrics", () => createMetrics(host));

/** The same where it was made; for the cloud's end. */
export const madeMetrics = (host: Host): Metrics | undefined =>
  host.shared<Metrics | undefined>("metrics", () => undefined);

interface Waiting {
  readonly key: SeriesKey;
  readonly startUs: number;
  value: number | Dist;
}

export function createMetrics(host: Pick<Host, "db" | "clock">): Metrics {
  const series = createSeriesStore(host);
  const waiting = new Map<string, Waiting>();
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.size === 0) return;
    const all = [...waiting.values()];
    waiting.clear();
    // What comes when everything else has ended has nowhere to go.
    if (!host.db.sql.isOpen) return;
    series.add(
      all.map(({ key, startUs, value }) => {
        const endUs = key.kind === "GAUGE" ? startUs : startUs + minuteUs;
        return { key, startUs, endUs, value };
      }),
    );
  };

  const record = (sample: Sample): void => {
    const definition = typeof sample.metric === "string" ? builtIns.get(sample.metric) : sample.metric;
    if (definition === undefined) throw new TypeError(`${String(sample.metric)} is no metric of the local cloud`);
    const { type, kind, valueType, unit } = definition;
    const key: SeriesKey = {
      project: sample.project,
      type,
      kind,
      valueType,
      unit,
      labels: sample.labels ?? {},
      resource: sample.resource,
    };
    const startUs = Math.floor(((sample.timeMs ?? host.clock.now()) * 1000) / minuteUs) * minuteUs;
    const id = `${startUs}${seriesId(key)}`;
    const entry = waiting.get(id) ?? { key, startUs, value: valueType === "DISTRIBUTION" ? noDist : 0 };
    if (typeof entry.value !== "number") entry.value = withValue(entry.value, sample.value, bucketsOf(definition));
    else entry.value = kind === "GAUGE" ? sample.value : entry.value + sample.value;
    waiting.set(id, entry);
    if (waiting.size >= mostWaiting) flush();
    else timer ??= setTimeout(flush, delayMs).unref();
  };

  return { record, flush, series };
}

function bucketsOf({ type, buckets }: Definition): NonNullable<Definition["buckets"]> {
  if (buckets === undefined) throw new TypeError(`${type} has no buckets`);
  return buckets;
}
