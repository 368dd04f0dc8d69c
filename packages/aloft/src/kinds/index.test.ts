import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { kindOf, kinds } from "./index.ts";

test("kinds: the list has every file of the folder, by its name", () => {
  const files = readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !["kind.ts", "index.ts"].includes(file))
    .map((file) => file.replace(/\.ts$/, ""));
  expect(files.length).toBeGreaterThan(5);
  expect(kinds.map(({ name }) => name).sort()).toEqual(files.sort());
});

test("kinds: one is found by its name", () => {
  expect(kindOf("service").name).toBe("service");
  expect(() => kindOf("servce")).toThrow("there is no kind servce");
});
