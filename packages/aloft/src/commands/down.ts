import { Failure } from "@aloft/kit/failure";
import type { Graph } from "../app/graph.ts";
import type { ApplyEvent, Held } from "../plan/plan.ts";
import { applyCounts, applyLine } from "../ui/apply-text.ts";
import { label, type PlanData, planData } from "../ui/plan-text.ts";
import { blockedBy } from "./blockers.ts";
import { defineCommand } from "./command.ts";
import { forEnv, openSession } from "./session.ts";
import { nowText, timedEvents } from "./work.ts";

export const command = defineCommand({
  name: "down",
  summary: "Delete what up made in the environment",
  about:
    "Lists what goes and what is kept, asks (or takes --yes), and deletes in reverse order. What holds data (secrets, Redis) " +
    "goes only with --confirm APP. APIs stay switched on. What Google keeps of what is gone, and until when, is told.",
  uses: ["dry-run"],
  examples: ["aloft down --dry-run", "aloft down --env staging --yes --confirm storymimi"],
  run: async (ctx) => {
    const { graph, google } = await openSession(ctx);
    const { makeDownPlan } = await import("../plan/make-down-plan.ts");
    const { dryRun, yes, confirm } = ctx.global;
    const plan = await makeDownPlan(graph, google, { signal: ctx.signal, clock: ctx.clock });
    const shown = planData(plan);
    ctx.ui.event({ type: "plan", time: nowText(), ...shown });
    const blocked = blockedBy(plan);
    if (blocked !== undefined) throw blocked;
    const kept = [...keptSteps(shown.steps), ...keptApis(graph)];
    const going = shown.steps.filter(({ action }) => action !== "none");
    const held = plan.held ?? [];
    const none: Done = {
      ...{ done: 0, failed: 0, skipped: 0, unchanged: kept.length, elapsedMs: 0 },
      kept,
      held,
      dryRun,
    };
    if (dryRun || going.length === 0) return { data: none };

    const data = going.filter(({ holdsData }) => holdsData === true);
    const command = forEnv(`aloft down --yes${data.length > 0 ? ` --confirm ${graph.app}` : ""}`, graph.env);
    if (data.length > 0 && confirm !== graph.app) {
      throw new Failure({
        code: "CONFIRMATION_NEEDED",
        what:
          confirm === undefined
            ? "this deletes data; nothing was done"
            : `--confirm names another app than ${graph.app}; nothing was done`,
        problems: data.map(({ address }) => ({ what: `${label(address)} and what it holds would be gone` })),
        next: command,
      });
    }
    if (!yes && !(ctx.ui.interactive && (await ctx.ui.ask(`Delete ${going.length} resources?`)))) {
      throw new Failure({
        code: "CONFIRMATION_NEEDED",
        what: `the deletion of ${going.length} resources was not approved; nothing was done`,
        next: command,
      });
    }
    const { applyPlan } = await import("../apply/apply-plan.ts");
    const gone = new Set<string>();
    const tell = timedEvents(ctx.ui);
    const onEvent = (event: ApplyEvent): void => {
      if (event.type === "done") gone.add(event.resource);
      tell(event);
    };
    const { outputs: _, ...result } = await applyPlan(plan, google, {
      ...{ signal: ctx.signal, clock: ctx.clock, onEvent },
      ...(confirm === undefined ? {} : { confirm }),
    });
    const left = held.filter(({ address }) => gone.has(address));
    const answer = { data: { ...result, elapsedMs: Math.round(result.elapsedMs), kept, held: left, dryRun } };
    if (result.failed === 0) return answer;
    const what = `${result.failed} of ${going.length} could not be deleted`;
    return { ...answer, failure: new Failure({ code: "DEPLOY_FAILED", what, next: `mend it, then: ${command}` }) };
  },
  text: (data: Done, paint) => {
    const kept = data.kept.map(({ address, reasons }) =>
      `  ${paint.dim("•")} ${label(address)}  ${reasons.join(", ")}`.trimEnd(),
    );
    const held = data.held.flatMap(({ address, what, until, next }) => [
      `  ${paint.dim("•")} ${label(address)}  until ${until.slice(0, 16).replace("T", " ")} UTC: ${what}`,
      ...(next === undefined ? [] : [`      ${paint.cyan("→")} ${next}`]),
    ]);
    return [
      ...(data.dryRun ? [] : [applyCounts(data)]),
      ...(kept.length === 0 ? [] : ["Kept:", ...kept]),
      ...(held.length === 0 ? [] : ["Google keeps:", ...held]),
    ].join("\n");
  },
  stream: { to: "talk", text: applyLine },
});

interface Kept {
  readonly address: string;
  readonly reasons: readonly string[];
}

const keptSteps = (steps: PlanData["steps"]): Kept[] =>
  steps.filter(({ action }) => action === "none").map(({ address, reasons }) => ({ address, reasons }));

/** Another app of the project may need them. */
const keptApis = (graph: Graph): Kept[] =>
  graph.resources
    .filter(({ kind }) => kind === "api")
    .map(({ address }) => ({ address, reasons: ["stay switched on"] }));

interface Done {
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
  readonly unchanged: number;
  readonly elapsedMs: number;
  readonly kept: readonly Kept[];
  readonly held: readonly Held[];
  readonly dryRun: boolean;
}
