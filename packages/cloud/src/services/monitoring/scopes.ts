import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { OperationMetadata_State as State } from "../../../gen/monitoring-v3.enums.ts";
import type {
  MetricsScopeSchema,
  MonitoredProjectSchema,
} from "../../../gen/types/google/monitoring/metricsscope/v1/metrics_scope_pb.js";
import type {
  MetricsScopes,
  OperationMetadataSchema,
} from "../../../gen/types/google/monitoring/metricsscope/v1/metrics_scopes_pb.js";
import type { Host, Project } from "../../host.ts";
import { type Call, type RpcService, rpc } from "../../service.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { badField, invalid } from "./rules.ts";
import { monitoredProjects } from "./scope-store.ts";

const own = "google.monitoring.metricsscope.v1.";
const api = "monitoring.googleapis.com";
const root = "locations/global/metricsScopes";
const form = new RegExp(`^${root}/([^/]+)(?:/projects/([^/]+))?$`);
const link = "monitoring.metricsScopes.link";

/** `google.monitoring.metricsscope.v1.MetricsScopes`: whose time series a project sees beside its own. */
export function scopesRpc(host: Host): RpcService {
  const { schemas, projects, clock, operations } = host;
  const store = monitoredProjects(host);
  const monitoredSchema = schemas.message<typeof MonitoredProjectSchema>(`${own}MonitoredProject`);
  const metadataSchema = schemas.message<typeof OperationMetadataSchema>(`${own}OperationMetadata`);
  const empty = schemas.message("google.protobuf.Empty");

  const project = (given: string): Project => {
    const found = projects.get(given);
    if (found === undefined) throw new RpcError("NOT_FOUND", "Requested entity was not found.");
    return found;
  };
  const parts = (name: string): readonly [scope: string, monitored: string] => {
    const [, scope, monitored = ""] = form.exec(name) ?? [];
    if (scope === undefined) throw invalid(badField("name", name, `It must begin with ${root}/PROJECT.`));
    return [scope, monitored];
  };
  const ofScope = (name: string): string => `projects/${parts(name)[0]}`;
  const monitored = (scope: Project, each: Project, atMs: number): MessageInitShape<typeof MonitoredProjectSchema> => ({
    name: `${root}/${scope.number}/projects/${each.number}`,
    createTime: timestampFromMs(atMs),
  });
  const shown = (scope: Project): MessageInitShape<typeof MetricsScopeSchema> => {
    const others = store.of(scope.id);
    const last = Math.max(store.changedMs(scope), store.createdMs(scope));
    return {
      name: `${root}/${scope.number}`,
      createTime: timestampFromMs(store.createdMs(scope)),
      updateTime: timestampFromMs(last),
      monitoredProjects: [
        monitored(scope, scope, store.createdMs(scope)),
        ...others.flatMap(({ id, atMs }) => {
          const found = projects.get(id);
          return found === undefined ? [] : [monitored(scope, found, atMs)];
        }),
      ],
    };
  };
  /** Both ends of a link must be the caller's to link. */
  const linked = (name: string, call: Call): readonly [Project, Project] => {
    const [scope, other] = parts(name).map(project) as [Project, Project];
    host.iam.require(call.caller, [link], `${api}/projects/${other.id}`);
    return [scope, other];
  };
  /** Done when it is answered, as recorded ones are. */
  const done = (target: string, response: typeof monitoredSchema | typeof empty, value: object): never => {
    const now = timestampFromMs(clock.now());
    const metadata = { schema: metadataSchema, value: { state: State.DONE, createTime: now, updateTime: now } };
    const operation = operations.start({ api, parent: "", target, response, metadata });
    operation.succeed(value);
    return operations.message(operation.name) as never;
  };

  return rpc<typeof MetricsScopes>(`${own}MetricsScopes`, {
    getMetricsScope: {
      permission: "resourcemanager.projects.get",
      resource: ({ name }) => ofScope(name),
      audit: "ADMIN_READ",
      handle: ({ name }) => shown(project(parts(name)[0])),
    },
    listMetricsScopesByMonitoredProject: {
      permission: "resourcemanager.projects.get",
      resource: ({ monitoredResourceContainer }) => monitoredResourceContainer,
      audit: "ADMIN_READ",
      handle: ({ monitoredResourceContainer: given }) => {
        const self = project(given.replace(/^projects\//, ""));
        const scopes = store.scopesOf(self.id).flatMap((id) => projects.get(id) ?? []);
        return { metricsScopes: [self, ...scopes].map(shown) };
      },
    },
    createMonitoredProject: {
      permission: link,
      resource: ({ parent }) => ofScope(parent),
      audit: "ADMIN_WRITE",
      handle: ({ parent, monitoredProject }, call) => {
        const name = monitoredProject?.name ?? "";
        if (parts(name)[1] === "" || project(parts(name)[0]).id !== project(parts(parent)[0]).id) {
          throw invalid(badField("monitored_project.name", name, `It must be ${parent}/projects/PROJECT.`));
        }
        const [scope, other] = linked(name, call);
        if (scope.id === other.id || !store.add(scope.id, other.id)) {
          throw new RpcError("ALREADY_EXISTS", "Requested entity already exists");
        }
        return done(`projects/${scope.id}`, monitoredSchema, monitored(scope, other, clock.now()));
      },
    },
    deleteMonitoredProject: {
      permission: link,
      resource: ({ name }) => ofScope(name),
      audit: "ADMIN_WRITE",
      handle: ({ name }, call) => {
        const [scope, other] = linked(name, call);
        if (scope.id === other.id) throw invalid(badField("name", name, "A project always monitors itself."));
        if (!store.remove(scope.id, other.id)) throw new RpcError("NOT_FOUND", "Requested entity was not found.");
        return done(`projects/${scope.id}`, empty, {});
      },
    },
  });
}
