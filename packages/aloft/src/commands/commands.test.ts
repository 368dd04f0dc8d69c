import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { checks } from "../doctor/index.ts";
import { commands, loadCommand } from "./index.ts";
import { findCommand, globalFlags, parseCommand } from "./parse.ts";
import { nearest } from "./suggest.ts";
import { unbuilt } from "./unbuilt.ts";

const folder = import.meta.dirname;
const docs = readFileSync(join(folder, "../../../../docs/commands.md"), "utf8");

test("commands: every module that defines one is in the list under its own name, and no other", async () => {
  const modules = readdirSync(folder).filter((file) =>
    /^export const command = defineCommand\(/m.test(readFileSync(join(folder, file), "utf8")),
  );
  expect(modules.length).toBeGreaterThan(10);
  expect(
    Object.keys(commands)
      .map((name) => `${name.replace(" ", "-")}.ts`)
      .sort(),
  ).toEqual(modules.sort());
  for (const name of Object.keys(commands)) expect((await loadCommand(name))?.name).toBe(name);
});

test("commands: docs/commands.md names each with its summary", async () => {
  for (const name of Object.keys(commands)) {
    const command = await loadCommand(name);
    expect(docs).toContain(`| \`aloft ${name}\` | ${command?.summary} |`);
    expect(command?.examples.length).toBeGreaterThan(0);
  }
  expect(docs.match(/^\| `aloft /gm)?.length).toBe(Object.keys(commands).length);
});

test("commands: none that is said not to be built is there, and no flag hides a global one", async () => {
  for (const name of Object.keys(unbuilt)) expect(commands).not.toHaveProperty([name]);
  for (const name of Object.keys(commands)) {
    const flags = Object.keys((await loadCommand(name))?.flags ?? {});
    expect(flags.filter((flag) => flag in globalFlags)).toEqual([]);
  }
});

test("doctor: every check's file is in the list", () => {
  const files = readdirSync(join(folder, "../doctor")).filter((file) =>
    /: Check = \{/.test(readFileSync(join(folder, "../doctor", file), "utf8")),
  );
  expect(checks.map(({ name }) => `${name}.ts`).sort()).toEqual(files.sort());
});

test("findCommand: the name is found between global flags", () => {
  expect(findCommand(["--env", "staging", "secrets", "set", "X", "--yes"])).toMatchObject({
    name: "secrets set",
    rest: ["--env", "staging", "X", "--yes"],
  });
  expect(findCommand(["secrets", "update", "X"]).name).toBe("secrets set");
  expect(findCommand(["secrets"])).toMatchObject({ name: "help", rest: ["secrets"] });
  expect(findCommand(["--json"]).name).toBeUndefined();
});

test("findCommand: a near miss is named, what is not built says so, and a value is not repeated", () => {
  expect(() => findCommand(["plna"])).toThrow(
    expect.objectContaining({ code: "USAGE", next: "did you mean: aloft plan" }),
  );
  expect(() => findCommand(["cloud", "strat"])).toThrow(
    expect.objectContaining({ next: "did you mean: aloft cloud start" }),
  );
  expect(() => findCommand(["rollback", "api"])).toThrow(expect.objectContaining({ code: "UNIMPLEMENTED" }));
  expect(() => findCommand(["secrets", "rotate"])).toThrow(expect.objectContaining({ code: "UNIMPLEMENTED" }));
  expect(() => findCommand(["secrets", "KEY=hunter2-hunter2"])).toThrow(/^(?!.*hunter2)/);
});

test("parseCommand: flags, lists and the environment's default", async () => {
  const plan = await loadCommand("plan");
  if (plan === undefined) throw new Error("no plan");
  const parsed = parseCommand(plan, ["--only", "api,worker", "--only=queue", "--exit-code"], { ALOFT_ENV: "staging" });
  expect(parsed.global).toMatchObject({ env: "staging", only: ["api", "worker", "queue"], yes: false });
  expect(parsed.flags["exit-code"]).toBe(true);
  const bad = (args: string[]) => () => parseCommand(plan, args, {});
  expect(bad(["--exitcode"])).toThrow(expect.objectContaining({ code: "USAGE", next: "did you mean: --exit-code" }));
  expect(bad(["--env"])).toThrow(expect.objectContaining({ what: "--env needs a value" }));
  expect(bad(["--yes=no"])).toThrow(expect.objectContaining({ what: "--yes takes no value" }));
  expect(bad(["api"])).toThrow(/takes no argument, 1 was given/);
});

test("parseCommand: a flag that the command cannot honour is refused", async () => {
  const start = await loadCommand("cloud start");
  if (start === undefined) throw new Error("no cloud start");
  expect(() => parseCommand(start, ["--dry-run"], {})).toThrow(/takes no --dry-run/);
});

test("nearest: swaps, typos and beginnings; nothing for a far word", () => {
  expect(nearest("stauts", ["status", "secrets"])).toBe("status");
  expect(nearest("sec", ["status", "secrets"])).toBe("secrets");
  expect(nearest("banana", ["status", "secrets"])).toBeUndefined();
});
