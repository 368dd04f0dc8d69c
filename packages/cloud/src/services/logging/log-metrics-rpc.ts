import type { MetricDescriptorSchema } from "../../../gen/types/google/api/metric_pb.js";
import type { LogMetric, MetricsServiceV2 } from "../../../gen/types/google/logging/v2/logging_metrics_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { metricsOf } from "../monitoring/metrics.ts";
import { forms, invalid, nameAs } from "./config-names.ts";
import type { ConfigStore } from "./config-store.ts";
import { compileMetric, describe, kindDelta, userMetrics, valueTypes } from "./log-metrics.ts";
import type { Routing } from "./routing.ts";

function encodedId(id: string): string {
  try {
    return encodeURIComponent(decodeURIComponent(id));
  } catch {
    return encodeURIComponent(id);
  }
}

/** `google.logging.v2.MetricsServiceV2`: what is counted of the entries as they are written. */
export function logMetricsRpc(host: Host, store: ConfigStore, routing: Routing): RpcService {
  const { projects, schemas } = host;
  /** The id may have slashes and more that is encoded in the name, by some clients more than by others. */
  const fullName = (name: string): string => {
    const [collection, project, metrics, ...id] = name.split("/");
    return nameAs(forms.metric, [collection, project, metrics, encodedId(id.join("/"))].join("/"), projects);
  };
  const shortName = (name: string): string => decodeURIComponent(name.split("/")[3] ?? "");
  const find = (name: string): LogMetric => {
    const found = store.metrics.get(name);
    if (found === undefined) throw new RpcError("NOT_FOUND", `Metric ${shortName(name)} does not exist.`);
    return found;
  };
  const whole = (given: LogMetric, name: string, before: LogMetric | undefined): LogMetric => {
    check(given);
    const now = store.now();
    const metric = schemas.create(store.metrics.schema, {
      ...given,
      metricDescriptor: schemas.create(
        schemas.message<typeof MetricDescriptorSchema>("google.api.MetricDescriptor"),
        describe(given, name.slice(0, name.indexOf("/metrics/"))),
      ),
      createTime: before?.createTime ?? now,
      updateTime: now,
    });
    compileMetric(metric);
    return metric;
  };

  return rpc<typeof MetricsServiceV2>("google.logging.v2.MetricsServiceV2", {
    listLogMetrics: {
      permission: "logging.logMetrics.list",
      resource: ({ parent }) => nameAs(forms.project, parent, projects),
      audit: "ADMIN_READ",
      handle: (request) => {
        const parent = nameAs(forms.project, request.parent, projects);
        const { items, nextPageToken } = store.metrics.list({
          parent,
          pageSize: request.pageSize > 0 ? request.pageSize : 1000,
          pageToken: request.pageToken,
        });
        return { metrics: items, nextPageToken };
      },
    },
    getLogMetric: {
      permission: "logging.logMetrics.get",
      resource: ({ metricName }) => fullName(metricName),
      audit: "ADMIN_READ",
      handle: ({ metricName }) => find(fullName(metricName)),
    },
    createLogMetric: {
      permission: "logging.logMetrics.create",
      resource: ({ parent }) => nameAs(forms.project, parent, projects),
      audit: "ADMIN_WRITE",
      handle: ({ parent, metric: given }) => {
        if (given === undefined) throw invalid("A metric must be given.");
        const name = `${nameAs(forms.project, parent, projects)}/metrics/${encodedId(given.name)}`;
        const metric = whole(given, name, undefined);
        if (!store.metrics.insert(name, metric)) {
          throw new RpcError("ALREADY_EXISTS", `Metric ${given.name} already exists.`);
        }
        routing.changed();
        return metric;
      },
    },
    updateLogMetric: {
      permission: "logging.logMetrics.update",
      resource: ({ metricName }) => fullName(metricName),
      audit: "ADMIN_WRITE",
      handle: ({ metricName, metric: given }) => {
        if (given === undefined) throw invalid("A metric must be given.");
        const name = fullName(metricName);
        if (given.name !== "" && given.name !== shortName(name))
          throw invalid("The name of a metric cannot be changed.");
        // The method makes the metric where there is none.
        const metric = whole({ ...given, name: shortName(name) }, name, store.metrics.get(name));
        store.metrics.put(name, metric);
        routing.changed();
        return metric;
      },
    },
    deleteLogMetric: {
      permission: "logging.logMetrics.delete",
      resource: ({ metricName }) => fullName(metricName),
      audit: "ADMIN_WRITE",
      handle: ({ metricName }) => {
        const name = fullName(metricName);
        const { name: id } = find(name);
        store.metrics.delete(name);
        metricsOf(host).flush();
        metricsOf(host).series.remove(name.split("/")[1] ?? "", `${userMetrics}${id}`);
        routing.changed();
        return {};
      },
    },
  });
}

function check({ name, filter, metricDescriptor: given }: LogMetric): void {
  if (!/^[A-Za-z0-9_\-.,+!*',()%/]{1,100}$/.test(name) || name.startsWith("/")) {
    throw invalid(`Metric name "${name}" is invalid.`);
  }
  if (filter === "") throw invalid("A metric must have a filter.");
  if (given === undefined) return;
  if (given.metricKind !== 0 && given.metricKind !== kindDelta) throw invalid("The metric kind must be DELTA.");
  if (given.valueType !== 0 && given.valueType !== valueTypes.INT64 && given.valueType !== valueTypes.DISTRIBUTION) {
    throw invalid("The value type must be INT64 or DISTRIBUTION.");
  }
}
