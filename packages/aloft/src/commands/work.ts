import type { ApplyEvent } from "../plan/plan.ts";
import type { Ui } from "../ui/ui.ts";

/** Hands the events of `apply` to the ui, each with the time since its resource was started. */
export function timedEvents(ui: Ui): (event: ApplyEvent) => void {
  const started = new Map<string, number>();
  return (event) => {
    const at = Date.parse(event.time);
    if (event.type === "started") started.set(event.resource, at);
    const sinceMs = "elapsedMs" in event ? event.elapsedMs : at - (started.get(event.resource) ?? at);
    ui.event({ ...event, elapsedMs: Math.round(sinceMs) });
  };
}

export const nowText = (): string => new Date().toISOString();

/** `--only` for the engine: absent means everything. */
export const onlyOf = (only: readonly string[]): { readonly only?: readonly string[] } =>
  only.length === 0 ? {} : { only };
