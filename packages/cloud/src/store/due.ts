import type { Host } from "../host.ts";

/** What falls due by the cloud's clock. */
export interface Due {
  /** Does what is due; one comparison when nothing is. Called before anything is read. */
  settle(): void;
  /** Looks anew when the next is due; called after a change of such a time. */
  changed(): void;
  stop(): void;
}

export interface DueWork {
  /** When the next thing is due, in ms; undefined when nothing ever is. */
  readonly nextMs: () => number | undefined;
  /** Does all that is due at `nowMs`, within one transaction. */
  readonly work: (nowMs: number) => void;
}

/** Does the work when it falls due: by a timer of the clock, or earlier when somebody looks. */
export function createDue({ clock, db }: Pick<Host, "clock" | "db">, { nextMs, work }: DueWork): Due {
  let next = Number.POSITIVE_INFINITY;
  let cancel: (() => void) | undefined;

  const settle = (): void => {
    const nowMs = clock.now();
    if (nowMs < next) return;
    db.tx(() => work(nowMs));
    changed();
  };

  const changed = (): void => {
    cancel?.();
    cancel = undefined;
    next = nextMs() ?? Number.POSITIVE_INFINITY;
    if (next < Number.POSITIVE_INFINITY) cancel = clock.after(next - clock.now(), settle);
  };

  changed();
  return { settle, changed, stop: () => cancel?.() };
}
