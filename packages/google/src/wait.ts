import type { Clock } from "@aloft/kit/clock";
import { decodeStatus } from "./decode.ts";
import { type ApiCall, GoogleError, type LongRunning, type WaitOptions } from "./google.ts";

const firstPollMs = 50;
const slowestPollMs = 2000;
const longestMs = 30 * 60_000;

/**
 * Polls an operation to its end, quickly at first. Answers its response. Its error is thrown as `GoogleError`, and so
 * is DEADLINE_EXCEEDED when it takes longer than `timeoutMs` (half an hour by default); it then goes on by itself.
 */
export async function waitFor<T>(
  operation: LongRunning,
  options: WaitOptions,
  request: <R>(call: ApiCall) => Promise<R>,
  clock: Clock,
): Promise<T> {
  const call = `${options.api}.googleapis.com/${options.version}/${operation.name}`;
  const until = clock.now() + (options.timeoutMs ?? longestMs);
  let current = operation;
  for (let delayMs = firstPollMs; ; delayMs = Math.min(slowestPollMs, delayMs * 1.5)) {
    options.onProgress?.(current);
    if (current.done === true) {
      if (current.error) throw decodeStatus(current.error, call);
      return (current.response ?? {}) as T;
    }
    if (clock.now() >= until) {
      throw new GoogleError({
        status: 0,
        code: "DEADLINE_EXCEEDED",
        message: `the operation ${operation.name} is still running`,
        call,
      });
    }
    await clock.sleep(delayMs, options.signal);
    current = await request<LongRunning>({
      api: options.api,
      path: `${options.version}/${operation.name}`,
      ...(options.signal ? { signal: options.signal } : {}),
    });
  }
}
