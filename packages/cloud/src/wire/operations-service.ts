import type { MovableClock } from "@aloft/kit/clock";
import type { Message } from "@bufbuild/protobuf";
import type { Operations as OperationsDesc } from "../../gen/types/google/longrunning/operations_pb.js";
import { permissions } from "../chain/permissions.ts";
import type { Projects } from "../host.ts";
import { type Access, rpc, type ServiceParts } from "../service.ts";
import { pageToken, readPageToken } from "../store/collection.ts";
import type { ExtraRoutes } from "./api.ts";
import { compileFilter } from "./filter.ts";
import { notFound, type OperationRow, type OperationStore } from "./operations.ts";
import { RpcError } from "./rpc-error.ts";
import type { SchemaSet } from "./schemas.ts";

const known = new Set(permissions);
const defaultPage = 100;

/** `google.longrunning.Operations` of one API: over gRPC as it is, over REST at the names that the API gives. */
export function operationsOf(parts: {
  readonly api: string;
  readonly at: NonNullable<ServiceParts["operations"]> | undefined;
  readonly store: OperationStore;
  readonly projects: Projects;
  readonly schemas: SchemaSet;
  readonly clock: MovableClock;
}): ExtraRoutes {
  const { api, at, store, projects, schemas, clock } = parts;
  const short = api.slice(0, api.indexOf("."));

  const row = (name: string): OperationRow => {
    const found = store.find(projects.canonical(name));
    if (found === undefined || found.api !== api) throw notFound(name);
    return found;
  };
  /** An operation in the shape that a typed handler answers. */
  const message = (name: string): never => {
    const found = store.message(name) as Message & { name: string };
    const [, id = ""] = /^projects\/([^/]+)/.exec(name) ?? [];
    const number = at?.numbered ? projects.get(id)?.number : undefined;
    if (number !== undefined) found.name = name.replace(/^projects\/[^/]+/, `projects/${number}`);
    return found as never;
  };
  /** An operation without a project in its name belongs to the project that it works on. */
  const access = (verb: string): Access<{ readonly name: string }> => {
    const permission = `${short}.operations.${verb}`;
    return {
      permission: known.has(permission) ? permission : [],
      resource: ({ name }) => (name.startsWith("projects/") ? name : (store.find(name)?.target ?? name)),
    };
  };

  const operations = rpc<typeof OperationsDesc>("google.longrunning.Operations", {
    getOperation: { ...access("get"), handle: ({ name }) => message(row(name).name) },
    listOperations: {
      ...access("list"),
      handle: ({ name, filter, pageSize, pageToken: token }) => {
        const parent = projects.canonical(name.replace(/\/?operations$/, ""));
        const scope = `${api} ${parent} ${filter}`;
        const keep = compileFilter(filter, schemas.message("google.longrunning.Operation"));
        const size = pageSize > 0 ? Math.min(pageSize, 1000) : defaultPage;
        const before = token === "" ? undefined : Number(readPageToken(token, scope));
        const found: Message[] = [];
        let last = 0;
        for (const each of store.list(api, parent, before)) {
          const operation: Message = message(each.name);
          if (!keep(operation)) continue;
          if (found.length === size)
            return { operations: found as never, nextPageToken: pageToken(String(last), scope) };
          found.push(operation);
          last = each.seq;
        }
        return { operations: found as never };
      },
    },
    deleteOperation: {
      ...access("delete"),
      handle: ({ name }) => {
        const found = row(name);
        if (!found.done) throw new RpcError("FAILED_PRECONDITION", `Operation '${name}' is not done.`);
        store.remove(found.name);
        return {};
      },
    },
    cancelOperation: {
      ...access("cancel"),
      handle: ({ name }) => {
        if (!row(name).done) throw new RpcError("UNIMPLEMENTED", `Operation '${name}' cannot be cancelled.`);
        return {};
      },
    },
    waitOperation: {
      ...access("get"),
      handle: async ({ name, timeout }, call) => {
        const found = row(name);
        const patience = new AbortController();
        const ms = timeout === undefined ? undefined : Number(timeout.seconds) * 1000 + timeout.nanos / 1e6;
        const stop = ms === undefined ? () => undefined : clock.after(ms, () => patience.abort());
        await store.done(found.name, AbortSignal.any([call.signal, patience.signal]));
        stop();
        return message(found.name);
      },
    },
  });
  return { rpc: operations, bindings: at === undefined ? {} : bindings(at) };
}

function bindings({ version, names }: NonNullable<ServiceParts["operations"]>): ExtraRoutes["bindings"] {
  const one = (verb: string, suffix = "", body = "") =>
    names.map((name) => ({ verb, template: `/${version}/{name=${name}}${suffix}`, body }));
  const list = names.map((name) => {
    const parent = name.replace(/\/?operations\/\*\*?$/, "");
    return { verb: "GET", template: `/${version}/${parent === "" ? "" : `{name=${parent}}/`}operations`, body: "" };
  });
  return {
    getOperation: one("GET"),
    listOperations: list,
    deleteOperation: one("DELETE"),
    cancelOperation: one("POST", ":cancel", "*"),
    waitOperation: one("POST", ":wait", "*"),
  };
}
