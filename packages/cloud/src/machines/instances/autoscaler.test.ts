import { describe, expect, test } from "vitest";
import { pauseMs, toStart } from "./autoscaler.ts";

const none = { waiting: 0, starting: 0, alive: 0, concurrency: 10, min: 0, max: 5 };

describe("autoscaler", () => {
  test.each([
    ["nothing to do", {}, 0],
    ["the minimum", { min: 2 }, 2],
    ["the minimum is there", { min: 2, alive: 2 }, 0],
    ["one waits", { waiting: 1 }, 1],
    ["one waits for the one that starts", { waiting: 10, starting: 1, alive: 1 }, 0],
    ["more wait than that one takes", { waiting: 11, starting: 1, alive: 1 }, 1],
    ["as many as needed", { waiting: 35 }, 4],
    ["not over the maximum", { waiting: 500, alive: 3 }, 2],
    ["the minimum takes those who wait", { waiting: 5, min: 1 }, 1],
    ["more alive than allowed", { waiting: 5, alive: 9 }, 0],
  ])("%s: %j", (_, load, count) => expect(toStart({ ...none, ...load })).toBe(count));

  test("the pause after crashes doubles, up to a minute", () => {
    expect([1, 2, 3, 4, 20].map(pauseMs)).toEqual([0, 1000, 2000, 4000, 60_000]);
  });
});
