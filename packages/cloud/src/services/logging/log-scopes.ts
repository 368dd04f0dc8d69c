import type { Host } from "../../host.ts";
import type { Json, JsonObject, RestMethod, RestRequest } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { checkId, forms, idOf, invalid, nameAs, projectNameOf } from "./config-names.ts";

const form = "projects/*/locations/*/logScopes/*";
const service = "google.logging.v2.ConfigServiceV2";
const changeable = ["description", "resourceNames"];
/** https://cloud.google.com/logging/docs/log-scope/create-and-manage */
const most = { resources: 100, projects: 5 };

/** Log scopes, which Google defines by a discovery document: named lists of what is searched together. */
export function logScopes(host: Host): readonly RestMethod[] {
  const { db, projects, clock } = host;
  db.define("CREATE TABLE IF NOT EXISTS log_scopes (name TEXT PRIMARY KEY, json TEXT NOT NULL)");

  const fullName = (name: string): string => nameAs(form, name, projects);
  const nameOf = ({ params }: RestRequest): string => params.name ?? "";
  const parentOf = ({ params }: RestRequest): string => params.parent ?? "";
  const now = (): string => new Date(clock.now()).toISOString();
  const builtIn = (name: string): JsonObject | undefined =>
    /\/locations\/global\/logScopes\/_Default$/.test(name) ? { name, resourceNames: [projectNameOf(name)] } : undefined;
  const stored = (name: string): JsonObject | undefined => {
    const row = db.prepare("SELECT json FROM log_scopes WHERE name = ?").get(name);
    return row === undefined ? builtIn(name) : (JSON.parse(String(row.json)) as JsonObject);
  };
  const find = (given: string): JsonObject => {
    const found = stored(fullName(given));
    if (found === undefined) throw new RpcError("NOT_FOUND", `Log scope ${given} does not exist`);
    return found;
  };
  const save = (name: string, scope: JsonObject): JsonObject => {
    db.prepare("INSERT OR REPLACE INTO log_scopes (name, json) VALUES (?, ?)").run(name, JSON.stringify(scope));
    return scope;
  };
  const read = (body: JsonObject): JsonObject => {
    const unknown = Object.keys(body).find((key) => !["name", "createTime", "updateTime", ...changeable].includes(key));
    if (unknown !== undefined)
      throw invalid(`Invalid JSON payload received. Unknown name "${unknown}": Cannot find field.`);
    return Object.fromEntries(Object.entries(body).filter(([key]) => changeable.includes(key)));
  };
  const check = ({ resourceNames, description = "" }: JsonObject): void => {
    if (typeof description !== "string" || description.length > 8000) {
      throw invalid("A description is a text of at most 8000 characters.");
    }
    const names = Array.isArray(resourceNames) ? resourceNames : [];
    if (names.length === 0 || names.length > most.resources) {
      throw invalid(`A log scope must have 1 to ${most.resources} resource_names.`);
    }
    for (const name of names)
      nameAs(/\/views\//.test(String(name)) ? forms.view : forms.project, String(name), projects);
    if (names.filter((name) => !/\/views\//.test(String(name))).length > most.projects) {
      throw invalid(`A log scope may have ${most.projects} projects at most.`);
    }
  };
  const one = `/v2/{name=${form}}`;
  const many = "/v2/{parent=projects/*/locations/*}/logScopes";

  return [
    {
      id: `${service}.ListLogScopes`,
      verb: "GET",
      path: many,
      permission: "logging.logScopes.list",
      resource: parentOf,
      audit: "ADMIN_READ",
      handle: (request) => {
        const parent = nameAs(forms.location, parentOf(request), projects);
        const size = Number(request.query.get("pageSize") ?? 0) || 100;
        const token = request.query.get("pageToken") ?? "";
        const after = token === "" ? "" : readPageToken(token, parent);
        const own = stored(`${parent}/logScopes/_Default`);
        const rows = db.prepare("SELECT json FROM log_scopes WHERE name > ? AND name < ? ORDER BY name");
        const others = rows.all(`${parent}/logScopes/`, `${parent}/logScopes0`);
        const all = others.map((row) => JSON.parse(String(row.json)) as JsonObject);
        if (own !== undefined && !all.some(({ name }) => name === own.name)) all.unshift(own);
        const rest = all
          .filter(({ name }) => String(name) > after)
          .sort((a, b) => (String(a.name) < String(b.name) ? -1 : 1));
        const page = rest.slice(0, size);
        const next = page.length < rest.length ? { nextPageToken: pageToken(String(page.at(-1)?.name), parent) } : {};
        return { ...(page.length === 0 ? {} : { logScopes: page as readonly Json[] }), ...next };
      },
    },
    {
      id: `${service}.GetLogScope`,
      verb: "GET",
      path: one,
      permission: "logging.logScopes.get",
      resource: nameOf,
      audit: "ADMIN_READ",
      handle: (request) => find(nameOf(request)),
    },
    {
      id: `${service}.CreateLogScope`,
      verb: "POST",
      path: many,
      permission: "logging.logScopes.create",
      resource: parentOf,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const id = request.query.get("logScopeId") ?? request.query.get("log_scope_id") ?? "";
        checkId("Log scope", id);
        const name = `${nameAs(forms.location, parentOf(request), projects)}/logScopes/${id}`;
        if (!name.includes("/locations/global/")) throw invalid("A log scope's location must be global.");
        const scope = read(request.body);
        check(scope);
        if (stored(name) !== undefined) throw new RpcError("ALREADY_EXISTS", `Log scope ${name} already exists`);
        return save(name, { name, ...scope, createTime: now(), updateTime: now() });
      },
    },
    {
      id: `${service}.UpdateLogScope`,
      verb: "PATCH",
      path: one,
      permission: "logging.logScopes.update",
      resource: nameOf,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const before = find(nameOf(request));
        const given = read(request.body);
        const mask = request.query.get("updateMask") ?? request.query.get("update_mask") ?? "";
        const paths = mask === "" || mask === "*" ? changeable : mask.split(",").map(camel);
        const wrong = paths.find((path) => !changeable.includes(path));
        if (wrong !== undefined) throw invalid(`Invalid update_mask: the field '${wrong}' cannot be updated.`);
        const changed: JsonObject = {
          ...before,
          ...Object.fromEntries(paths.map((path) => [path, given[path]])),
          updateTime: now(),
        };
        check(changed);
        return save(fullName(nameOf(request)), changed);
      },
    },
    {
      id: `${service}.DeleteLogScope`,
      verb: "DELETE",
      path: one,
      permission: "logging.logScopes.delete",
      resource: nameOf,
      audit: "ADMIN_WRITE",
      handle: (request) => {
        const name = String(find(nameOf(request)).name);
        if (idOf(name) === "_Default") throw invalid("Log scope _Default cannot be deleted.");
        db.prepare("DELETE FROM log_scopes WHERE name = ?").run(name);
        return {};
      },
    },
  ];
}

function camel(path: string): string {
  return path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
