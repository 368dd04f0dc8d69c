import { type PlanData, planData, planText } from "../ui/plan-text.ts";
import { blockedBy } from "./blockers.ts";
import { defineCommand } from "./command.ts";
import { imageCache, openSession } from "./session.ts";
import { onlyOf } from "./work.ts";

export const command = defineCommand({
  name: "plan",
  summary: "Show what up would do",
  about:
    "Compares the file with what is live and changes nothing. Secrets without a value are all named at once. Exit code 1 " +
    "when something stands in the way; with --exit-code 3 when there are changes.",
  flags: { "exit-code": { type: "boolean", what: "exit 3 when there are changes, 0 when there are none" } },
  uses: ["only", "dry-run"],
  examples: ["aloft plan", "aloft plan --env staging --only api", "aloft plan --exit-code --json"],
  run: async (ctx) => {
    const session = await openSession(ctx);
    const { graph, google } = session;
    const { makePlan } = await import("../plan/make-plan.ts");
    const plan = await makePlan(graph, google, {
      ...onlyOf(ctx.global.only),
      signal: ctx.signal,
      clock: ctx.clock,
      cache: await imageCache(ctx, session),
      onProgress: ctx.ui.note,
    });
    const data = planData(plan);
    const failure = blockedBy(plan);
    if (failure !== undefined) return { data, failure };
    const changes = data.counts.none !== data.steps.length;
    return { data, exit: changes && ctx.flags["exit-code"] === true ? 3 : 0 };
  },
  text: (data: PlanData, paint) => planText(data, paint),
});
