import type { LabelDescriptorSchema } from "../../../gen/types/google/api/label_pb.js";
import type { MetricDescriptor, MetricDescriptorSchema } from "../../../gen/types/google/api/metric_pb.js";
import type { Host } from "../../host.ts";
import { collection } from "../../store/collection.ts";
import { configStore } from "../logging/config-store.ts";
import { userMetrics } from "../logging/log-metrics.ts";
import { type BuiltIn, builtIns } from "./definitions.ts";
import { kindNumbers, valueTypeNumbers, writableResources } from "./rules.ts";
import type { SeriesKey } from "./store.ts";

/** Descriptors of metrics: Google's own, those of the project's logs, and what users defined or wrote. */
export interface Descriptors {
  find(project: string, type: string): MetricDescriptor | undefined;
  /** By type. */
  list(project: string): MetricDescriptor[];
  /** Stores a user's; labels that it had are kept. Answers what was given, with its name. */
  define(project: string, given: MetricDescriptor): MetricDescriptor;
  /** The descriptor that a first point brings with it; new labels are added. */
  learn(key: SeriesKey): void;
  remove(project: string, type: string): boolean;
}

export function createDescriptors(host: Host): Descriptors {
  const { db, schemas } = host;
  const schema = schemas.message<typeof MetricDescriptorSchema>("google.api.MetricDescriptor");
  const labelSchema = schemas.message<typeof LabelDescriptorSchema>("google.api.LabelDescriptor");
  const stored = collection({ db, schemas, table: "metric_descriptors", schema });
  const nameOf = (project: string, type: string): string => `projects/${project}/metricDescriptors/${type}`;

  /** As Monitoring answers a user's descriptor later: labels by key, without what it keeps to itself. */
  const shown = (descriptor: MetricDescriptor): MetricDescriptor => {
    const copy = schemas.clone(schema, descriptor);
    copy.launchStage = 0;
    delete copy.metadata;
    copy.labels = copy.labels.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    copy.monitoredResourceTypes = [...writableResources];
    return copy;
  };
  const ofGoogle = (project: string, given: BuiltIn): MetricDescriptor =>
    schemas.create(schema, {
      name: nameOf(project, given.type),
      type: given.type,
      metricKind: kindNumbers[given.kind],
      valueType: valueTypeNumbers[given.valueType],
      unit: given.unit,
      displayName: given.displayName,
      description: given.description,
      labels: Object.entries(given.labels).map(([key, description]) =>
        schemas.create(labelSchema, { key, description }),
      ),
      monitoredResourceTypes: [...given.resources],
    });
  const ofLogs = (project: string): MetricDescriptor[] =>
    configStore(host)
      .metrics.list({ parent: `projects/${project}` })
      .items.flatMap(({ metricDescriptor }) => metricDescriptor ?? []);

  const find: Descriptors["find"] = (project, type) => {
    const google = builtIns.get(type);
    if (google !== undefined) return ofGoogle(project, google);
    if (type.startsWith(userMetrics)) return ofLogs(project).find((each) => each.type === type);
    const found = stored.get(nameOf(project, type));
    return found === undefined ? undefined : shown(found);
  };
  const define: Descriptors["define"] = (project, given) => {
    const name = nameOf(project, given.type);
    const before = stored.get(name)?.labels ?? [];
    const kept = before.filter(({ key }) => !given.labels.some((label) => label.key === key));
    const whole = schemas.create(schema, { ...given, name, labels: [...given.labels, ...kept] });
    stored.put(name, whole);
    return schemas.create(schema, { ...whole, labels: given.labels });
  };

  return {
    find,
    list: (project) =>
      [
        ...[...builtIns.values()].map((each) => ofGoogle(project, each)),
        ...ofLogs(project),
        ...stored.list({ under: nameOf(project, "") }).items.map(shown),
      ].sort((a, b) => (a.type < b.type ? -1 : 1)),
    define,
    learn: (key) => {
      const name = nameOf(key.project, key.type);
      const known = stored.get(name);
      const wanted = Object.keys(key.labels).filter((label) => !known?.labels.some((each) => each.key === label));
      if (known !== undefined && wanted.length === 0) return;
      const labels = wanted.map((label) => schemas.create(labelSchema, { key: label }));
      const base = known ?? {
        name,
        type: key.type,
        metricKind: kindNumbers[key.kind],
        valueType: valueTypeNumbers[key.valueType],
        unit: key.unit,
        labels: [],
      };
      stored.put(name, schemas.create(schema, { ...base, labels: [...base.labels, ...labels] }));
    },
    remove: (project, type) => stored.delete(nameOf(project, type)),
  };
}
