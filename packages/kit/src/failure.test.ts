import { expect, test } from "vitest";
import { Failure } from "./failure.ts";
import { failures } from "./failures.ts";

test("failure: its JSON has the contract's fields and nothing undefined", () => {
  const failure = new Failure({ code: "USAGE", what: "There is no command `pln`.", next: "aloft plan" });
  expect(JSON.parse(JSON.stringify({ error: failure }))).toEqual({
    error: { code: "USAGE", what: "There is no command `pln`.", next: "aloft plan" },
  });
});

test("failure: the table is in order and every row says when it is seen", () => {
  expect(Object.keys(failures)).toEqual(Object.keys(failures).sort());
  for (const [code, { when }] of Object.entries(failures)) {
    expect(code).toMatch(/^[A-Z][A-Z_]+$/);
    expect(when).toMatch(/\.$/);
  }
});
