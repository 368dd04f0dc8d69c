import { expect, test } from "vitest";
import { parseFields, select } from "./partial.ts";

test("partial: names, paths, groups and wildcards select; lists are looked through", () => {
  const answer = {
    name: "n",
    labels: { a: "1", b: "2" },
    items: [{ id: 1, createTime: "t" }, { id: 2 }],
    __proto__: null,
  };
  const pick = (fields: string) => select(answer, parseFields(fields));
  expect(pick("name")).toEqual({ name: "n" });
  expect(pick("labels/a,items/id")).toEqual({ labels: { a: "1" }, items: [{ id: 1 }, { id: 2 }] });
  expect(pick("items(id,create_time)")).toEqual({ items: [{ id: 1, createTime: "t" }, { id: 2 }] });
  expect(pick("items.id")).toEqual({ items: [{ id: 1 }, { id: 2 }] });
  expect(pick("*")).toEqual({ ...answer });
  expect(pick("missing")).toEqual({});
  for (const bad of [",", "a(", "a(b", "a)", "a//b", "a b"])
    expect(() => parseFields(bad), bad).toThrow("invalid argument");
});
