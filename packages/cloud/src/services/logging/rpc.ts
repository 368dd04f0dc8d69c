import { createHash } from "node:crypto";
import type { LoggingServiceV2 } from "../../../gen/types/google/logging/v2/logging_pb.js";
import type { Host } from "../../host.ts";
import { type Principal, type RpcService, rpc } from "../../service.ts";
import { pageToken, readPageToken } from "../../store/collection.ts";
import type { LogStore } from "../../store/logs.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { resourceDescriptor, resourceTypes } from "../monitoring/resources.ts";
import { compileQuery } from "./query-eval.ts";
import { parseQuery } from "./query-parse.ts";
import { routingOf } from "./routing.ts";
import { newestFirst, projectOfLog } from "./rules.ts";
import { firstNamed, type Scope, scopeOf } from "./scopes.ts";
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

  const routing = routingOf(host);
  const scope = (names: readonly string[], caller: Principal): Scope => scopeOf(host, routing, names, caller);
  const access = {
    permission: ({ resourceNames }: Named): string => firstNamed(host, resourceNames).permission,
    resource: ({ resourceNames }: Named): string => firstNamed(host, resourceNames).on,
  };

  return rpc<typeof LoggingServiceV2>("google.logging.v2.LoggingServiceV2", {
    writeLogEntries: {
      permission: "logging.logEntries.create",
      resource: ({ logName, entries }) => parentOf(logName || entries[0]?.logName || ""),
      handle: (request, call) => writeEntries(host, codec, request, call.caller),
    },
    listLogEntries: {
      ...access,
      audit: "DATA_READ",
      handle: ({ resourceNames, filter, orderBy, pageSize, pageToken: token }, call) => {
        const within = scope(resourceNames, call.caller);
        const query = parseQuery(filter);
        const matches = compileQuery(query);
        const newest = newestFirst(orderBy);
        if (pageSize < 0) throw new RpcError("INVALID_ARGUMENT", "page_size must be positive.");
        const size = pageSize === 0 ? defaultPage : Math.min(pageSize, largestPage);
        const bound = createHash("sha256")
          .update(JSON.stringify([within.names, filter, newest]))
          .digest("base64url");
        const rows = logs.query({
          projects: within.projects,
          ...spanOf(query),
          newestFirst: newest,
          ...(token === "" ? {} : { after: readPageToken(token, bound) }),
        });
        const entries = [];
        let last = "";
        for (const { entry, position, buckets } of rows) {
          if (!matches(entry) || !within.holds(entry, buckets)) continue;
          if (entries.length === size) return { entries, nextPageToken: pageToken(last, bound) };
          entries.push(codec.toMessage(entry));
          last = position;
        }
        return { entries };
      },
    },
    listLogs: {
      permission: ({ parent, resourceNames }) => {
        const { permission } = firstNamed(host, namesOf(parent, resourceNames));
        return permission === "logging.views.access" ? "logging.views.listLogs" : "logging.logs.list";
      },
      resource: ({ parent, resourceNames }) => firstNamed(host, namesOf(parent, resourceNames)).on,
      audit: "ADMIN_READ",
      handle: ({ parent, resourceNames, pageSize, pageToken: token }, call) => {
        const within = scope(namesOf(parent, resourceNames), call.caller);
        const bound = within.names.join();
        const after = token === "" ? "" : readPageToken(token, bound);
        const rest = logNamesIn(logs, within).filter((name) => name > after);
        const logNames = rest.slice(0, pageSize <= 0 ? 1000 : pageSize);
        const last = logNames.at(-1);
        return { logNames, nextPageToken: last && logNames.length < rest.length ? pageToken(last, bound) : "" };
      },
    },
    listMonitoredResourceDescriptors: {
      permission: [],
      resource: () => "",
      handle: ({ pageSize, pageToken: token }) => {
        const after = token === "" ? "" : readPageToken(token, "resources");
        const rest = resourceTypes.filter(({ type }) => type > after);
        const page = rest.slice(0, pageSize > 0 ? pageSize : 1000);
        const last = page.at(-1)?.type;
        return {
          resourceDescriptors: page.map(resourceDescriptor),
          nextPageToken: last !== undefined && page.length < rest.length ? pageToken(last, "resources") : "",
        };
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
      ...access,
      stream: (request, call, requests) =>
        tail(request, requests, {
          clock: host.clock,
          codec,
          logs,
          signal: call.signal,
          scope: (names) => scope(names, call.caller),
        }),
    },
  });
}

interface Named {
  readonly resourceNames: readonly string[];
}

function namesOf(parent: string, resourceNames: readonly string[]): readonly string[] {
  return resourceNames.length > 0 ? resourceNames : [parent];
}

/** Names of the logs that have an entry in the scope, sorted. A private log is none to who may not read it. */
function logNamesIn(logs: LogStore, within: Scope): readonly string[] {
  const sample = { resource: { type: "", labels: {} }, severity: "", receiveTimestamp: "", insertId: "" };
  // The latest time there is: a bucket keeps it whatever its retention.
  const timestamp = new Date(8.64e15).toISOString();
  if (within.whole) {
    return logs.names(within.projects).filter((logName) => within.holds({ ...sample, logName, timestamp }, undefined));
  }
  const names = new Set<string>();
  for (const { entry, buckets } of logs.query({ projects: within.projects })) {
    if (!names.has(entry.logName) && within.holds(entry, buckets)) names.add(entry.logName);
  }
  return [...names].sort();
}

function parentOf(logName: string): string {
  return `projects/${projectOfLog(logName)}`;
}
