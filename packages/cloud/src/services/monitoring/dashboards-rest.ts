import type { MessageShape } from "@bufbuild/protobuf";
import type { DashboardSchema } from "../../../gen/types/google/monitoring/dashboard/v1/dashboard_pb.js";
import type { Host } from "../../host.ts";
import type { Json, JsonObject, RestMethod, RestRequest } from "../../service.ts";
import { toProtoJson } from "../../wire/json.ts";
import { decodeInto } from "../../wire/json-decode.ts";
import type { JsonIn } from "../../wire/json-text.ts";
import type { SchemaSet } from "../../wire/schemas.ts";
import { Violations } from "../../wire/violations.ts";
import { asWritten, writtenText } from "./dashboard-json.ts";
import { type Dashboards, dashboardAccess, dashboardsType } from "./dashboards.ts";
import { badField, invalid } from "./rules.ts";

type Dashboard = MessageShape<typeof DashboardSchema>;

/** Dashboards over REST: as the protos bind them, but answered in their author's own spelling. */
export function dashboardsRest(host: Host, dashboards: Dashboards): readonly RestMethod[] {
  const schemas = host.schemas as SchemaSet;

  const read = ({ body }: RestRequest): Dashboard => {
    const violations = new Violations();
    const dashboard = schemas.create(dashboards.schema);
    decodeInto({ violations, find: schemas.find }, dashboards.schema, dashboard, body as JsonIn, "dashboard");
    violations.throwIfAny();
    return dashboard;
  };
  /** The names and numbers of the official clients' own encoder are nobody's spelling. */
  const spelling = ({ body, enumAsInteger }: RestRequest): string | undefined =>
    enumAsInteger ? undefined : writtenText(body);
  const answer = (dashboard: Dashboard, { enumAsInteger = false }: RestRequest, written?: string): JsonObject => {
    const json = toProtoJson(schemas, dashboards.schema, dashboard as never, { enumAsInteger }) as JsonObject;
    const kept = enumAsInteger ? undefined : (written ?? dashboards.written(dashboard.name));
    if (kept === undefined) return json;
    const { name, etag } = json;
    return { ...(asWritten(json, JSON.parse(kept) as Json) as JsonObject), name, etag };
  };
  const validateOnly = ({ query }: RestRequest): boolean =>
    flag(query.get("validateOnly") ?? query.get("validate_only"));
  const nameOf = ({ params }: RestRequest): string => params.name ?? "";
  const parentOf = ({ params }: RestRequest): string => params.parent ?? "";
  const one = "/v1/{name=projects/*/dashboards/*}";
  const many = "/v1/{parent=projects/*}/dashboards";

  return [
    {
      id: `${dashboardsType}.CreateDashboard`,
      verb: "POST",
      path: many,
      ...dashboardAccess.create,
      resource: parentOf,
      handle: (request) => {
        const made = { parent: parentOf(request), dashboard: read(request), validateOnly: validateOnly(request) };
        return answer(dashboards.create(made, spelling(request)), request, spelling(request));
      },
    },
    {
      id: `${dashboardsType}.ListDashboards`,
      verb: "GET",
      path: many,
      ...dashboardAccess.list,
      resource: parentOf,
      handle: (request) => {
        const { query } = request;
        const page = { pageSize: size(query.get("pageSize")), pageToken: query.get("pageToken") ?? "" };
        const { dashboards: found, nextPageToken } = dashboards.list({ parent: parentOf(request), ...page });
        return {
          ...(found.length === 0 ? {} : { dashboards: found.map((each) => answer(each, request)) }),
          ...(nextPageToken === "" ? {} : { nextPageToken }),
        };
      },
    },
    {
      id: `${dashboardsType}.GetDashboard`,
      verb: "GET",
      path: one,
      ...dashboardAccess.get,
      resource: nameOf,
      handle: (request) => answer(dashboards.get(nameOf(request)), request),
    },
    {
      id: `${dashboardsType}.UpdateDashboard`,
      verb: "PATCH",
      path: one,
      ...dashboardAccess.update,
      resource: nameOf,
      handle: (request) => {
        const dashboard = { ...read(request), name: nameOf(request) };
        const made = dashboards.update({ dashboard, validateOnly: validateOnly(request) }, spelling(request));
        return answer(made, request, spelling(request));
      },
    },
    {
      id: `${dashboardsType}.DeleteDashboard`,
      verb: "DELETE",
      path: one,
      ...dashboardAccess.delete,
      resource: nameOf,
      handle: (request) => {
        dashboards.delete(nameOf(request));
        return {};
      },
    },
  ];
}

/** Python's clients, gcloud among them, write `True`. */
function flag(text: string | null): boolean {
  if (text === null || /^false$/i.test(text)) return false;
  if (/^true$/i.test(text)) return true;
  throw invalid(badField("validate_only", text, "It must be true or false."));
}

function size(text: string | null): number {
  const number = Number(text ?? 0);
  if (Number.isInteger(number) && number >= 0) return number;
  throw invalid(badField("page_size", text ?? "", "It must be a positive number."));
}
