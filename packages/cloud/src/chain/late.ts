import type { LikeGoogle } from "./like-google.ts";

/** What may be late as at Google: all of it, or some. */
export const lateKinds = ["policies", "apis", "accounts", "lists", "metrics", "creates", "instances"] as const;
export type Late = (typeof lateKinds)[number];

/** What each of them means to who waits. */
const meanings: Readonly<Record<Late, string>> = {
  policies: "policies count after 2 to 7 minutes",
  apis: "an API answers some minutes after it was enabled",
  accounts: "a new service account is known, and may be run as, after up to 2 minutes",
  lists: "lists may be seconds old",
  metrics: "metrics are seen after up to 3 minutes",
  creates: "what takes minutes to make takes them",
  instances: "instances end now and then",
};

export const meaningOf = (kinds: ReadonlySet<Late>): string =>
  lateKinds
    .filter((kind) => kinds.has(kind))
    .map((kind) => meanings[kind])
    .join(", ");

/** The same with what is not among the kinds at once. */
export function onlyLate(all: LikeGoogle, kinds: ReadonlySet<Late>): LikeGoogle {
  const { policyLagMs, apiOn, apiIsLate, accountIsLate, actAsIsLate, metricLagMs, instanceLifeMs, listed, slow } = all;
  return {
    policyLagMs: kinds.has("policies") ? policyLagMs : () => 0,
    apiOn: kinds.has("apis") ? apiOn : () => undefined,
    apiIsLate: kinds.has("apis") ? apiIsLate : () => false,
    accountIsLate: kinds.has("accounts") ? accountIsLate : () => false,
    actAsIsLate: kinds.has("accounts") ? actAsIsLate : () => false,
    metricLagMs: kinds.has("metrics") ? metricLagMs : () => 0,
    instanceLifeMs: kinds.has("instances") ? instanceLifeMs : () => undefined,
    listed: kinds.has("lists") ? listed : (_call, _request, answer) => answer,
    slow: kinds.has("creates") ? slow : async (_what, _range, options) => options?.signal?.throwIfAborted(),
  };
}
