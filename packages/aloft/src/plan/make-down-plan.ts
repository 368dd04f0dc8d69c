import type { Address } from "../app/graph.ts";
import type { Found } from "../kinds/kind.ts";
import type { MakeDownPlan } from "./engine.ts";
import { connectionFailure, explain } from "./explain.ts";
import { withInternals } from "./internals.ts";
import { deleteSteps, listOurs } from "./make-plan.ts";
import { contextOf } from "./observe.ts";
import type { Blocker, Held } from "./plan.ts";

/** Grants go with the secrets and the accounts that they join. */
const gonesWithOthers = new Set(["secret-access"]);

/** See `MakeDownPlan`. Reads only. The APIs stay on. */
export const makeDownPlan: MakeDownPlan = async (graph, google, options = {}) => {
  const context = contextOf(graph, google, options);
  const beganMs = context.clock.now();
  const blockers: Blocker[] = [];
  const found = new Map<Address, Found<unknown>>();
  const held: Held[] = [];
  const derived = new Set(graph.resources.filter(({ kind }) => kind === "derived-secret").map(({ id }) => id));
  for (const { kind, outcome } of await listOurs(context)) {
    if ("thrown" in outcome) {
      const failure = connectionFailure(outcome.thrown, graph);
      if (failure !== undefined) throw failure;
      const { what, next } = explain(outcome.thrown, graph);
      blockers.push({ address: `${kind.name}/*`, code: "API_ERROR", what, next: next ?? "try again" });
    } else if (!gonesWithOthers.has(kind.name)) {
      for (const one of outcome.value) {
        const address: Address = `${kind.name}/${one.id}`;
        found.set(address, one);
        for (const { forMs, ...what } of kind.held?.(one, context.place) ?? [])
          held.push({ address, ...what, until: new Date(beganMs + forMs).toISOString() });
      }
    }
  }
  const steps = deleteSteps(found, []).map((step) => {
    if (step.kind !== "secret" || !derived.has(step.id)) return step;
    const { holdsData: _none, ...rest } = step;
    return rest;
  });
  const observedMs = context.clock.now() - beganMs;
  return withInternals(
    { graph, steps, blockers, observedMs, held },
    { have: new Map(), changes: new Map(), found, known: new Map(), cache: context.cache },
  );
};
