import { type Clock, systemClock } from "./clock.ts";

export interface RetryOptions {
  /** Tries in all, the first included. */
  readonly tries: number;
  /** Wait before the second try; doubles each time, with up to 25 % jitter taken off. */
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** Whether this error is worth another try. A number is the wait in ms that the server asked for. */
  readonly retryable: (thrown: unknown) => boolean | number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  readonly random?: () => number;
  readonly onRetry?: (thrown: unknown, attempt: number, delayMs: number) => void;
}

/** The wait before try `attempt + 1`, in ms, with full doubling and a jitter that only shortens. */
export function backoff(
  attempt: number,
  options: Pick<RetryOptions, "firstDelayMs" | "maxDelayMs" | "random">,
): number {
  const full = Math.min(options.maxDelayMs, options.firstDelayMs * 2 ** (attempt - 1));
  return full * (1 - 0.25 * (options.random ?? Math.random)());
}

/** Runs `work` until it succeeds, its error is not worth another try, or the tries are used up: then that error is thrown. */
export async function retry<T>(work: (attempt: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const clock = options.clock ?? systemClock;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt);
    } catch (thrown) {
      const again = attempt < options.tries && options.retryable(thrown);
      if (again === false) throw thrown;
      const delayMs = typeof again === "number" ? again : backoff(attempt, options);
      options.onRetry?.(thrown, attempt, delayMs);
      await clock.sleep(delayMs, options.signal);
    }
  }
}
