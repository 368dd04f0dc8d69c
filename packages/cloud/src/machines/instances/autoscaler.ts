/** The pure part of scaling: how many instances a revision should have, by what is asked of it. */

/** Idle time after which an instance beyond the minimum is ended; Cloud Run keeps it up to 15 minutes. */
export const idleMs = 15 * 60_000;

/** How long a request waits for room when no instance is being started for it. */
export const queueMs = 10_000;

/** An instance that lives so long is no part of a crash loop. */
export const stableMs = 30_000;

/** Crashes in a row that make a revision not ready. */
export const crashLoop = 3;

export interface Load {
  readonly waiting: number;
  readonly starting: number;
  /** Starting and running, not those that stop. */
  readonly alive: number;
  readonly concurrency: number;
  readonly min: number;
  readonly max: number;
}

/** How many instances to start now: for the minimum, and for requests that those being started will not take. */
export function toStart(load: Load): number {
  const short = Math.max(0, load.min - load.alive);
  const uncovered = load.waiting - (load.starting + short) * load.concurrency;
  const wanted = short + Math.max(0, Math.ceil(uncovered / load.concurrency));
  return Math.max(0, Math.min(wanted, load.max - load.alive));
}

/** How many requests may wait. */
export const queueBound = (concurrency: number, max: number): number =>
  Math.max(100, Math.min(1000, concurrency * max));

/** The pause before the next start after `crashes` in a row: none, then 1 s, doubling up to a minute. */
export const pauseMs = (crashes: number): number => (crashes <= 1 ? 0 : Math.min(60_000, 1000 * 2 ** (crashes - 2)));
