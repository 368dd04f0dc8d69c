import { expect, test } from "vitest";
import { createClock } from "./clock.ts";
import { backoff, retry } from "./retry.ts";

const waits = { firstDelayMs: 100, maxDelayMs: 1000, random: () => 0 };

test("retry: tries again while it is worth it, with doubling waits, and throws the last error", async () => {
  const clock = createClock({ frozenAt: 0 });
  const delays: number[] = [];
  let calls = 0;
  const work = retry(
    async () => {
      calls++;
      throw new Error(`try ${calls}`);
    },
    {
      ...waits,
      tries: 4,
      retryable: () => true,
      clock,
      onRetry: (_, __, delayMs) => {
        delays.push(delayMs);
        queueMicrotask(() => queueMicrotask(() => clock.advance(delayMs)));
      },
    },
  );
  await expect(work).rejects.toThrow("try 4");
  expect(delays).toEqual([100, 200, 400]);
});

test("retry: stops at once at an error that is not worth it", async () => {
  let calls = 0;
  const work = retry(
    async () => {
      calls++;
      throw new Error("no");
    },
    { ...waits, tries: 5, retryable: () => false },
  );
  await expect(work).rejects.toThrow("no");
  expect(calls).toBe(1);
});

test("retry: the wait is bounded, and jitter only shortens it", () => {
  expect(backoff(10, waits)).toBe(1000);
  expect(backoff(1, { ...waits, random: () => 1 })).toBe(75);
});
