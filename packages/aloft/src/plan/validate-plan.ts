import type { Google } from "@aloft/google";
import { kindOf } from "../kinds/index.ts";
import type { PlanOptions } from "./engine.ts";
import { connectionFailure, explain } from "./explain.ts";
import { internalsOf } from "./internals.ts";
import { contextOf, refsIn, wantOf } from "./observe.ts";
import type { Blocker, Plan, Step } from "./plan.ts";

export interface Validation {
  /** What Google would refuse. */
  readonly blockers: readonly Blocker[];
  /** How many changes Google was asked of. */
  readonly asked: number;
}

/**
 * Asks Google whether it would take the changes of a plan, where it answers such questions and all that they name is there
 * already. Writes nothing.
 */
export async function validatePlan(
  plan: Plan,
  google: Google,
  options: Pick<PlanOptions, "signal" | "clock"> = {},
): Promise<Validation> {
  const { graph, steps } = plan;
  const { have, known } = internalsOf(plan);
  const context = contextOf(graph, google, options);
  const changing = new Set(steps.filter(({ action }) => action !== "none").map(({ address }) => address));
  const ask = async (step: Step): Promise<readonly Blocker[] | undefined> => {
    const kind = kindOf(step.kind);
    const resource = graph.resources.find(({ address }) => address === step.address);
    const later = step.action === "none" || step.action === "delete" || step.needs.some((need) => changing.has(need));
    if (kind.validate === undefined || resource === undefined || later) return undefined;
    const want = wantOf(resource, graph, known);
    if (refsIn(want.spec).length > 0) return undefined;
    try {
      await kind.validate(want, have.get(step.address), context);
      return [];
    } catch (thrown) {
      const failure = connectionFailure(thrown, graph);
      if (failure !== undefined) throw failure;
      const { what, why, next } = explain(thrown, graph, step.address);
      return [{ address: step.address, code: "API_ERROR", what, next: next ?? why ?? "change it in the file" }];
    }
  };
  const answers = (await Promise.all(steps.map(ask))).filter((answer) => answer !== undefined);
  return { blockers: answers.flat(), asked: answers.length };
}
