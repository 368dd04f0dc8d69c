import type { Host } from "../../host.ts";
import type { Principal } from "../../service.ts";
import { projectOf, type StoredEntry } from "../../store/logs.ts";
import { RpcError } from "../../wire/rpc-error.ts";
import { forms, nameAs, placedAs } from "./config-names.ts";
import { compileQuery } from "./query-eval.ts";
import { parseQuery } from "./query-parse.ts";
import type { Routing } from "./routing.ts";
import { isPrivate } from "./rules.ts";

/** What a caller may read of what is named: a project's entries, or a view's. */
export interface Scope {
  /** The projects whose entries can be in it, by id. */
  readonly projects: readonly string[];
  /** The names in their full form, for what must not change between pages. */
  readonly names: readonly string[];
  /** `stored` are the buckets as the store has them. */
  readonly holds: (entry: StoredEntry, stored: readonly string[] | undefined) => boolean;
  /** Whether it is projects alone. */
  readonly whole: boolean;
}

interface Named {
  readonly name: string;
  readonly permission: string;
  /** What the permission is checked on. */
  readonly on: string;
}

/**
 * What a resource name means: `projects/p`, or a view of a log bucket (a bucket alone is its view _AllLogs). The views
 * that hold what any reader of a project's logs may see ask for no more than that.
 */
export function named(host: Host, given: string): Named {
  if (/^[^/]+\/[^/]+$/.test(given)) {
    const name = nameAs(forms.project, given, host.projects);
    return { name, permission: "logging.logEntries.list", on: name };
  }
  const isBucket = /^[^/]+\/[^/]+\/locations\/[^/]+\/buckets\/[^/]+$/.test(given);
  const name = placedAs(forms.view, isBucket ? `${given}/views/_AllLogs` : given, host.projects);
  if (/\/locations\/global\/buckets\/(_Required\/views\/_AllLogs|_Default\/views\/_Default)$/.test(name)) {
    return { name, permission: "logging.logEntries.list", on: name.split("/").slice(0, 2).join("/") };
  }
  return { name, permission: "logging.views.access", on: name };
}

/** The first of the names: what the chain checks. Throws INVALID_ARGUMENT when there is none. */
export function firstNamed(host: Host, names: readonly string[]): Named {
  const [first] = names;
  if (first === undefined) throw new RpcError("INVALID_ARGUMENT", "At least one resource name must be given.");
  return named(host, first);
}

/** Throws PERMISSION_DENIED for a name that the caller may not read (the first was checked by the chain). */
export function scopeOf(host: Host, routing: Routing, names: readonly string[], caller: Principal): Scope {
  const all = names.map((name) => named(host, name));
  for (const { permission, on } of all.slice(1)) host.iam.require(caller, [permission], `logging.googleapis.com/${on}`);
  const parts = all.map(({ name, permission }) =>
    name.includes("/views/")
      ? viewPart(host, routing, name, permission === "logging.views.access")
      : projectPart(host, routing, name, caller),
  );
  return {
    names: all.map(({ name }) => name),
    projects: [...new Set(parts.flatMap((part) => part.projects))],
    holds: (entry, stored) => parts.some((part) => part.holds(entry, stored)),
    whole: parts.every((part) => part.whole),
  };
}

function projectPart(host: Host, routing: Routing, name: string, caller: Principal): Omit<Scope, "names"> {
  const project = name.slice("projects/".length);
  const open = host.iam.allowed(caller, "logging.privateLogEntries.list", `logging.googleapis.com/${name}`);
  return {
    projects: [project],
    whole: true,
    holds: (entry, stored) => {
      if (projectOf(entry.logName) !== project || (isPrivate(entry.logName) && !open)) return false;
      const timeMs = Date.parse(entry.timestamp);
      return routing.holding(entry, stored).some((bucket) => routing.keeps(bucket, timeMs));
    },
  };
}

function viewPart(host: Host, routing: Routing, name: string, open: boolean): Omit<Scope, "names"> {
  const bucket = name.slice(0, name.indexOf("/views/"));
  const matches = compileQuery(parseQuery(routing.buckets.view(name).filter));
  return {
    // Sinks of any project may write to a bucket.
    projects: host.projects.list().map(({ id }) => id),
    whole: false,
    holds: (entry, stored) =>
      routing.holding(entry, stored).includes(bucket) &&
      routing.keeps(bucket, Date.parse(entry.timestamp)) &&
      (open || !isPrivate(entry.logName)) &&
      matches(entry),
  };
}
