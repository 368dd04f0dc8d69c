import { expect, test } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

test("duration: reads sums of units and refuses what is none", () => {
  expect(parseDuration("300ms")).toBe(300);
  expect(parseDuration("1h30m")).toBe(5_400_000);
  expect(parseDuration("0.5s")).toBe(500);
  expect(parseDuration("7d")).toBe(604_800_000);
  for (const wrong of ["", "10", "s", "5 m", "-1s", "1h!"]) expect(parseDuration(wrong)).toBeUndefined();
});

test("duration: shows what a person reads at a glance", () => {
  expect([840, 3200, 250_000, 7_500_000].map(formatDuration)).toEqual(["840 ms", "3.2 s", "4 min 10 s", "2 h 5 min"]);
});
