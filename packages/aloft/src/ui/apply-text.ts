import { formatDuration } from "@aloft/kit/duration";
import type { ApplyEvent, StepAction } from "../plan/plan.ts";
import type { Paint } from "./paint.ts";
import { label, type PlanData, planText } from "./plan-text.ts";
import type { UiEvent } from "./ui.ts";

/** An event of `apply`, with the time since its resource was started. */
export type TimedEvent = ApplyEvent & { readonly elapsedMs: number };

const past: Readonly<Record<StepAction, string>> = {
  create: "created",
  update: "updated",
  replace: "replaced",
  repair: "repaired",
  delete: "deleted",
  none: "unchanged",
};

/** The lines of `up` and `down` while they work: each resource's own condition and the time it has taken. */
export function applyLine(raw: UiEvent, paint: Paint): string | undefined {
  if (raw.type === "plan") return planText(raw as unknown as PlanData, paint);
  const event = raw as unknown as TimedEvent;
  const time = paint.dim(formatDuration(event.elapsedMs).padStart(8));
  const name = label(event.resource).padEnd(28);
  const line = (mark: string, text: string): string => `  ${mark} ${time}  ${name}  ${text}`;
  switch (event.type) {
    case "started":
      return undefined;
    case "progress":
      return line(paint.dim("·"), event.message);
    case "done":
      return line(paint.green("✓"), past[event.action]);
    case "skipped":
      return line(paint.yellow("-"), `not tried: ${label(event.because)} failed`);
    case "failed":
      return [
        line(paint.red("✗"), event.what),
        ...(event.why === undefined ? [] : event.why.split("\n").map((line) => `      ${line}`)),
        ...(event.next === undefined ? [] : [`      ${paint.cyan("→")} ${event.next}`]),
      ].join("\n");
    default:
      return undefined;
  }
}

/** `7 done, 1 failed, 2 skipped, 3 unchanged in 4.2 s` */
export function applyCounts(result: {
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
  readonly unchanged: number;
  readonly elapsedMs: number;
}): string {
  const parts = (["done", "failed", "skipped", "unchanged"] as const)
    .filter((name) => result[name] > 0 || name === "done")
    .map((name) => `${result[name]} ${name}`);
  return `${parts.join(", ")} in ${formatDuration(result.elapsedMs)}`;
}
