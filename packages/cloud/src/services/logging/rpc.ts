import { createHash } from "node:crypto";
import type { LoggingServiceV2 } from "../../../gen/types/google/logging/v2/logging_pb.js";
import type { Host } from "../../host.ts";
import { type Principal, type RpcService, rpc } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { compileQuery } from "./query-eval.ts";
import { parseQuery } from "./query-parse.ts";
import { isPrivate, newestFirst, projectOfLog, projectOfName } from "./rules.ts";
import { entryCodec, logStore } from "./store.ts";
import { tail } from "./tail.ts";
import { spanOf } from "./times.ts";
import { writeEntries } from "./write.ts";

const largestPage = 1000;
const defaultPage = 50;

/** `google.logging.v2.LoggingServiceV2`: entries written, listed, followed; logs listed and deleted. */
export function loggingRpc(host: Host): RpcService {
  const codec = entryCodec(host);
  const logs = logStore(host);

  /** Projects by id, after the caller may list entries in each but the first, which the chain has checked. */
  const projectsOf = (resourceNames: readonly string[], caller: Principal): readonly string[] =>
    resourceNames.map((name, i) => {
      const id = projectIdOf(host, projectOfName(name));
      if (i > 0) host.iam.require(caller, ["logging.logEntries.list"], `logging.googleapis.com/projects/${id}`);
      return id;
    });
  const readable = (projects: readonly string[], caller: Principal): ((logName: string) => boolean) => {
    const open = new Set(
      projects.filter((id) =>
        host.iam.allowed(caller, "logging.privateLogEntries.list", `logging.googleapis.com/projects/${id}`),
      ),
    );
    return (logName) => !isPrivate(logName) || open.has(logName.split("/")[1] ?? "");
  };

  return rpc<typeof LoggingServiceV2>("google.logging.v2.LoggingServiceV2", {
    writeLogEntries: {
      permission: "logging.logEntries.create",
      resource: ({ logName, entries }) => parentOf(logName || entries[0]?.logName || ""),
      handle: (request, call) => writeEntries(host, codec, request, call.caller),
    },
    listLogEntries: {
      permission: "logging.logEntries.list",
      resource: ({ resourceNames }) => firstOf(resourceNames),
      audit: "DATA_READ",
      handle: ({ resourceNames, filter, orderBy, pageSize, pageToken: token }, call) => {
        const projects = projectsOf(resourceNames, call.caller);
        const query = parseQuery(filter);
        const matches = compileQuery(query);
        const mayRead = readable(projects, call.caller);
        const newest = newestFirst(orderBy);
        if (pageSize < 0) throw new RpcError("INVALID_ARGUMENT", "page_size must be positive.");
        const size = pageSize === 0 ? defaultPage : Math.min(pageSize, largestPage);
        const scope = createHash("sha256")
          .update(JSON.stringify([projects, filter, newest]))
          .digest("base64url");
        const rows = logs.query({
          projects,
          ...spanOf(query),
          newestFirst: newest,
          ...(token === "" ? {} : { after: readPageToken(token, scope) }),
        });
        const entries = [];
        let last = "";
        for (const { entry, position } of rows) {
          if (!mayRead(entry.logName) || !matches(entry)) continue;
          if (entries.length === size) return { entries, nextPageToken: pageToken(last, scope) };
          entries.push(codec.toMessage(entry));
          last = position;
        }
        return { entries };
      },
    },
    listLogs: {
      permission: "logging.logs.list",
      resource: ({ parent, resourceNames }) => firstOf(parent === "" ? resourceNames : [parent]),
      audit: "ADMIN_READ",
      handle: ({ parent, resourceNames, pageSize, pageToken: token }, call) => {
        const names = resourceNames.length > 0 ? resourceNames : [parent];
        const projects = names.map((name) => projectIdOf(host, projectOfName(name)));
        const scope = projects.join();
        const after = token === "" ? "" : readPageToken(token, scope);
        const rest = logs.names(projects).filter((name) => name > after && readable(projects, call.caller)(name));
        const logNames = rest.slice(0, pageSize <= 0 ? 1000 : pageSize);
        const last = logNames.at(-1);
        return { logNames, nextPageToken: last && logNames.length < rest.length ? pageToken(last, scope) : "" };
      },
    },
    deleteLog: {
      permission: "logging.logs.delete",
      resource: ({ logName }) => parentOf(logName),
      audit: "ADMIN_WRITE",
      handle: ({ logName }) => {
        projectOfLog(logName);
        if (logName.includes("/logs/cloudaudit.googleapis.com%2F")) {
          throw new RpcError("INVALID_ARGUMENT", "Audit logs cannot be deleted.");
        }
        if (logs.remove(host.projects.canonical(logName)) === 0) {
          throw new RpcError("NOT_FOUND", `Log ${logName} does not exist.`);
        }
        return {};
      },
    },
    tailLogEntries: {
      permission: "logging.logEntries.list",
      resource: ({ resourceNames }) => firstOf(resourceNames),
      stream: (request, call, requests) =>
        tail(request, requests, {
          clock: host.clock,
          codec,
          logs,
          signal: call.signal,
          projectsOf: (names) => projectsOf(names, call.caller),
          readable: (projects) => readable(projects, call.caller),
        }),
    },
  });
}

function parentOf(logName: string): string {
  return `projects/${projectOfLog(logName)}`;
}

function firstOf(resourceNames: readonly string[]): string {
  const [first] = resourceNames;
  if (first === undefined) throw new RpcError("INVALID_ARGUMENT", "At least one resource name must be given.");
  return `projects/${projectOfName(first)}`;
}

function projectIdOf(host: Host, idOrNumber: string): string {
  return host.projects.get(idOrNumber)?.id ?? idOrNumber;
}
