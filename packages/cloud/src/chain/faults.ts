import type { MovableClock } from "@aloft/kit/clock";
import type { Ids } from "@aloft/kit/ids";
import type { Database } from "../host.ts";
import type { Call } from "../service.ts";
import { type CodeName, codes, RpcError } from "../wire/rpc-error.ts";
import { drawn } from "./random.ts";

/** What goes wrong on purpose: calls that match are late, fail, or both. */
export interface FaultSpec {
  /** `run` or `run.googleapis.com`; absent: every API. */
  readonly api?: string;
  /** `CreateService`, `projects.get` or a full name; absent: every method. */
  readonly method?: string;
  /** What such a call fails with; absent: it does not fail. */
  readonly code?: CodeName;
  /** The part of the matching calls that it meets, 1 by default. */
  readonly rate?: number;
  /** How long such a call waits first, on the cloud's clock. */
  readonly latencyMs?: number;
  /** After so many calls it is over. */
  readonly count?: number;
}

export interface Fault extends FaultSpec {
  readonly id: string;
  /** How many calls it has met. */
  readonly met: number;
}

/** As it is kept. */
interface KeptFault extends Fault {
  /** How many faults there were before it: with the seed, what it is drawn from. */
  readonly ordinal: number;
  /** How many calls matched, met or not. */
  readonly matched: number;
}

export interface Faults {
  list(): readonly Fault[];
  add(spec: FaultSpec): Fault;
  /** All of them without an id. How many went. */
  clear(id?: string): number;
  /** What the call meets: throws, or answers the wait after which it goes on (or fails). */
  meet(call: Call): Promise<void> | undefined;
}

/** Faults by the seed, kept in the database: the same calls in the same order meet the same ones, also after a restart. */
export function createFaults(parts: { clock: MovableClock; ids: Ids; seed: string; db: Database }): Faults {
  const { clock, ids, seed, db } = parts;
  db.define("CREATE TABLE IF NOT EXISTS faults (ordinal INTEGER PRIMARY KEY AUTOINCREMENT, fault TEXT NOT NULL)");
  let faults: readonly KeptFault[] = db
    .prepare("SELECT ordinal, fault FROM faults ORDER BY ordinal")
    .all()
    .map(({ ordinal, fault }) => ({ ...(JSON.parse(String(fault)) as KeptFault), ordinal: Number(ordinal) }));

  const save = (fault: KeptFault, over: boolean): void => {
    if (over) db.prepare("DELETE FROM faults WHERE ordinal = ?").run(fault.ordinal);
    else db.prepare("UPDATE faults SET fault = ? WHERE ordinal = ?").run(JSON.stringify(fault), fault.ordinal);
    faults = faults.flatMap((each) => (each.ordinal !== fault.ordinal ? each : over ? [] : fault));
  };

  const meet = (call: Call): Promise<void> | undefined => {
    if (faults.length === 0) return undefined;
    let waitMs = 0;
    for (const fault of faults) {
      if (!matches(fault, call)) continue;
      const isMet = drawn(seed, `faults/${fault.ordinal}/${fault.matched}`) < (fault.rate ?? 1);
      const met = fault.met + (isMet ? 1 : 0);
      save({ ...fault, matched: fault.matched + 1, met }, fault.count !== undefined && met >= fault.count);
      if (!isMet) continue;
      waitMs += fault.latencyMs ?? 0;
      if (fault.code === undefined) continue;
      const error = injected(fault.code, fault.id);
      if (waitMs === 0) throw error;
      return clock.sleep(waitMs, call.signal).then(() => Promise.reject(error));
    }
    return waitMs === 0 ? undefined : clock.sleep(waitMs, call.signal);
  };

  return {
    list: () => faults.map(({ ordinal: _, matched: __, ...fault }) => fault),
    add: (spec) => {
      const fault = { ...spec, id: ids.short(8), met: 0, matched: 0 };
      const { lastInsertRowid } = db.prepare("INSERT INTO faults (fault) VALUES (?)").run(JSON.stringify(fault));
      faults = [...faults, { ...fault, ordinal: Number(lastInsertRowid) }];
      const { matched: _, ...told } = fault;
      return told;
    },
    clear: (id) => {
      const gone = faults.filter((fault) => id === undefined || fault.id === id);
      for (const fault of gone) save(fault, true);
      return gone.length;
    },
    meet,
  };
}

function matches({ api, method }: Fault, call: Call): boolean {
  if (api !== undefined && api !== call.api && `${api}.googleapis.com` !== call.api) return false;
  return method === undefined || call.method === method || call.method.endsWith(`.${method}`);
}

/** Google's words where it says no more than the code. */
const words: Partial<Record<CodeName, string>> = {
  ABORTED: "The operation was aborted.",
  ALREADY_EXISTS: "Requested entity already exists",
  DEADLINE_EXCEEDED: "Deadline expired before operation could complete.",
  INTERNAL: "Internal error encountered.",
  INVALID_ARGUMENT: "Request contains an invalid argument.",
  FAILED_PRECONDITION: "Precondition check failed.",
  NOT_FOUND: "Requested entity was not found.",
  PERMISSION_DENIED: "The caller does not have permission",
  RESOURCE_EXHAUSTED: "Resource has been exhausted (e.g. check quota).",
  UNAVAILABLE: "The service is currently unavailable.",
};

/** Like one of Google's; a header tells whom it wonders that it was made here. */
function injected(code: CodeName, id: string): RpcError {
  return new RpcError(code, words[code] ?? "The service is currently unavailable.", [], { "x-aloft-fault": id });
}

const byHttp = new Map<number, CodeName>([
  [400, "INVALID_ARGUMENT"],
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [404, "NOT_FOUND"],
  [409, "ABORTED"],
  [429, "RESOURCE_EXHAUSTED"],
  [499, "CANCELLED"],
  [500, "INTERNAL"],
  [501, "UNIMPLEMENTED"],
  [503, "UNAVAILABLE"],
  [504, "DEADLINE_EXCEEDED"],
]);

/** `503`, `"503"` or `"UNAVAILABLE"` as a code; undefined for what is none. */
export function codeNamed(code: number | string): CodeName | undefined {
  if (typeof code === "string" && Object.hasOwn(codes, code)) return code as CodeName;
  return byHttp.get(Number(code));
}
