import { createHash } from "node:crypto";
import type { MessageShape } from "@bufbuild/protobuf";
import type { DashboardSchema } from "../../../gen/types/google/monitoring/dashboard/v1/dashboard_pb.js";
import type { DashboardsService } from "../../../gen/types/google/monitoring/dashboard/v1/dashboards_service_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { collection } from "../../store/collection.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { checkDashboard, fillDefaults } from "./dashboard-rules.ts";
import { access } from "./kept.ts";
import { badField, invalid, projectOfName } from "./rules.ts";

type Dashboard = MessageShape<typeof DashboardSchema>;

export const dashboardsType = "google.monitoring.dashboard.v1.DashboardsService";

export interface Dashboards {
  readonly schema: typeof DashboardSchema;
  /** `written`: its JSON as it came, to be answered in the same spelling; undefined where it came as a message. */
  create(
    request: { parent: string; dashboard?: Dashboard | undefined; validateOnly: boolean },
    written?: string,
  ): Dashboard;
  update(request: { dashboard?: Dashboard | undefined; validateOnly: boolean }, written?: string): Dashboard;
  /** Throws NOT_FOUND. */
  get(name: string): Dashboard;
  list(request: { parent: string; pageSize: number; pageToken: string }): {
    readonly dashboards: Dashboard[];
    readonly nextPageToken: string;
  };
  delete(name: string): void;
  /** JSON as it came, by the name that was answered. */
  written(name: string): string | undefined;
}

/** Who may call what, and on which resource: over gRPC as over REST. */
export const dashboardAccess = {
  create: access("dashboards.create", "ADMIN_WRITE"),
  list: access("dashboards.list", "ADMIN_READ"),
  get: access("dashboards.get", "ADMIN_READ"),
  update: access("dashboards.update", "ADMIN_WRITE"),
  delete: access("dashboards.delete", "ADMIN_WRITE"),
} as const;

/** Dashboards: what a project shows, kept as it is given, with what Google fills in. */
export function createDashboards(host: Host): Dashboards {
  const { db, schemas, projects, ids } = host;
  const schema = schemas.message<typeof DashboardSchema>("google.monitoring.dashboard.v1.Dashboard");
  const all = collection({ db, schemas, table: "monitoring_dashboards", schema });
  db.define("CREATE TABLE IF NOT EXISTS monitoring_dashboards_written (name TEXT PRIMARY KEY, json TEXT NOT NULL)");

  /** Names are answered with the project's number. */
  const shown = (dashboard: Dashboard): Dashboard => {
    const number = projects.get(projectOfName(dashboard.name))?.number;
    return number === undefined
      ? dashboard
      : { ...dashboard, name: dashboard.name.replace(/^projects\/[^/]+/, `projects/${number}`) };
  };
  const find = (name: string): Dashboard => {
    const found = all.get(projects.canonical(name));
    if (found === undefined) throw new RpcError("NOT_FOUND", "Requested entity was not found.");
    return found;
  };
  const forget = (name: string): void =>
    void db.prepare("DELETE FROM monitoring_dashboards_written WHERE name = ?").run(name);
  const save = (made: Dashboard, written: string | undefined): void =>
    db.tx(() => {
      all.put(made.name, made);
      forget(made.name);
      if (written === undefined) return;
      db.prepare("INSERT INTO monitoring_dashboards_written (name, json) VALUES (?, ?)").run(made.name, written);
    });
  const finished = (given: Dashboard, name: string): Dashboard => {
    const made = schemas.clone(schema, given);
    checkDashboard(made);
    fillDefaults(schemas, made);
    made.name = name;
    made.etag = "";
    made.etag = createHash("sha256").update(schemas.encode(schema, made)).digest("hex").slice(0, 32);
    return made;
  };

  return {
    schema,
    create: ({ parent, dashboard, validateOnly }, written) => {
      if (dashboard === undefined) throw invalid(badField("dashboard", undefined, "A dashboard must be given."));
      const under = `${projects.canonical(`projects/${projectOfName(parent)}`)}/dashboards/`;
      const name = dashboard.name === "" ? under + ids.uuid() : projects.canonical(dashboard.name);
      const id = name.startsWith(under) ? name.slice(under.length) : "";
      if (!/^[a-zA-Z0-9_-]{1,63}$/.test(id)) {
        throw invalid(badField("dashboard.name", dashboard.name, `It must be ${parent}/dashboards/DASHBOARD_ID.`));
      }
      const made = finished(dashboard, name);
      if (all.has(name)) throw new RpcError("ALREADY_EXISTS", "Requested entity already exists");
      if (!validateOnly) save(made, written);
      return shown(made);
    },
    update: ({ dashboard, validateOnly }, written) => {
      if (dashboard === undefined) throw invalid(badField("dashboard", undefined, "A dashboard must be given."));
      const before = find(dashboard.name);
      if (dashboard.etag === "") throw invalid("Update Dashboard should specify a non empty etag.");
      if (dashboard.etag !== before.etag) {
        throw new RpcError("ABORTED", "The dashboard was changed since its etag was read: read it again.");
      }
      const made = finished(dashboard, before.name);
      if (!validateOnly) save(made, written);
      return shown(made);
    },
    get: (name) => shown(find(name)),
    list: ({ parent, pageSize, pageToken }) => {
      const { items, nextPageToken } = all.list({
        parent: projects.canonical(`projects/${projectOfName(parent)}`),
        pageSize: pageSize > 0 ? Math.min(pageSize, 1000) : 1000,
        pageToken,
      });
      return { dashboards: items.map(shown), nextPageToken };
    },
    delete: (given) => {
      const { name } = find(given);
      db.tx(() => {
        all.delete(name);
        forget(name);
      });
    },
    written: (name) => {
      const row = db
        .prepare("SELECT json FROM monitoring_dashboards_written WHERE name = ?")
        .get(projects.canonical(name));
      return row === undefined ? undefined : String(row.json);
    },
  };
}

/** `google.monitoring.dashboard.v1.DashboardsService` over gRPC; over REST, `dashboards-rest.ts` answers. */
export function dashboardsRpc(dashboards: Dashboards): RpcService {
  const { create, list, get, update, delete: remove } = dashboardAccess;
  return rpc<typeof DashboardsService>(dashboardsType, {
    createDashboard: { ...create, resource: ({ parent }) => parent, handle: (request) => dashboards.create(request) },
    listDashboards: { ...list, resource: ({ parent }) => parent, handle: (request) => dashboards.list(request) },
    getDashboard: { ...get, resource: ({ name }) => name, handle: ({ name }) => dashboards.get(name) },
    updateDashboard: {
      ...update,
      resource: ({ dashboard }) => dashboard?.name ?? "",
      handle: (request) => dashboards.update(request),
    },
    deleteDashboard: {
      ...remove,
      resource: ({ name }) => name,
      handle: ({ name }) => {
        dashboards.delete(name);
        return {};
      },
    },
  });
}
