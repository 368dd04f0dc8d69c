import { formatDuration } from "@aloft/kit/duration";
import type { Plan, Step, StepAction } from "../plan/plan.ts";
import type { Paint } from "./paint.ts";

/** A plan as data: what `--json` writes. Never a secret's value. */
export interface PlanData {
  readonly app: string;
  readonly env: string;
  readonly project: string;
  readonly region: string;
  readonly observed: number;
  readonly observedMs: number;
  readonly steps: readonly Omit<Step, "needs">[];
  readonly blockers: Plan["blockers"];
  readonly counts: Readonly<Record<StepAction, number>>;
}

export function planData(plan: Plan): PlanData {
  const { app, env, project, region } = plan.graph;
  const counts = { create: 0, update: 0, replace: 0, repair: 0, delete: 0, none: 0 };
  for (const step of plan.steps) counts[step.action]++;
  return {
    ...{ app, env, project, region },
    observed: plan.steps.length,
    observedMs: Math.round(plan.observedMs),
    steps: plan.steps.map(({ address, kind, id, action, effect, reasons, keeps, holdsData }) => ({
      ...{ address, kind, id, action, reasons },
      ...(effect === undefined ? {} : { effect }),
      ...(keeps === undefined ? {} : { keeps }),
      ...(holdsData === undefined ? {} : { holdsData }),
    })),
    blockers: plan.blockers,
    counts,
  };
}

const marks: Readonly<Record<Exclude<StepAction, "none">, string>> = {
  create: "+",
  update: "~",
  replace: "~",
  repair: "!",
  delete: "-",
};

/** `service/api` → `service api` */
export function label(address: string): string {
  return address.replace("/", " ");
}

/** One line a resource, reasons on the line, then what is in sync and the counts. */
export function planText(plan: PlanData, paint: Paint): string {
  const changes = plan.steps.filter((step) => step.action !== "none");
  const title = `${plan.app} · ${plan.env} · ${plan.project}/${plan.region}`;
  const seen = `${plan.observed} observed in ${formatDuration(plan.observedMs)}`;
  const blocked = new Map(plan.blockers.map((blocker) => [blocker.address, blocker]));
  const told = plan.steps.filter(({ action, keeps }) => action !== "none" || keeps !== undefined);
  const labelWidth = Math.max(22, ...told.map(({ address }) => label(address).length));
  const effects = changes.map((step) => effectOf(step));
  const effectWidth = Math.max(0, ...effects.map((effect) => effect.length));
  const lines = changes.map((step, at) => {
    const effect = effects[at] ?? "";
    const reasons = step.reasons.join(", ");
    const details = effect === "" ? reasons : `${effect.padEnd(effectWidth)}   ${reasons}`;
    const rest = [details, keepsOf(step, paint)].filter(Boolean).join("   ");
    return `  ${painted(step.action, paint)} ${label(step.address).padEnd(labelWidth)}  ${rest}`.trimEnd();
  });
  for (const blocker of blocked.values()) {
    if (!changes.some((step) => step.address === blocker.address)) {
      lines.push(`  ${paint.red("✗")} ${label(blocker.address).padEnd(labelWidth)}  ${blocker.what}`);
    }
  }
  for (const step of told.filter(({ action }) => action === "none")) {
    lines.push(`  ${paint.dim("•")} ${label(step.address).padEnd(labelWidth)}  ${keepsOf(step, paint)}`);
  }
  const unchanged = plan.counts.none;
  return [
    `${paint.bold(title).padEnd(70 + paint.bold(title).length - title.length)}${title.length >= 70 ? "  " : ""}${paint.dim(seen)}`,
    ...lines,
    ...(unchanged === 0 ? [] : [paint.dim(`  • ${unchanged} unchanged`)]),
    totals(plan.counts),
  ].join("\n");
}

/** What stays though the file does not name it. */
const keepsOf = ({ keeps = [] }: Pick<Step, "keeps">, paint: Paint): string =>
  keeps.length === 0 ? "" : paint.dim(`keeps ${keeps.join(", ")}`);

function effectOf(step: Pick<Step, "action" | "effect">): string {
  return step.effect ?? (step.action === "replace" ? "replaced" : "");
}

function painted(action: StepAction, paint: Paint): string {
  if (action === "none") return "•";
  const colour = {
    create: paint.green,
    update: paint.yellow,
    replace: paint.yellow,
    repair: paint.red,
    delete: paint.red,
  };
  return colour[action](marks[action]);
}

function totals(counts: PlanData["counts"]): string {
  const parts = (["create", "update", "replace", "repair", "delete"] as const)
    .filter((action) => counts[action] > 0)
    .map((action) => `${counts[action]} to ${action}`);
  return parts.length === 0 ? "Nothing to do." : parts.join(", ");
}
