/** The time, as everything that waits or stamps sees it. Handed in, never taken from `Date`. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms` on this clock, and keeps the process alive until then. Rejects with the signal's reason when that aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `run` once after `ms` on this clock. The answer cancels it. Does not keep the process alive. */
  after(ms: number, run: () => void): () => void;
}

/** A clock that can be moved forward: timers that fall due by the move fire in order. */
export interface MovableClock extends Clock {
  advance(ms: number): void;
  /** How many times as fast as the computer's time it runs: 1, unless it was told otherwise. */
  readonly rate: number;
  /** From now on. */
  setRate(rate: number): void;
}

const longestTimerMs = 2 ** 31 - 1;

/**
 * The computer's time plus an offset that `advance` adds to, or a multiple of it by `rate`. With `frozenAt` the clock
 * stands still at that instant and moves by `advance` alone, as tests want it.
 */
export function createClock(
  options: { readonly frozenAt?: number; readonly offsetMs?: number; readonly rate?: number } = {},
): MovableClock {
  let offset = options.offsetMs ?? 0;
  let rate = options.rate ?? 1;
  // Of the computer's time: what passed since then counts `rate` times.
  let sinceMs = Date.now();
  const frozen = options.frozenAt;
  const pending = new Map<number, { at: number; run: () => void; holds: boolean }>();
  let timer: NodeJS.Timeout | undefined;
  let nextId = 1;

  const now = (): number => {
    if (frozen !== undefined) return frozen + offset;
    const real = Date.now();
    return rate === 1 ? real + offset : Math.floor(real + (real - sinceMs) * (rate - 1) + offset);
  };

  const arm = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (frozen !== undefined || pending.size === 0) return;
    let first = Number.POSITIVE_INFINITY;
    let held = false;
    for (const { at, holds } of pending.values()) {
      first = Math.min(first, at);
      held ||= holds;
    }
    timer = setTimeout(fire, Math.min(Math.max(0, first - now()) / rate, longestTimerMs));
    if (!held) timer.unref();
  };

  function fire(): void {
    const due = [...pending].filter(([, p]) => p.at <= now()).sort(([a, p], [b, q]) => p.at - q.at || a - b);
    for (const [id, p] of due) {
      if (pending.delete(id)) p.run();
    }
    arm();
  }

  const schedule = (ms: number, run: () => void, holds: boolean): (() => void) => {
    const id = nextId++;
    pending.set(id, { at: now() + Math.max(0, ms), run, holds });
    arm();
    return () => {
      if (pending.delete(id)) arm();
    };
  };

  return {
    now,
    after: (ms, run) => schedule(ms, run, false),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const stop = (): void => {
          cancel();
          reject(signal?.reason);
        };
        const cancel = schedule(
          ms,
          () => {
            signal?.removeEventListener("abort", stop);
            resolve();
          },
          true,
        );
        signal?.addEventListener("abort", stop, { once: true });
      }),
    advance: (ms) => {
      offset += ms;
      fire();
    },
    get rate() {
      return rate;
    },
    setRate: (to) => {
      const real = Date.now();
      offset += Math.round((real - sinceMs) * (rate - 1));
      sinceMs = real;
      rate = to;
      arm();
    },
  };
}

/** The computer's own time. */
export const systemClock: Clock = createClock();
