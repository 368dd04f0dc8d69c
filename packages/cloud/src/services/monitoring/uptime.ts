import type { UptimeCheckConfigSchema } from "../../../gen/types/google/monitoring/v3/uptime_pb.js";
import type { UptimeCheckService } from "../../../gen/types/google/monitoring/v3/uptime_service_pb.js";
import type { Host } from "../../host.ts";
import { type RpcService, rpc } from "../../service.ts";
import { collection } from "../../store/collection.ts";
import { applyFieldMask } from "../../wire/field-mask.ts";
import { compileFilter } from "../../wire/filter.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import type { Policies } from "./alerts.ts";
import { access } from "./kept.ts";
import { badField, invalid, projectOfName } from "./rules.ts";
import { uptimeCheckIps } from "./uptime-ips.ts";
import { checkUptime, fillUptime, shownUptime, slug } from "./uptime-rules.ts";

const changeable = [
  "display_name",
  "http_check",
  "tcp_check",
  "period",
  "timeout",
  "content_matchers",
  "selected_regions",
  "user_labels",
];

/** `google.monitoring.v3.UptimeCheckService`: checks are kept and their secrets masked; none is run, which is said. */
export function uptimeRpc(host: Host, policies: Policies): RpcService {
  const { db, schemas, projects, ids } = host;
  const schema = schemas.message<typeof UptimeCheckConfigSchema>("google.monitoring.v3.UptimeCheckConfig");
  const configs = collection({ db, schemas, table: "uptime_check_configs", schema });

  const find = (given: string) => {
    const found = configs.get(projects.canonical(given));
    if (found !== undefined) return found;
    const why = `Config not found for check ${given.split("/").at(-1)} in project ${projectOfName(given)}`;
    throw new RpcError("NOT_FOUND", why);
  };
  const ofParent = ({ parent }: { readonly parent: string }): string => `projects/${projectOfName(parent)}`;

  return rpc<typeof UptimeCheckService>("google.monitoring.v3.UptimeCheckService", {
    listUptimeCheckConfigs: {
      ...access("uptimeCheckConfigs.list", "ADMIN_READ"),
      resource: ofParent,
      handle: (request) => {
        const parent = projects.canonical(ofParent(request));
        const where = compileFilter(request.filter, schema);
        const pageSize = request.pageSize > 0 ? Math.min(request.pageSize, 1000) : 100;
        const { items, nextPageToken } = configs.list({ parent, where, pageSize, pageToken: request.pageToken });
        return {
          uptimeCheckConfigs: items.map((each) => shownUptime(schema, each)),
          nextPageToken,
          totalSize: configs.count(parent),
        };
      },
    },
    getUptimeCheckConfig: {
      ...access("uptimeCheckConfigs.get", "ADMIN_READ"),
      resource: ({ name }) => name,
      handle: ({ name }) => shownUptime(schema, find(name)),
    },
    createUptimeCheckConfig: {
      ...access("uptimeCheckConfigs.create", "ADMIN_WRITE"),
      resource: ofParent,
      handle: (request) => {
        const { uptimeCheckConfig: given } = request;
        if (given === undefined) throw invalid(badField("uptime_check_config", undefined, "A check must be given."));
        checkUptime(given);
        const parent = projects.canonical(ofParent(request));
        const made = schemas.clone(schema, given);
        fillUptime(made, parent.slice("projects/".length));
        made.name = `${parent}/uptimeCheckConfigs/${slug(made.displayName)}-${ids.short(11)}`;
        configs.put(made.name, made);
        host.note("monitoring.uptime", "Monitoring: uptime checks are kept; none is run.");
        return shownUptime(schema, made);
      },
    },
    updateUptimeCheckConfig: {
      ...access("uptimeCheckConfigs.update", "ADMIN_WRITE"),
      resource: ({ uptimeCheckConfig }) => uptimeCheckConfig?.name ?? "",
      handle: ({ uptimeCheckConfig: given, updateMask }) => {
        if (given === undefined) throw invalid(badField("uptime_check_config", undefined, "A check must be given."));
        const before = find(given.name);
        const changed = schemas.clone(schema, before);
        const paths = updateMask?.paths ?? [];
        if (paths.length > 0) applyFieldMask(schema, changed, schemas.clone(schema, given), { paths, changeable });
        else {
          const { name, resource } = before;
          Object.assign(changed, schemas.clone(schema, given), { name });
          if (given.resource.case === undefined) changed.resource = resource;
        }
        checkUptime(changed);
        fillUptime(changed, projects.canonical(changed.name).split("/")[1] ?? "");
        configs.put(changed.name, changed);
        return shownUptime(schema, changed);
      },
    },
    deleteUptimeCheckConfig: {
      ...access("uptimeCheckConfigs.delete", "ADMIN_WRITE"),
      resource: ({ name }) => name,
      handle: ({ name: given }) => {
        const { name } = find(given);
        const [parent = "", id = ""] = name.split("/uptimeCheckConfigs/");
        const users = policies.watching(parent, `"${id}"`);
        if (users > 0) {
          const why = `Cannot delete check ${id}: ${users} alerting policies use it. Delete them, then try again.`;
          throw invalid(why);
        }
        configs.delete(name);
        return {};
      },
    },
    listUptimeCheckIps: {
      permission: [],
      resource: () => "",
      handle: () => ({ uptimeCheckIps }),
    },
  });
}
