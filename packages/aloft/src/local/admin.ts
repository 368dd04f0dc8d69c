import { Failure, messageOf } from "@aloft/kit/failure";
import type { Place } from "./place.ts";

export interface RunningService {
  /** `projects/p/locations/r/services/s` */
  readonly service: string;
  /** Absent before a revision has been ready. */
  readonly url?: string;
  /** A plain loopback address for people: `http://127.0.0.1:41234`. */
  readonly localUrl?: string;
  readonly ready: boolean;
  readonly revisions: readonly { readonly name: string; readonly percent: number; readonly instances: number }[];
  readonly instances: number;
}

/** What `GET /_aloft/v1/status` answers. */
export interface CloudStatus {
  readonly version: string;
  readonly pid: number;
  readonly port: number;
  readonly startedAt: string;
  readonly now: string;
  readonly dir?: string;
  readonly iam: string;
  readonly services: readonly string[];
  readonly running: readonly RunningService[];
  readonly isolation?: unknown;
  readonly notes?: readonly unknown[];
}

export interface TokenRequest {
  /** A service account's e-mail; absent: the laptop's user. */
  readonly as?: string;
  /** Asks for an ID token for this audience instead of an access token. */
  readonly audience?: string;
  readonly scopes?: readonly string[];
  /** Seconds; an hour by default, 12 hours at most. */
  readonly lifetimeS?: number;
}

/** The local certificate authority, and where programs find it. */
export interface LocalCa {
  /** PEM. */
  readonly certificate: string;
  readonly files: {
    readonly certificate: string;
    /** The system's roots and the CA. */
    readonly bundle: string;
  };
}

/** What a fault is asked to be; the cloud checks it. */
export interface FaultRequest {
  readonly api?: string;
  readonly method?: string;
  /** `503` or `UNAVAILABLE`. */
  readonly code?: string;
  readonly rate?: number;
  /** `300ms` */
  readonly latency?: string;
  readonly count?: number;
}

export interface Fault {
  readonly id: string;
  readonly api?: string;
  readonly method?: string;
  readonly code?: string;
  readonly rate?: number;
  readonly latencyMs?: number;
  readonly count?: number;
  /** How many calls it has met. */
  readonly met: number;
}

export interface CloudClock {
  readonly now: string;
  /** How many times as fast as the computer's time. */
  readonly rate: number;
}

export interface Group {
  readonly group: string;
  readonly members: readonly string[];
}

/** The local cloud's own API, steered by `aloft` alone; everything else goes through Google's. */
export interface Admin {
  readonly address: string;
  status(): Promise<CloudStatus>;
  token(request?: TokenRequest): Promise<{ readonly token: string; readonly expiresAt: string }>;
  /** What the token endpoint takes for this user or service account, as long as the cloud is not reset. */
  refreshToken(as?: string): Promise<string>;
  /** Makes the local CA where there is none yet. */
  ca(): Promise<LocalCa>;
  /** The time there and how fast it runs, after it was moved forward or told so where that is asked. */
  clock(change?: { readonly advance?: string; readonly rate?: number }): Promise<CloudClock>;
  faults(): Promise<readonly Fault[]>;
  addFault(fault: FaultRequest): Promise<Fault>;
  /** All of them without an id. How many went. */
  clearFaults(id?: string): Promise<number>;
  groups(): Promise<readonly Group[]>;
  /** Who is in a group from now on, or no longer. */
  changeGroup(change: {
    readonly group: string;
    readonly add?: readonly string[];
    readonly remove?: readonly string[];
  }): Promise<readonly Group[]>;
  removeGroup(group: string): Promise<readonly Group[]>;
  /** Names of what was saved since the cloud was started. */
  snapshots(): Promise<readonly string[]>;
  saveSnapshot(name: string): Promise<readonly string[]>;
  /** Everything is as it was then, except the clock. Throws `Failure` INPUT_INVALID for an unknown name. */
  restoreSnapshot(name: string): Promise<readonly string[]>;
  /** Removes every resource and its data. */
  reset(): Promise<void>;
}

export function adminAt(place: Place, signal?: AbortSignal): Admin {
  const address = `http://${place.host}:${place.port}`;
  const call = async (verb: string, path: string, body?: unknown): Promise<unknown> => {
    const late = AbortSignal.timeout(verb === "GET" ? 10_000 : 60_000);
    const response = await fetch(`${address}/_aloft/v1/${path}`, {
      method: verb,
      headers: { authorization: `Bearer ${place.file?.adminToken ?? ""}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal === undefined ? late : AbortSignal.any([signal, late]),
    }).catch((error: unknown) => {
      throw notRunning(address, error);
    });
    const text = await response.text();
    if (!response.ok) throw refusal(`${verb} ${address}/_aloft/v1/${path}`, response.status, text);
    return text === "" ? {} : JSON.parse(text);
  };
  return {
    address,
    status: async () => (await call("GET", "status")) as CloudStatus,
    token: async (request = {}) => (await call("POST", "token", request)) as { token: string; expiresAt: string },
    refreshToken: async (as) => {
      const { token } = (await call("POST", "token", { ...(as === undefined ? {} : { as }), refresh: true })) as {
        token: string;
      };
      return token;
    },
    ca: async () => (await call("GET", "ca")) as LocalCa,
    clock: async (change) =>
      (change === undefined ? await call("GET", "clock") : await call("POST", "clock", change)) as CloudClock,
    faults: async () => ((await call("GET", "faults")) as { faults: Fault[] }).faults,
    addFault: async (fault) => (await call("POST", "faults", fault)) as Fault,
    clearFaults: async (id) =>
      ((await call("DELETE", "faults", id === undefined ? {} : { id })) as { cleared: number }).cleared,
    groups: async () => ((await call("GET", "groups")) as { groups: Group[] }).groups,
    changeGroup: async (change) => ((await call("POST", "groups", change)) as { groups: Group[] }).groups,
    removeGroup: async (group) => ((await call("DELETE", "groups", { group })) as { groups: Group[] }).groups,
    snapshots: async () => ((await call("GET", "snapshot")) as { snapshots: string[] }).snapshots,
    saveSnapshot: async (save) => ((await call("POST", "snapshot", { save })) as { snapshots: string[] }).snapshots,
    restoreSnapshot: async (restore) =>
      ((await call("POST", "snapshot", { restore })) as { snapshots: string[] }).snapshots,
    reset: async () => {
      await call("POST", "reset", {});
    },
  };
}

export function notRunning(address: string, cause?: unknown): Failure {
  const because = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : "";
  return new Failure({
    code: "CLOUD_NOT_RUNNING",
    what: `no local cloud answers at ${address}`,
    ...(because === "" ? {} : { why: `${because}.` }),
    next: "aloft cloud start",
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The cloud's refusal in its own words: `{"error":{"message"}}`, as Google's. */
function refusal(call: string, status: number, text: string): Failure {
  if (status === 401 || status === 403) {
    return new Failure({
      code: "CREDENTIALS_MISSING",
      what: "the local cloud does not know this admin token",
      why: "It was started with another state folder than the one found from here.",
      next: "aloft cloud status   (in the folder where it was started)",
    });
  }
  const [, word = ""] = /_aloft\/v1\/(\w+)/.exec(call) ?? [];
  if (status === 400 || status === 404) {
    return new Failure({ code: "INPUT_INVALID", what: wordsOf(text), next: `aloft help cloud ${word}` });
  }
  return new Failure({
    code: status === 501 ? "UNIMPLEMENTED" : "API_ERROR",
    what: wordsOf(text),
    why: `${call} answered ${status}.`,
  });
}

function wordsOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: string; what?: string } };
    return error?.message ?? error?.what ?? text.slice(0, 300);
  } catch (error) {
    return text.slice(0, 300) || messageOf(error);
  }
}

export type Probe =
  | { readonly found: "ours"; readonly status: CloudStatus }
  /** Nothing listens there. */
  | { readonly found: "nothing" }
  /** Something listens that is not a cloud we hold the token of. */
  | { readonly found: "other"; readonly what: string };

/** Who answers at the place. Never throws for what it finds. */
export async function probe(place: Place): Promise<Probe> {
  if (place.port === 0) return { found: "nothing" };
  try {
    const status = await adminAt(place).status();
    if (typeof status.pid === "number") return { found: "ours", status };
    return { found: "other", what: "another program" };
  } catch (thrown) {
    if (!(thrown instanceof Failure)) return { found: "other", what: "another program" };
    if (thrown.code === "CREDENTIALS_MISSING") return { found: "other", what: "a local cloud of another state folder" };
    if (thrown.code !== "CLOUD_NOT_RUNNING") return { found: "other", what: "another program" };
    const code = ((thrown.cause as Error | undefined)?.cause as NodeJS.ErrnoException | undefined)?.code;
    return code === "ECONNREFUSED" || code === "EHOSTUNREACH"
      ? { found: "nothing" }
      : { found: "other", what: "a program that does not answer" };
  }
}
