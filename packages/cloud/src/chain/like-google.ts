import type { MovableClock } from "@aloft/kit/clock";
import type { Host } from "../host.ts";
import type { Call } from "../service.ts";
import type { Account } from "./accounts.ts";
import { drawn, seededRandom } from "./random.ts";

const second = 1000;
const minute = 60 * second;

/** From and to, as observed at Google. */
const lags = {
  /** A changed policy: https://cloud.google.com/iam/docs/access-change-propagation */
  policy: [2 * minute, 7 * minute],
  api: [30 * second, 4 * minute],
  account: [10 * second, 90 * second],
} as const;

const staleForMs = 10 * second;
const mostLists = 1000;

/** What costs patience at Google, on the cloud's clock: the same for the same seed and the same calls. */
export interface LikeGoogle {
  /** How long a policy that is set now takes to count. */
  policyLagMs(resource: string): number;
  /** An API that was turned on just now. */
  apiOn(projectId: string, api: string): void;
  /** Whether it still answers SERVICE_DISABLED. */
  apiIsLate(projectId: string, api: string): boolean;
  /** Whether an account is too new for policies to know it. */
  accountIsLate(account: Account): boolean;
  /** The answer of a list, or an older one of the same question. */
  listed<A>(call: Call, request: unknown, answer: A): A;
  /** Waits as long as Google takes to make something. Rejects with the signal's reason. */
  slow(fromMs: number, toMs: number, signal?: AbortSignal): Promise<void>;
}

const key = "like-google";

export function createLikeGoogle({ clock, seed }: { clock: MovableClock; seed: string }): LikeGoogle {
  const random = seededRandom(`${seed}/${key}`);
  const on = new Map<string, number>();
  const lists = new Map<string, { readonly answer: unknown; readonly atMs: number }>();
  const between = ([from, to]: readonly [number, number], part: number): number =>
    Math.round(from + (to - from) * part);

  return {
    policyLagMs: () => between(lags.policy, random()),
    apiOn: (projectId, api) => void on.set(`${projectId} ${api}`, clock.now() + between(lags.api, random())),
    apiIsLate: (projectId, api) => (on.get(`${projectId} ${api}`) ?? 0) > clock.now(),
    accountIsLate: ({ uniqueId, createdMs }) => createdMs + between(lags.account, drawn(seed, uniqueId)) > clock.now(),
    listed: (call, request, answer) => {
      if (!/(^|\.)(List[A-Z]|list$)/.test(call.method) || call.method.startsWith("google.longrunning.")) return answer;
      const question = `${call.caller.email} ${call.method} ${asText(request)}`;
      const before = lists.get(question);
      const now = clock.now();
      if (before !== undefined && now - before.atMs < staleForMs && random() < 0.5)
        return before.answer as typeof answer;
      if (lists.size >= mostLists) lists.clear();
      lists.set(question, { answer, atMs: now });
      return answer;
    },
    slow: (fromMs, toMs, signal) => clock.sleep(between([fromMs, toMs], random()), signal),
  };
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
