import type { MovableClock } from "@aloft/kit/clock";
import type { Database, Host } from "../host.ts";
import type { Call } from "../service.ts";
import type { Account } from "./accounts.ts";
import { drawn } from "./random.ts";

const second = 1000;
const minute = 60 * second;

/** From and to, as observed at Google. */
const lags = {
  /** A changed policy: https://cloud.google.com/iam/docs/access-change-propagation */
  policy: [2 * minute, 7 * minute],
  api: [30 * second, 4 * minute],
  /** Until policies take a new account's name. */
  account: [10 * second, 90 * second],
  /** Until a service may run as it. */
  actAs: [15 * second, 2 * minute],
  /** Until a point that Google measured is seen: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run */
  metric: [30 * second, 3 * minute],
  /** How long an instance runs before Google moves it elsewhere: https://cloud.google.com/run/docs/container-contract */
  instance: [30 * minute, 6 * 60 * minute],
} as const;

const staleForMs = 10 * second;
const mostLists = 1000;

/** What costs patience at Google, on the cloud's clock: the same for the same seed and the same things. */
export interface LikeGoogle {
  /** How long a policy that is set now takes to count. */
  policyLagMs(resource: string): number;
  /** An API that was turned on just now. */
  apiOn(projectId: string, api: string): void;
  /** Whether it still answers SERVICE_DISABLED. */
  apiIsLate(projectId: string, api: string): boolean;
  /** Whether an account is too new for policies to know it. */
  accountIsLate(account: Account): boolean;
  /** Whether it is too new for a service to run as it. */
  actAsIsLate(account: Account): boolean;
  /** How long after its end a point of a series that Google measures is seen first. */
  metricLagMs(series: string): number;
  /** How long the next instance of a service lives before it is replaced; undefined: for ever. */
  instanceLifeMs(service: string): number | undefined;
  /** The answer of a list, or an older one of the same question. */
  listed<A>(call: Call, request: unknown, answer: A): A;
  /**
   * Waits as long as Google takes to make `what`, which was begun at `sinceMs` (now by default). Rejects with the signal's
   * reason.
   */
  slow(what: string, range: readonly [number, number], options?: SlowOptions): Promise<void>;
}

export interface SlowOptions {
  readonly sinceMs?: number | undefined;
  readonly signal?: AbortSignal;
}

const key = "like-google";

export function createLikeGoogle({ clock, seed, db }: LikeGoogleParts): LikeGoogle {
  db.define("CREATE TABLE IF NOT EXISTS late_apis (name TEXT PRIMARY KEY, until_ms INTEGER NOT NULL)");
  const on = new Map<string, number>();
  for (const row of db.prepare("SELECT name, until_ms FROM late_apis").iterate()) {
    on.set(String(row.name), Number(row.until_ms));
  }
  const lists = new Map<string, { readonly answer: unknown; readonly atMs: number; readonly asked: number }>();
  const counts = new Map<string, number>();

  /** A number from 0 up to 1 for the next one of this kind: whatever else happens meanwhile. */
  const next = (text: string): number => {
    const count = counts.get(text) ?? 0;
    counts.set(text, count + 1);
    return drawn(seed, `${key}/${text}/${count}`);
  };
  const between = ([from, to]: readonly [number, number], part: number): number =>
    Math.round(from + (to - from) * part);
  // A project's default account is as old as the project.
  const isLate = (lag: "account" | "actAs", { email, createdMs }: Account): boolean =>
    !email.endsWith("@developer.gserviceaccount.com") &&
    createdMs + between(lags[lag], drawn(seed, `${key}/${lag}/${email}`)) > clock.now();

  return {
    policyLagMs: (resource) => between(lags.policy, next(`policy/${resource}`)),
    apiOn: (projectId, api) => {
      const name = `${projectId} ${api}`;
      const untilMs = clock.now() + between(lags.api, next(`api/${name}`));
      on.set(name, untilMs);
      db.prepare(
        "INSERT INTO late_apis (name, until_ms) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET until_ms = excluded.until_ms",
      ).run(name, untilMs);
    },
    apiIsLate: (projectId, api) => (on.get(`${projectId} ${api}`) ?? 0) > clock.now(),
    accountIsLate: (account) => isLate("account", account),
    actAsIsLate: (account) => isLate("actAs", account),
    metricLagMs: (series) => between(lags.metric, drawn(seed, `${key}/metric/${series}`)),
    instanceLifeMs: (service) => between(lags.instance, next(`instance/${service}`)),
    listed: (call, request, answer) => {
      if (!/(^|\.)(List[A-Z]|list$)/.test(call.method) || call.method.startsWith("google.longrunning.")) return answer;
      const question = `${call.caller.email} ${call.method} ${asText(request)}`;
      const before = lists.get(question);
      const now = clock.now();
      const asked = (before?.asked ?? 0) + 1;
      const fresh = before === undefined || now - before.atMs >= staleForMs;
      const isStale = !fresh && drawn(seed, `${key}/list/${question}/${asked}`) < 0.5;
      if (lists.size >= mostLists) lists.clear();
      lists.set(question, isStale ? { ...before, asked } : { answer, atMs: now, asked });
      return isStale ? (before.answer as typeof answer) : answer;
    },
    slow: (what, range, { sinceMs = clock.now(), signal } = {}) => {
      const leftMs = sinceMs + between(range, drawn(seed, `${key}/slow/${what}`)) - clock.now();
      return clock.sleep(Math.max(0, leftMs), signal);
    },
  };
}

interface LikeGoogleParts {
  readonly clock: MovableClock;
  readonly seed: string;
  readonly db: Database;
}

/** The cloud's, for services whose work takes long at Google; undefined where it answers at once. */
export function likeGoogleOf(host: Host): LikeGoogle | undefined {
  return host.shared<LikeGoogle | undefined>(key, () => undefined);
}

/** Lets services find it by `likeGoogleOf`. */
export const likeGoogleKey: string = key;

function asText(request: unknown): string {
  return JSON.stringify(request, (_, value: unknown) => {
    if (typeof value === "bigint") return String(value);
    return value instanceof URLSearchParams ? value.toString() : value;
  });
}
