import { expect, test } from "vitest";
import { randomIds, seededIds, shortHash } from "./ids.ts";

test("ids: each has its form, and the same seed gives the same ones", () => {
  expect(randomIds.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(randomIds.digits(12)).toMatch(/^[1-9]\d{11}$/);
  const draw = (seed: string) => {
    const ids = seededIds(seed);
    return [ids.short(5), ids.uuid(), ids.digits(40)];
  };
  expect(draw("a")).toEqual(draw("a"));
  expect(draw("a")).not.toEqual(draw("b"));
  expect(shortHash("storymimi", 10)).toBe(shortHash("storymimi", 10));
  expect(shortHash("storymimi", 10)).toMatch(/^[a-z0-9]{10}$/);
});
