import type { Address, Graph, Resource } from "../app/graph.ts";
import { kindOf } from "../kinds/index.ts";
import type { Found, KindContext } from "../kinds/kind.ts";
import type { MakeDownPlan } from "./engine.ts";
import { connectionFailure, explain } from "./explain.ts";
import { withInternals } from "./internals.ts";
import { deleteSteps, listOurs } from "./make-plan.ts";
import { contextOf, knownFromFile, wantOf } from "./observe.ts";
import { limited } from "./parallel.ts";
import type { Blocker, Held } from "./plan.ts";

/** Grants go with the secrets and the accounts that they join. */
const gonesWithOthers = new Set(["secret-access"]);

/** Lists may be a little behind, reads by name never are: what the file names and is ours goes, listed or not. */
async function observeOurs(
  graph: Graph,
  context: KindContext,
): Promise<ReadonlyMap<string, readonly Found<unknown>[]>> {
  const known = knownFromFile(graph);
  const run = limited(16);
  const ours = new Map<string, Found<unknown>[]>();
  const look = async (resource: Resource): Promise<void> => {
    // What a derived secret is kept in goes with the secrets.
    const kind = kindOf(resource.kind === "derived-secret" ? "secret" : resource.kind);
    if (kind.isOurs === undefined) return;
    // Who may not look is told by the list.
    const live = await kind.observe(wantOf(resource, graph, known), context).catch(() => undefined);
    if (live === undefined || !kind.isOurs(live, context.place)) return;
    ours.set(kind.name, [...(ours.get(kind.name) ?? []), { id: resource.id, live }]);
  };
  await Promise.all(graph.resources.map((resource) => run(() => look(resource))));
  return ours;
}

function withSeen(listed: readonly Found<unknown>[], seen: readonly Found<unknown>[] = []): readonly Found<unknown>[] {
  const ids = new Set(listed.map(({ id }) => id));
  return [...listed, ...seen.filter(({ id }) => !ids.has(id))];
}

/** See `MakeDownPlan`. Reads only. The APIs stay on. */
export const makeDownPlan: MakeDownPlan = async (graph, google, options = {}) => {
  const context = contextOf(graph, google, options);
  const beganMs = context.clock.now();
  const blockers: Blocker[] = [];
  const found = new Map<Address, Found<unknown>>();
  const held: Held[] = [];
  const derived = new Set(graph.resources.filter(({ kind }) => kind === "derived-secret").map(({ id }) => id));
  const [listed, seen] = await Promise.all([listOurs(context), observeOurs(graph, context)]);
  for (const { kind, outcome } of listed) {
    if ("thrown" in outcome) {
      const failure = connectionFailure(outcome.thrown, graph);
      if (failure !== undefined) throw failure;
      const { what, next } = explain(outcome.thrown, graph);
      blockers.push({ address: `${kind.name}/*`, code: "API_ERROR", what, next: next ?? "try again" });
    } else if (!gonesWithOthers.has(kind.name)) {
      for (const one of withSeen(outcome.value, seen.get(kind.name))) {
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
