import type { Address } from "../app/graph.ts";
import type { Change, Found } from "../kinds/kind.ts";
import type { Known } from "./observe.ts";
import type { Plan } from "./plan.ts";

/** What a plan holds for `apply` beside what it shows: never printed, and not part of its JSON. */
export interface Internals {
  /** What was live, by address. */
  readonly have: ReadonlyMap<Address, unknown>;
  readonly changes: ReadonlyMap<Address, readonly Change[]>;
  /** What is to be deleted, by the step's address. */
  readonly found: ReadonlyMap<Address, Found<unknown>>;
  /** Outputs of resources as far as known: secret versions are pinned here. */
  readonly known: Known;
  readonly cache: string;
}

const hidden = Symbol("aloft.plan");

export type MadePlan = Plan & { readonly [hidden]: Internals };

export const withInternals = (plan: Plan, internals: Internals): MadePlan => ({ ...plan, [hidden]: internals });

export function internalsOf(plan: Plan): Internals {
  const internals = (plan as Partial<MadePlan>)[hidden];
  if (internals === undefined) throw new Error("this plan was not made by makePlan or makeDownPlan");
  return internals;
}
