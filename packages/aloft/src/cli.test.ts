import { afterAll, expect, test } from "vitest";
import { sandbox } from "./commands/cli.test-support.ts";

const box = await sandbox();
afterAll(() => box[Symbol.asyncDispose]());

test("aloft: help and version go to stdout, nothing to stderr", async () => {
  const [help, version] = await Promise.all([box.aloft([]), box.aloft(["--version"])]);
  expect(help).toMatchObject({ code: 0, stderr: "" });
  expect(help.stdout).toContain("secrets import");
  expect(version).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: "" });
});

test("aloft: usage errors end with 2, on stderr for people and on stdout as JSON", async () => {
  const [text, json] = await Promise.all([box.aloft(["plna"]), box.aloft(["plna", "--json"])]);
  expect(text).toEqual({
    code: 2,
    stdout: "",
    stderr: 'error USAGE  there is no command "plna"\n  → did you mean: aloft plan\n',
  });
  expect(json).toMatchObject({ code: 2, stderr: "" });
  expect(JSON.parse(json.stdout)).toEqual({
    error: { code: "USAGE", what: 'there is no command "plna"', next: "did you mean: aloft plan" },
  });
});

test("aloft: what is not built yet ends with 1 and says what to use", async () => {
  const ran = await box.aloft(["rollback", "api"]);
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/^error UNIMPLEMENTED {2}aloft rollback is not built yet\n {2}→ /);
});

test("aloft: without a config it says so, with 2", async () => {
  const ran = await box.aloft(["plan"]);
  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain("error CONFIG_NOT_FOUND");
});

test("aloft: version and help load neither the engine nor a library", async () => {
  const spy = `import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) { if (url.startsWith("file:")) process.stderr.write(url + "\\n"); return next(url, context); } });`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(spy)}` };
  const [version, help] = await Promise.all([box.aloft(["--version"], { env }), box.aloft(["help"], { env })]);
  expect(version.stderr).toContain("/src/commands/version");
  expect(help.stderr).toContain("/src/commands/up.ts");
  const engine = /\/(node_modules|packages\/google|src\/(app|plan|apply|kinds|image|doctor))\//;
  const light = /\/(app\/graph|kinds\/lib\/ownership)\.ts$/;
  for (const { stderr } of [version, help]) {
    expect(stderr.split("\n").filter((url) => engine.test(url) && !light.test(url))).toEqual([]);
  }
});
