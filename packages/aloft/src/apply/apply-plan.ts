import type { Google } from "@aloft/google";
import { Failure } from "@aloft/kit/failure";
import { type Address, type Graph, isRef } from "../app/graph.ts";
import { kindOf } from "../kinds/index.ts";
import type { ApplyContext } from "../kinds/kind.ts";
import type { ApplyOptions, ApplyPlan } from "../plan/engine.ts";
import { explain } from "../plan/explain.ts";
import { type Internals, internalsOf } from "../plan/internals.ts";
import { contextOf, type Known, refsIn, resolved, telling, wantOf } from "../plan/observe.ts";
import { names } from "../plan/order.ts";
import { limited, serialised } from "../plan/parallel.ts";
import type { ApplyEvent, Plan, Step } from "../plan/plan.ts";

/** An event without its time. */
type Told = ApplyEvent extends infer E ? (E extends ApplyEvent ? Omit<E, "time"> : never) : never;

/** Refuses before the first write what must not run. */
function check(plan: Plan, steps: readonly Step[], confirm: string | undefined): void {
  const chosen = new Set(steps.flatMap(({ address, needs }) => [address, ...needs]));
  const blockers = plan.blockers.filter(({ address }) => chosen.has(address) || address.endsWith("/*"));
  const [first] = blockers;
  if (first !== undefined) {
    const missing = blockers.find(({ code }) => code === "SECRET_VALUES_MISSING");
    throw new Failure({
      code: (missing ?? first).code,
      what: blockers.length === 1 ? `${first.what}.` : `${blockers.length} things stand in the way.`,
      next: first.next,
      problems: blockers.map(({ address, what, next }) => ({ at: address, what, next })),
    });
  }
  const data = steps.filter(
    ({ action, holdsData }) => (action === "delete" || action === "replace") && holdsData === true,
  );
  if (data.length > 0 && confirm !== plan.graph.app) {
    throw new Failure({
      code: "CONFIRMATION_NEEDED",
      what: `This would delete data: ${data.map(({ kind, id }) => `${kind} ${id}`).join(", ")}.`,
      why:
        confirm === undefined
          ? "It was not confirmed."
          : `It was confirmed for ${confirm}, and the app is ${plan.graph.app}.`,
      next: `--confirm ${plan.graph.app}`,
    });
  }
}

/** See `ApplyPlan`: the only writer. What a step needs is done before; others go on when one fails. */
export const applyPlan: ApplyPlan = async (plan, google, options = {}) => {
  const internals = internalsOf(plan);
  const chosen = plan.steps.filter(
    (step) => options.only === undefined || options.only.some((word) => names(step, word)),
  );
  const working = withNeeds(plan.steps, chosen).filter(({ action }) => action !== "none");
  check(plan, options.only === undefined ? plan.steps : [...working, ...chosen], options.confirm);
  const runner = createRunner(plan, google, options, internals);
  await Promise.all(working.map((step) => runner.run(step, working)));
  options.signal?.throwIfAborted();
  return runner.result(plan.steps.length - working.length);
};

function withNeeds(steps: readonly Step[], chosen: readonly Step[]): readonly Step[] {
  const byAddress = new Map(steps.map((step) => [step.address, step]));
  const all = new Set<Address>();
  const visit = (step: Step): void => {
    if (all.has(step.address)) return;
    all.add(step.address);
    for (const need of step.needs) {
      const found = byAddress.get(need);
      if (found !== undefined) visit(found);
    }
  };
  chosen.forEach(visit);
  return steps.filter(({ address }) => all.has(address));
}

function createRunner(plan: Plan, google: Google, options: ApplyOptions, internals: Internals) {
  const { graph } = plan;
  const base = contextOf(graph, google, { ...options, cache: internals.cache });
  const { clock } = base;
  const beganMs = clock.now();
  const known: Known = new Map(internals.known);
  const slot = limited(options.parallelism ?? 8);
  const serial = serialised();
  const changed = new Set<Address>();
  const ends = new Map<Address, Promise<"done" | "failed" | "skipped">>();
  const counts = { done: 0, failed: 0, skipped: 0 };

  const tell = (event: Told): void => {
    options.onEvent?.({ ...event, time: new Date(clock.now()).toISOString() } as ApplyEvent);
  };

  function contextFor(step: Step): ApplyContext {
    let last = "";
    const progress = (message: string): void => {
      if (message === last) return;
      last = message;
      tell({ type: "progress", resource: step.address, message });
    };
    return {
      ...base,
      google: telling(google, progress),
      serial,
      freshGrant: step.needs.some((need) => changed.has(need) && /^(api|secret-access|service-account)\//.test(need)),
      progress,
    };
  }

  async function work(step: Step): Promise<void> {
    const kind = kindOf(step.kind);
    const context = contextFor(step);
    if (step.action === "delete") {
      const found = internals.found.get(step.address);
      if (found !== undefined) await kind.remove(found, context);
      return;
    }
    const resource = graph.resources.find(({ address }) => address === step.address);
    if (resource === undefined) throw new Error(`${step.address} is not in the file`);
    const want = wantOf(resource, graph, known);
    const missing = refsIn(want.spec)[0];
    if (missing !== undefined) throw new Error(`${missing.$ref} gives no ${missing.output}`);
    const have = internals.have.get(step.address);
    const live = await kind.apply(want, have, internals.changes.get(step.address) ?? [], context);
    known.set(step.address, kind.outputs(want, live));
    changed.add(step.address);
  }

  async function attempt(step: Step, steps: readonly Step[]): Promise<"done" | "failed" | "skipped"> {
    const among = new Set(steps.map(({ address }) => address));
    for (const need of step.needs.filter((address) => among.has(address) && address !== step.address)) {
      if ((await ends.get(need)) === "done") continue;
      counts.skipped++;
      tell({ type: "skipped", resource: step.address, because: need });
      return "skipped";
    }
    return slot(async () => {
      options.signal?.throwIfAborted();
      const startMs = clock.now();
      tell({ type: "started", resource: step.address, action: step.action });
      try {
        await work(step);
      } catch (thrown) {
        options.signal?.throwIfAborted();
        counts.failed++;
        tell({
          type: "failed",
          resource: step.address,
          elapsedMs: clock.now() - startMs,
          ...explain(thrown, graph, step.address),
        });
        return "failed";
      }
      counts.done++;
      tell({ type: "done", resource: step.address, action: step.action, elapsedMs: clock.now() - startMs });
      return "done";
    });
  }

  return {
    run: (step: Step, steps: readonly Step[]) => {
      const end = Promise.resolve().then(() => attempt(step, steps));
      ends.set(step.address, end);
      return end;
    },
    result: (unchanged: number) => ({
      ...counts,
      unchanged,
      elapsedMs: clock.now() - beganMs,
      outputs: outputsOf(graph, known),
    }),
  };
}

/** The file's outputs that are known. */
function outputsOf(graph: Graph, known: Known): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const [name, value] of Object.entries(graph.outputs)) {
    const text = resolved(value, known);
    if (!isRef(text)) outputs[name] = String(text);
  }
  return outputs;
}
