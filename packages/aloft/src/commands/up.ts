import { Failure } from "@aloft/kit/failure";
import { applyCounts, applyLine } from "../ui/apply-text.ts";
import { planData } from "../ui/plan-text.ts";
import { blockedBy } from "./blockers.ts";
import { defineCommand } from "./command.ts";
import { localUrls } from "./local-urls.ts";
import { forEnv, imageCache, openSession } from "./session.ts";
import { nowText, onlyOf, timedEvents } from "./work.ts";

export const command = defineCommand({
  name: "up",
  summary: "Bring the environment to what the file says",
  about:
    "Shows the plan, asks (or takes --yes), and carries exactly that plan out. When one resource fails, what does not " +
    "depend on it goes on; run again, it finishes the rest. Deletions of data need --confirm APP. With --dry-run Google is " +
    "asked whether it would take the changes of services that are there already.",
  uses: ["only", "dry-run"],
  examples: ["aloft up", "aloft up --env staging --yes", "aloft up --only api --yes --json"],
  run: async (ctx) => {
    const session = await openSession(ctx);
    const { graph, google } = session;
    const { makePlan } = await import("../plan/make-plan.ts");
    const { only, dryRun, yes, confirm } = ctx.global;
    const plan = await makePlan(graph, google, {
      ...{ ...onlyOf(only), signal: ctx.signal, clock: ctx.clock },
      cache: await imageCache(ctx, session),
      onProgress: ctx.ui.note,
    });
    const shown = planData(plan);
    ctx.ui.event({ type: "plan", time: nowText(), ...shown });
    const blocked = blockedBy(plan);
    if (blocked !== undefined) throw blocked;

    const changes = shown.steps.length - shown.counts.none;
    if (dryRun) {
      const { validatePlan } = await import("../plan/validate-plan.ts");
      const { asked, blockers } = await validatePlan(plan, google, { signal: ctx.signal, clock: ctx.clock });
      const taken = asked - blockers.length;
      const answer = { data: { ...nothingDone(shown.counts.none), dryRun: true, asked, taken } };
      const failure = blockedBy({ ...plan, blockers });
      return failure === undefined ? answer : { ...answer, failure };
    }
    const data = shown.steps.filter((step) => step.holdsData && ["delete", "replace"].includes(step.action));
    if (data.length > 0 && confirm !== graph.app)
      throw dataFailure(data, forEnv(`aloft up --yes --confirm ${graph.app}`, graph.env));
    if (changes > 0 && !yes) {
      if (!ctx.ui.interactive) throw approvalFailure(changes, forEnv("aloft up --yes", graph.env));
      if (!(await ctx.ui.ask("Do this?"))) throw approvalFailure(changes, undefined);
    }
    const { applyPlan } = await import("../apply/apply-plan.ts");
    const result = await applyPlan(plan, google, {
      ...{ ...onlyOf(only), signal: ctx.signal, clock: ctx.clock, onEvent: timedEvents(ctx.ui) },
      ...(confirm === undefined ? {} : { confirm }),
    });
    const local = await localUrls(session.local);
    const here = Object.fromEntries(
      Object.entries(result.outputs).flatMap(([name, value]) => {
        const found = local.find((service) => service.url === value)?.localUrl;
        return found === undefined ? [] : [[name, found]];
      }),
    );
    const answer = { data: { ...result, elapsedMs: Math.round(result.elapsedMs), localOutputs: here } };
    return result.failed === 0 ? answer : { ...answer, failure: failedFailure(result.failed, graph.env) };
  },
  text: (data: Done, paint) => {
    if (data.dryRun) return data.asked && data.asked === data.taken ? "Google says that it would take this." : "";
    const rows = Object.entries(data.outputs).flatMap(([name, value]) => {
      const here = data.localOutputs[name];
      return [
        `  ${name.padEnd(8)} ${paint.cyan(value)}`,
        ...(here === undefined ? [] : [`  ${"".padEnd(8)} ${paint.cyan(here)}   (on this machine)`]),
      ];
    });
    return [applyCounts(data), ...rows].join("\n");
  },
  stream: { to: "talk", text: applyLine },
});

interface Done {
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
  readonly unchanged: number;
  readonly elapsedMs: number;
  readonly outputs: Readonly<Record<string, string>>;
  /** The same outputs where a plain loopback address serves them. */
  readonly localOutputs: Readonly<Record<string, string>>;
  readonly dryRun?: boolean;
  /** Of a dry run: how many changes Google was asked of. */
  readonly asked?: number;
  /** How many of these it would take. */
  readonly taken?: number;
}

const nothingDone = (unchanged: number): Done => ({
  ...{ done: 0, failed: 0, skipped: 0, unchanged, elapsedMs: 0, outputs: {}, localOutputs: {} },
});

function approvalFailure(changes: number, next: string | undefined): Failure {
  return new Failure({
    code: "CONFIRMATION_NEEDED",
    what: `${changes} ${changes === 1 ? "change was" : "changes were"} not approved; nothing was done`,
    ...(next === undefined ? {} : { why: "Without a terminal nothing is approved by itself.", next }),
  });
}

function dataFailure(steps: readonly { readonly address: string }[], next: string): Failure {
  return new Failure({
    code: "CONFIRMATION_NEEDED",
    what: "the plan deletes data; nothing was done",
    problems: steps.map(({ address }) => ({ what: `${address} and what it holds would be gone` })),
    next,
  });
}

function failedFailure(failed: number, env: string): Failure {
  return new Failure({
    code: "DEPLOY_FAILED",
    what: `${failed} ${failed === 1 ? "resource" : "resources"} could not be brought to what the file says`,
    why: "Each is told above. What did not depend on them is done.",
    next: `mend it, then: ${forEnv("aloft up", env)}   (it does the rest)`,
  });
}
