import type { MetricService } from "../../../gen/types/google/monitoring/v3/metric_service_pb.js";
import { likeGoogleOf } from "../../chain/like-google.ts";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { createDescriptors } from "./descriptors.ts";
import { parseMetricFilter } from "./filter.ts";
import { listTimeSeries, type SeenUntil } from "./list.ts";
import { metricsOf } from "./metrics.ts";
import { resourceDescriptor, resourceType, resourceTypes } from "./resources.ts";
import { badField, checkUserType, invalid, isUserType, projectOfName } from "./rules.ts";
import { monitoredProjects } from "./scope-store.ts";
import { seriesId } from "./store.ts";
import { createTimeSeries } from "./write.ts";

/** `google.monitoring.v3.MetricService`: descriptors, and time series written and read. */
export function metricRpc(host: Host): RpcService {
  const metrics = metricsOf(host);
  const descriptors = createDescriptors(host);
  const scopes = monitoredProjects(host);
  const ofProject = ({ name }: { readonly name: string }): string => `projects/${projectOfName(name)}`;
  const projectId = (name: string): string => {
    const id = projectOfName(name);
    return host.projects.get(id)?.id ?? id;
  };
  /** The rest of a name behind its collection: types have slashes. */
  const typeIn = (name: string): string => name.split("/").slice(3).join("/");
  const missing = (type: string): RpcError =>
    new RpcError("NOT_FOUND", `Could not find descriptor for metric '${type}'.`);

  const likeGoogle = likeGoogleOf(host);
  /** What users write is seen at once; what Google measures itself is not. */
  const seenUntil: SeenUntil = (series) =>
    likeGoogle === undefined || isUserType(series.type)
      ? undefined
      : (host.clock.now() - likeGoogle.metricLagMs(seriesId(series))) * 1000;

  const write = {
    permission: "monitoring.timeSeries.create",
    resource: ofProject,
    handle: (request: {
      readonly name: string;
      readonly timeSeries: Parameters<typeof createTimeSeries>[2]["timeSeries"];
    }) => {
      const { series } = metrics;
      createTimeSeries(host, { series, descriptors }, { ...request, project: projectId(request.name) });
      return {};
    },
  };

  return rpc<typeof MetricService>("google.monitoring.v3.MetricService", {
    listMonitoredResourceDescriptors: {
      permission: "monitoring.monitoredResourceDescriptors.list",
      resource: ofProject,
      handle: (request) => {
        const asked = parseMetricFilter(request.filter);
        const project = projectId(request.name);
        const all = resourceTypes.filter(({ type }) =>
          asked.matches({ project, type: "", labels: {}, resource: { type, labels: {} } }),
        );
        const { items, nextPageToken } = pageByType(all, request);
        return { resourceDescriptors: items.map((each) => describe(project, each)), nextPageToken };
      },
    },
    getMonitoredResourceDescriptor: {
      permission: "monitoring.monitoredResourceDescriptors.get",
      resource: ofProject,
      handle: ({ name }) => {
        const found = resourceType(typeIn(name));
        if (found === undefined) {
          throw new RpcError("NOT_FOUND", `Could not find descriptor for monitored resource '${typeIn(name)}'.`);
        }
        return describe(projectId(name), found);
      },
    },
    listMetricDescriptors: {
      permission: "monitoring.metricDescriptors.list",
      resource: ofProject,
      handle: (request) => {
        const asked = parseMetricFilter(request.filter);
        const project = projectId(request.name);
        const resource = { type: "", labels: {} };
        const all = descriptors
          .list(project)
          .filter(({ type }) => asked.matches({ project, type, labels: {}, resource }));
        const { items, nextPageToken } = pageByType(all, request);
        return { metricDescriptors: items, nextPageToken };
      },
    },
    getMetricDescriptor: {
      permission: "monitoring.metricDescriptors.get",
      resource: ofProject,
      handle: ({ name }) => {
        const found = descriptors.find(projectId(name), typeIn(name));
        if (found === undefined) throw missing(typeIn(name));
        return found;
      },
    },
    createMetricDescriptor: {
      permission: "monitoring.metricDescriptors.create",
      resource: ofProject,
      audit: "ADMIN_WRITE",
      handle: ({ name, metricDescriptor: given }) => {
        if (given === undefined) throw invalid(badField("metricDescriptor", undefined, "A descriptor must be given."));
        const wrong = checkUserType("metricDescriptor.type", given.type);
        if (wrong !== undefined) throw invalid(wrong);
        if (given.metricKind === 0) {
          throw invalid(
            badField("metricDescriptor.metricKind", "METRIC_KIND_UNSPECIFIED", "A metric kind must be given."),
          );
        }
        if (given.valueType === 0) {
          throw invalid(
            badField("metricDescriptor.valueType", "VALUE_TYPE_UNSPECIFIED", "A value type must be given."),
          );
        }
        return descriptors.define(projectId(name), given);
      },
    },
    deleteMetricDescriptor: {
      permission: "monitoring.metricDescriptors.delete",
      resource: ofProject,
      audit: "ADMIN_WRITE",
      handle: ({ name }) => {
        const [project, type] = [projectId(name), typeIn(name)];
        const wrong = checkUserType("name", type);
        if (wrong !== undefined) throw invalid(wrong);
        if (!descriptors.remove(project, type)) throw missing(type);
        metrics.series.remove(project, type);
        return {};
      },
    },
    listTimeSeries: {
      permission: "monitoring.timeSeries.list",
      resource: ofProject,
      handle: (request) => {
        metrics.flush();
        const project = projectId(request.name);
        const monitored = scopes.of(project).map(({ id }) => id);
        return listTimeSeries(metrics.series, [project, ...monitored], request, seenUntil);
      },
    },
    createTimeSeries: write,
    createServiceTimeSeries: write,
  });
}

function describe(project: string, each: (typeof resourceTypes)[number]) {
  return { ...resourceDescriptor(each), name: `projects/${project}/monitoredResourceDescriptors/${each.type}` };
}

function pageByType<T extends { readonly type: string }>(
  all: readonly T[],
  request: { readonly name: string; readonly filter: string; readonly pageSize: number; readonly pageToken: string },
): { readonly items: T[]; readonly nextPageToken: string } {
  const scope = `${request.name} ${request.filter}`;
  const after = request.pageToken === "" ? "" : readPageToken(request.pageToken, scope);
  const rest = all.filter(({ type }) => type > after).sort((a, b) => (a.type < b.type ? -1 : 1));
  const items = rest.slice(0, request.pageSize > 0 ? request.pageSize : 1000);
  const last = items.at(-1);
  return { items, nextPageToken: last && items.length < rest.length ? pageToken(last.type, scope) : "" };
}
