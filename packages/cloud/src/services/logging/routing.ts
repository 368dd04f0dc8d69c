import type { LogExclusion, LogSink } from "../../../gen/types/google/logging/v2/logging_config_pb.js";
import type { Host } from "../../host.ts";
import { projectOf, type StoredEntry } from "../../store/logs.ts";
import type { StoredProjects } from "../../store/projects.ts";
import { metricsOf } from "../monitoring/metrics.ts";
import { type Buckets, createBuckets } from "./buckets.ts";
import { defaultBucket } from "./config-names.ts";
import { type ConfigStore, configStore } from "./config-store.ts";
import { type Counter, compileMetric } from "./log-metrics.ts";
import { compileQuery, type Matcher } from "./query-eval.ts";
import { parseQuery } from "./query-parse.ts";
import { bucketOf, builtInSink } from "./sinks.ts";
import { logStore } from "./store.ts";

const dayMs = 24 * 3_600_000;

/** What a project's sinks, exclusions and metrics make of its entries as they are written. */
export interface Routing {
  readonly buckets: Buckets;
  /** The configuration is another one now. */
  changed(): void;
  /** The buckets that hold an entry which is stored. */
  holding(entry: StoredEntry, stored: readonly string[] | undefined): readonly string[];
  /** Whether the bucket still keeps an entry of this time. */
  keeps(bucket: string, timeMs: number): boolean;
}

interface Plan {
  /** Undefined: each entry by its name alone. */
  readonly route?: (entry: StoredEntry) => readonly string[];
  readonly metrics: readonly { readonly count: Counter; readonly bucket: string }[];
}

export const routingOf = (host: Host): Routing => host.shared("logging.routing", () => createRouting(host));

function createRouting(host: Host): Routing {
  const store = configStore(host);
  const logs = logStore(host);
  let plans = new Map<string, Plan>();
  let kept = new Map<string, number>();
  const changed = (): void => {
    plans = new Map();
    kept = new Map();
  };
  const buckets = createBuckets(host, store, changed);

  const projects = host.projects as StoredProjects;
  const planOf = (project: string): Plan => {
    const found = projects.get(project);
    const above = found === undefined ? [] : projects.above(found);
    const key = [project, ...above].join(" ");
    let plan = plans.get(key);
    if (plan === undefined) {
      plan = makePlan(host, store, buckets, project, above);
      plans.set(key, plan);
    }
    return plan;
  };
  const keptMs = (bucket: string): number => {
    let ms = kept.get(bucket);
    if (ms === undefined) {
      ms = (buckets.find(bucket)?.retentionDays ?? 0) * dayMs;
      kept.set(bucket, ms);
    }
    return ms;
  };

  logs.route({
    buckets: (entry) => planOf(projectOf(entry.logName)).route?.(entry),
    keptMs: () => {
      const days = store.buckets.list().items.map(({ name, retentionDays }) => [name, retentionDays] as const);
      const ofDefault = days.filter(([name]) => name.endsWith("/_Default")).map(([, each]) => each);
      return {
        byDefault: Math.max(30, ...ofDefault) * dayMs,
        longest: Math.max(400, ...days.map(([, each]) => each)) * dayMs,
      };
    },
  });
  logs.subscribe((entry, routed) => {
    const project = projectOf(entry.logName);
    for (const { count, bucket } of planOf(project).metrics) {
      if (bucket !== "" && !(routed ?? [defaultBucket(entry.logName)]).includes(bucket)) continue;
      const counted = count(entry);
      if (counted === undefined) continue;
      const resource = { type: entry.resource.type, labels: { project_id: project, ...entry.resource.labels } };
      metricsOf(host).record({ ...counted, project, resource, timeMs: Date.parse(entry.timestamp) });
    }
  });

  return {
    buckets,
    changed,
    holding: (entry, stored) => stored ?? [defaultBucket(entry.logName)],
    keeps: (bucket, timeMs) => timeMs >= host.clock.now() - keptMs(bucket),
  };
}

/** Reads a project's configuration, and of what is above it the sinks that take in children; filters compiled once. */
function makePlan(host: Host, store: ConfigStore, buckets: Buckets, project: string, above: readonly string[]): Plan {
  const parent = `projects/${project}`;
  const metrics = store.metrics
    .list({ parent })
    .items.filter(({ disabled }) => !disabled)
    .map((metric) => ({ count: compileMetric(metric), bucket: host.projects.canonical(metric.bucketName) }));
  const stored = store.sinks.list({ parent }).items;
  const excluded = store.exclusions.list({ parent }).items;
  const inherited = above.flatMap((each) => store.sinks.list({ parent: each }).items.filter(takesChildren));
  if (stored.length === 0 && excluded.length === 0 && inherited.length === 0) return { metrics };

  const own = stored.some(({ name }) => name === "_Default")
    ? []
    : [builtInSink(host.schemas, store.sinks.schema, `${parent}/sinks/_Default`)];
  const sinks = [...own, ...stored, ...inherited].flatMap((sink) => {
    const bucket = sink === undefined || sink.disabled ? undefined : bucketOf(sink, host.projects);
    if (sink === undefined || bucket === undefined || buckets.find(bucket) === undefined) return [];
    const isOwn = !inherited.includes(sink) && sink.name === "_Default";
    const exclusions = isOwn ? [...sink.exclusions, ...excluded] : sink.exclusions;
    return [{ bucket, takes: taking(sink.filter, exclusions) }];
  });
  const route = (entry: StoredEntry): readonly string[] => {
    const required = defaultBucket(entry.logName);
    const always = required.endsWith("/_Required") ? [required] : [];
    return [...new Set([...always, ...sinks.filter(({ takes }) => takes(entry)).map(({ bucket }) => bucket)])];
  };
  return { metrics, route };
}

const takesChildren = ({ includeChildren }: LogSink): boolean => includeChildren;

function taking(filter: string, exclusions: readonly LogExclusion[]): Matcher {
  const wanted = compileQuery(parseQuery(filter));
  const refused = exclusions.filter(({ disabled }) => !disabled).map((each) => compileQuery(parseQuery(each.filter)));
  return (entry) => wanted(entry) && !refused.some((matches) => matches(entry));
}
