import type { MovableClock } from "@aloft/kit/clock";
import type { Ids } from "@aloft/kit/ids";
import type { Call } from "../service.ts";
import { type CodeName, codes, RpcError } from "../wire/rpc-error.ts";
import { seededRandom } from "./random.ts";

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

export interface Faults {
  list(): readonly Fault[];
  add(spec: FaultSpec): Fault;
  /** All of them without an id. How many went. */
  clear(id?: string): number;
  /** What the call meets: throws, or answers the wait after which it goes on (or fails). */
  meet(call: Call): Promise<void> | undefined;
}

/** Faults by the seed: the same calls in the same order meet the same ones. */
export function createFaults(parts: { clock: MovableClock; ids: Ids; seed: string }): Faults {
  const { clock, ids } = parts;
  const random = seededRandom(`${parts.seed}/faults`);
  let faults: Fault[] = [];

  const meet = (call: Call): Promise<void> | undefined => {
    if (faults.length === 0) return undefined;
    let waitMs = 0;
    for (const fault of faults) {
      if (!matches(fault, call) || random() >= (fault.rate ?? 1)) continue;
      const met = { ...fault, met: fault.met + 1 };
      const over = fault.count !== undefined && met.met >= fault.count;
      faults = faults.flatMap((each) => (each.id !== fault.id ? each : over ? [] : met));
      waitMs += fault.latencyMs ?? 0;
      if (fault.code === undefined) continue;
      const error = injected(fault.code, fault.id);
      if (waitMs === 0) throw error;
      return clock.sleep(waitMs, call.signal).then(() => Promise.reject(error));
    }
    return waitMs === 0 ? undefined : clock.sleep(waitMs, call.signal);
  };

  return {
    list: () => faults,
    add: (spec) => {
      const fault = { ...spec, id: ids.short(8), met: 0 };
      faults = [...faults, fault];
      return fault;
    },
    clear: (id) => {
      const before = faults.length;
      faults = id === undefined ? [] : faults.filter((fault) => fault.id !== id);
      return before - faults.length;
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
