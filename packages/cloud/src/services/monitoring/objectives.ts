import type { ServiceLevelObjectiveSchema, ServiceSchema } from "../../../gen/types/google/monitoring/v3/service_pb.js";
import type { ServiceMonitoringService } from "../../../gen/types/google/monitoring/v3/service_service_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { type Collection, collection } from "../../store/collection.ts";
import { applyFieldMask } from "../../wire/field-mask.ts";
import { compileFilter } from "../../wire/filter.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { access, newId } from "./kept.ts";
import { badField, invalid, projectOfName } from "./rules.ts";

const ofService = ["display_name", "custom", "basic_service", "telemetry", "user_labels"];
const ofObjective = [
  "display_name",
  "service_level_indicator",
  "goal",
  "rolling_period",
  "calendar_period",
  "user_labels",
];

/** `google.monitoring.v3.ServiceMonitoringService`: services and their objectives are kept; none is measured here. */
export function objectivesRpc(host: Host): RpcService {
  const { db, schemas, projects } = host;
  const serviceSchema = schemas.message<typeof ServiceSchema>("google.monitoring.v3.Service");
  const objectiveSchema = schemas.message<typeof ServiceLevelObjectiveSchema>(
    "google.monitoring.v3.ServiceLevelObjective",
  );
  const services = collection({ db, schemas, table: "monitoring_services", schema: serviceSchema });
  const objectives = collection({ db, schemas, table: "monitoring_objectives", schema: objectiveSchema });

  const numberOf = (name: string): string => {
    const id = projectOfName(name);
    return projects.get(id)?.number ?? id;
  };
  /** Names are answered with the project's number. */
  const shown = <M extends { readonly name: string }>(message: M): M => ({
    ...message,
    name: message.name.replace(/^projects\/[^/]+/, `projects/${numberOf(message.name)}`),
  });
  const service = (given: string) => {
    const found = services.get(projects.canonical(given));
    if (found !== undefined) return found;
    const why = `There is no service with id '${given.split("/")[3]}' in project '${numberOf(given)}'`;
    throw new RpcError("NOT_FOUND", why);
  };
  const objective = (given: string) => {
    const found = objectives.get(projects.canonical(given));
    if (found !== undefined) return found;
    const [, project, , owner, , id] = given.split("/");
    const why = `There is no slo with id "${id}" under service "${owner}" in project "${project}"`;
    throw new RpcError("NOT_FOUND", why);
  };
  const insert = <S extends typeof serviceSchema | typeof objectiveSchema>(
    into: Pick<Collection<S>, "insert">,
    message: Parameters<Collection<S>["insert"]>[1],
  ): void => {
    if (into.insert(message.name, message)) return;
    throw new RpcError("ALREADY_EXISTS", `${message.name} already exists.`);
  };
  const page = <T extends { readonly filter: string; readonly pageSize: number; readonly pageToken: string }>(
    request: T,
    schema: typeof serviceSchema | typeof objectiveSchema,
  ) => ({
    where: compileFilter(request.filter, schema),
    pageSize: request.pageSize > 0 ? Math.min(request.pageSize, 1000) : 100,
    pageToken: request.pageToken,
  });

  return rpc<typeof ServiceMonitoringService>("google.monitoring.v3.ServiceMonitoringService", {
    createService: {
      ...access("services.create", "ADMIN_WRITE"),
      resource: ({ parent }) => `projects/${projectOfName(parent)}`,
      handle: ({ parent, serviceId, service: given }) => {
        if (given === undefined) throw invalid(badField("service", undefined, "A service must be given."));
        const made = schemas.clone(serviceSchema, given);
        made.name = `${projects.canonical(parent)}/services/${checkedId("service_id", serviceId) || newId(host)}`;
        insert<typeof serviceSchema>(services, made);
        host.note("monitoring.slo", "Monitoring: services and their objectives are kept; none is measured.");
        return shown(made);
      },
    },
    getService: {
      ...access("services.get", "ADMIN_READ"),
      resource: ({ name }) => name,
      handle: ({ name }) => shown(service(name)),
    },
    listServices: {
      ...access("services.list", "ADMIN_READ"),
      resource: ({ parent }) => `projects/${projectOfName(parent)}`,
      handle: (request) => {
        const parent = projects.canonical(request.parent);
        const { items, nextPageToken } = services.list({ parent, ...page(request, serviceSchema) });
        return { services: items.map(shown), nextPageToken };
      },
    },
    updateService: {
      ...access("services.update", "ADMIN_WRITE"),
      resource: ({ service: given }) => given?.name ?? "",
      handle: ({ service: given, updateMask }) => {
        if (given === undefined) throw invalid(badField("service", undefined, "A service must be given."));
        const changed = schemas.clone(serviceSchema, service(given.name));
        const paths = updateMask === undefined || updateMask.paths.length === 0 ? ["*"] : updateMask.paths;
        applyFieldMask(serviceSchema, changed, given, { paths, changeable: ofService });
        services.put(changed.name, changed);
        return shown(changed);
      },
    },
    deleteService: {
      ...access("services.delete", "ADMIN_WRITE"),
      resource: ({ name }) => name,
      handle: ({ name: given }) => {
        const { name } = service(given);
        db.tx(() => {
          objectives.deleteUnder(`${name}/`);
          services.delete(name);
        });
        return {};
      },
    },
    createServiceLevelObjective: {
      ...access("slos.create", "ADMIN_WRITE"),
      resource: ({ parent }) => parent,
      handle: ({ parent, serviceLevelObjectiveId: id, serviceLevelObjective: given }) => {
        if (given === undefined) throw invalid(badField("service_level_objective", undefined, "One must be given."));
        const owner = service(parent).name;
        const made = schemas.clone(objectiveSchema, given);
        made.name = `${owner}/serviceLevelObjectives/${checkedId("service_level_objective_id", id) || newId(host)}`;
        checkGoal(made.goal);
        insert<typeof objectiveSchema>(objectives, made);
        return shown(made);
      },
    },
    getServiceLevelObjective: {
      ...access("slos.get", "ADMIN_READ"),
      resource: ({ name }) => name,
      handle: ({ name }) => shown(objective(name)),
    },
    listServiceLevelObjectives: {
      ...access("slos.list", "ADMIN_READ"),
      resource: ({ parent }) => parent,
      handle: (request) => {
        const parent = service(request.parent).name;
        const { items, nextPageToken } = objectives.list({ parent, ...page(request, objectiveSchema) });
        return { serviceLevelObjectives: items.map(shown), nextPageToken };
      },
    },
    updateServiceLevelObjective: {
      ...access("slos.update", "ADMIN_WRITE"),
      resource: ({ serviceLevelObjective: given }) => given?.name ?? "",
      handle: ({ serviceLevelObjective: given, updateMask }) => {
        if (given === undefined) throw invalid(badField("service_level_objective", undefined, "One must be given."));
        const changed = schemas.clone(objectiveSchema, objective(given.name));
        const paths = updateMask === undefined || updateMask.paths.length === 0 ? ["*"] : updateMask.paths;
        applyFieldMask(objectiveSchema, changed, given, { paths, changeable: ofObjective });
        checkGoal(changed.goal);
        objectives.put(changed.name, changed);
        return shown(changed);
      },
    },
    deleteServiceLevelObjective: {
      ...access("slos.delete", "ADMIN_WRITE"),
      resource: ({ name }) => name,
      handle: ({ name }) => {
        objectives.delete(objective(name).name);
        return {};
      },
    },
  });
}

/** An id that may be left out. */
function checkedId(field: string, id: string): string {
  if (id === "" || /^[a-zA-Z0-9_.:-]{1,63}$/.test(id)) return id;
  throw invalid(badField(field, id, "It may have letters, digits, hyphens, underscores, colons and periods."));
}

function checkGoal(goal: number): void {
  if (goal > 0 && goal <= 0.9999) return;
  throw invalid(badField("service_level_objective.goal", String(goal), "It must be above 0 and at most 0.9999."));
}
