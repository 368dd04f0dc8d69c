import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type {
  LinkSchema,
  LogBucketSchema,
  LogExclusionSchema,
  LogSinkSchema,
  LogViewSchema,
} from "../../../gen/types/google/logging/v2/logging_config_pb.js";
import type { LogMetricSchema } from "../../../gen/types/google/logging/v2/logging_metrics_pb.js";
import type { Operation } from "../../../gen/types/google/longrunning/operations_pb.js";
import type { Host } from "../../host.ts";
import { type Collection, collection, pageToken, readPageToken } from "../../store/collection.ts";
import type { SchemaSet } from "../../wire/schemas.ts";

const tables = {
  buckets: "log_buckets",
  views: "log_views",
  links: "log_links",
  sinks: "log_sinks",
  exclusions: "log_exclusions",
  metrics: "log_metrics",
};

/** What is configured of logging, each under its full name; what every project has of itself is not in here. */
export interface ConfigStore {
  readonly buckets: Kept<typeof LogBucketSchema>;
  readonly views: Kept<typeof LogViewSchema>;
  readonly links: Kept<typeof LinkSchema>;
  readonly sinks: Kept<typeof LogSinkSchema>;
  readonly exclusions: Kept<typeof LogExclusionSchema>;
  readonly metrics: Kept<typeof LogMetricSchema>;
  now(): Timestamp;
}

export interface Kept<S extends DescMessage> extends Collection<S> {
  readonly schema: S;
}

export const configStore = (host: Host): ConfigStore => host.shared("logging.config", () => createConfigStore(host));

function createConfigStore(host: Host): ConfigStore {
  (host.schemas as SchemaSet).load("logging-v2");
  const kept = <S extends DescMessage>(table: string, type: string): Kept<S> => {
    const schema = host.schemas.message(`google.logging.v2.${type}`) as unknown as S;
    return { ...collection({ db: host.db, schemas: host.schemas, table, schema }), schema };
  };
  return {
    buckets: kept(tables.buckets, "LogBucket"),
    views: kept(tables.views, "LogView"),
    links: kept(tables.links, "Link"),
    sinks: kept(tables.sinks, "LogSink"),
    exclusions: kept(tables.exclusions, "LogExclusion"),
    metrics: kept(tables.metrics, "LogMetric"),
    now: () => timestampFromMs(host.clock.now()),
  };
}

/** Whether anything is configured that says where entries go or what is counted; asked without loading a descriptor. */
export function anyConfig({ db }: Host): boolean {
  return [tables.sinks, tables.exclusions, tables.metrics, tables.buckets].some((table) => {
    const there = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table);
    return there !== undefined && db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() !== undefined;
  });
}

/** An operation as Logging answers it: under its project's number. */
export function numberedOperation({ operations, projects }: Host, name: string): Operation {
  const found = operations.message(name) as Operation;
  const [, id = ""] = /^projects\/([^/]+)/.exec(name) ?? [];
  const number = projects.get(id)?.number;
  return number === undefined ? found : { ...found, name: name.replace(/^projects\/[^/]+/, `projects/${number}`) };
}

/** A page of things that are few, sorted by name. */
export function pageOf<S extends DescMessage>(
  all: readonly (MessageShape<S> & { readonly name: string })[],
  request: { readonly pageSize: number; readonly pageToken: string },
  scope: string,
): { readonly items: MessageShape<S>[]; readonly nextPageToken: string } {
  const after = request.pageToken === "" ? "" : readPageToken(request.pageToken, scope);
  const sorted = all.filter(({ name }) => name > after).sort((a, b) => (a.name < b.name ? -1 : 1));
  const items = sorted.slice(0, request.pageSize > 0 ? Math.min(request.pageSize, 1000) : 1000);
  const last = items.at(-1);
  return { items, nextPageToken: last && items.length < sorted.length ? pageToken(last.name, scope) : "" };
}
