import type { AuditConfig, LogEntry } from "../host.ts";
import type { Call, Principal } from "../service.ts";
import type { LogStore, RepeatedEntry } from "../store/logs.ts";
import { neverShown } from "./audit-body.ts";
import type { LocalIam } from "./iam.ts";

const mostOfOneCaller = 500;
const longestKey = 1500;

interface Known {
  readonly entry: RepeatedEntry;
  /** What asked for it: another policy may ask for less. */
  readonly configs: readonly AuditConfig[] | undefined;
}

/** What reads by one caller have in common with those before: their entries differ in nothing but their time. */
export interface Repeats {
  /** Names the entry that the call deserves; undefined where one call's entry is not worth keeping. */
  key(call: Call, about: readonly unknown[], content: readonly unknown[]): string | undefined;
  /** Writes the entry of before; false: there is none. */
  again(caller: Principal, key: string, configs: readonly AuditConfig[] | undefined): boolean;
  first(caller: Principal, key: string, configs: readonly AuditConfig[] | undefined, entry: LogEntry): void;
}

/** Accounts show in the entries of these with what they are at the moment. */
const aboutAccounts: ReadonlySet<string> = new Set(["iam.googleapis.com", "iamcredentials.googleapis.com"]);

export function createRepeats(logs: LogStore, iam: Pick<LocalIam, "mode">): Repeats {
  const known = new WeakMap<Principal, Map<string, Known>>();
  return {
    key: (call, about, content) => {
      // In other modes what is granted is no foregone conclusion.
      if (iam.mode !== "enforce" || aboutAccounts.has(call.api)) return undefined;
      const text = contentOf(content);
      if (text === undefined) return undefined;
      const key = `${call.method} ${call.headers["user-agent"]} ${contentOf(about)} ${text}`;
      return key.length > longestKey ? undefined : key;
    },
    again: (caller, key, configs) => {
      const found = known.get(caller)?.get(key);
      if (found === undefined || found.configs !== configs) return false;
      logs.repeat(found.entry);
      return true;
    },
    first: (caller, key, configs, entry) => {
      let entries = known.get(caller);
      if (entries === undefined || entries.size >= mostOfOneCaller) {
        entries = new Map();
        known.set(caller, entries);
      }
      const repeated = logs.repeatable(entry);
      entries.set(key, { entry: repeated, configs });
      logs.repeat(repeated);
    },
  };
}

/** All that an entry would show of a message, in short; undefined where that is a lot. */
function contentOf(value: unknown): string | undefined {
  // With its length, so that no two contents look alike.
  if (typeof value === "string") return `${value.length}"${value}`;
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Uint8Array) return value.length > longestKey ? undefined : Buffer.from(value).toString("latin1");
  const isList = Array.isArray(value);
  let text = isList ? "[" : "{";
  for (const name of Object.keys(value)) {
    if (!isList && neverShown.has(name)) continue;
    const inner = contentOf((value as { readonly [name: string]: unknown })[name]);
    if (inner === undefined) return undefined;
    text += isList ? `${inner},` : `${name}:${inner},`;
    if (text.length > longestKey) return undefined;
  }
  return text + (isList ? "]" : "}");
}
