import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sandbox, secretsConfig } from "../commands/cli.test-support.ts";

const box = await sandbox({ "aloft.config.ts": secretsConfig("keysapp", "GEMINI_API_KEY", "OTHER_KEY", "third-key") });
const canary = "canary-7f3a9c51-must-not-show";
/** Everything that any command said, but for `secrets get`. */
let said = "";

async function aloft(args: readonly string[], input?: string) {
  const ran = await box.aloft(args, input === undefined ? {} : { input });
  if (args[1] !== "get") said += ran.stdout + ran.stderr;
  return ran;
}

beforeAll(async () => {
  expect(await aloft(["cloud", "start"])).toMatchObject({ code: 0 });
});
afterAll(() => box[Symbol.asyncDispose]());

test("secrets set: makes the secret, adds a version, and none for the same value", async () => {
  const first = await aloft(["secrets", "set", "GEMINI_API_KEY"], `${canary}\n`);
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toMatch(/^GEMINI_API_KEY made, with version 1\n/);

  const same = await aloft(["secrets", "set", "GEMINI_API_KEY", "--json"], canary);
  expect(JSON.parse(same.stdout)).toMatchObject({ secret: "GEMINI_API_KEY", state: "unchanged", version: "1" });
  expect((await aloft(["secrets", "set", "GEMINI_API_KEY", "--force"], canary)).stdout).toContain("version 2");

  const dry = await aloft(["secrets", "update", "GEMINI_API_KEY", "--dry-run"], `${canary}-2`);
  expect(dry.stdout).toContain("would get a new version");
  expect((await aloft(["secrets", "set", "GEMINI_API_KEY"], `${canary}-2`)).stdout).toContain("version 3");
});

test("secrets get: the newest value or the asked version, byte by byte", async () => {
  expect(await aloft(["secrets", "get", "GEMINI_API_KEY"])).toEqual({ code: 0, stdout: `${canary}-2`, stderr: "" });
  expect((await aloft(["secrets", "get", "GEMINI_API_KEY@1"])).stdout).toBe(canary);
  const json = await aloft(["secrets", "get", "GEMINI_API_KEY@1", "--json"]);
  expect(JSON.parse(json.stdout)).toEqual({ secret: "GEMINI_API_KEY", version: "1", value: canary });
  const none = await aloft(["secrets", "get", "GEMINI_API_KEY@9"]);
  expect(none).toMatchObject({ code: 1, stdout: "" });
  expect(none.stderr).toMatch(/^error SECRET_NOT_FOUND {2}GEMINI_API_KEY has no version 9\n/);
});

test("secrets set --file: takes the bytes as they are", async () => {
  box.write("key.pem", `${canary}-pem\n`);
  expect((await aloft(["secrets", "set", "third-key", "--file", "key.pem"])).code).toBe(0);
  expect((await aloft(["secrets", "get", "third-key"])).stdout).toBe(`${canary}-pem\n`);
  expect((await aloft(["secrets", "set", "third-key", "--file", "none.pem"])).stderr).toContain("error INPUT_INVALID");
});

test("secrets set: refuses a value as an argument, an empty one, and what the file does not declare", async () => {
  const argument = await aloft(["secrets", "set", "GEMINI_API_KEY", canary]);
  expect(argument).toMatchObject({ code: 2, stdout: "" });
  expect(argument.stderr).toContain("error USAGE  a secret's value is never an argument");
  expect((await aloft(["secrets", "set", "GEMINI_API_KEY"], "\n")).stderr).toContain("error INPUT_INVALID");
  const unknown = await aloft(["secrets", "set", "GEMINI_API_KEI"], canary);
  expect(unknown).toMatchObject({ code: 1 });
  expect(unknown.stderr).toContain("did you mean: GEMINI_API_KEY");
});

test("secrets import: declared names are taken, the others listed, the same again unchanged", async () => {
  box.write("values.env", `GEMINI_API_KEY="${canary}-2"\nOTHER_KEY=${canary}-other\nDEBUG=false\n# a comment\n`);
  const dry = await aloft(["secrets", "import", "values.env", "--dry-run", "--json"]);
  expect(JSON.parse(dry.stdout)).toMatchObject({ dryRun: true, written: [{ state: "unchanged" }, { state: "added" }] });

  const first = await aloft(["secrets", "import", "values.env"]);
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toMatch(/\+ OTHER_KEY +version 1\n/);
  expect(first.stdout).toMatch(/- DEBUG +skipped: not a secret of this file\n/);
  expect(first.stdout).toMatch(/\? third-key +not in the file\n/);
  expect(first.stdout).toContain("1 added, 1 unchanged, 1 skipped");
  expect((await aloft(["secrets", "import", "values.env"])).stdout).toContain("0 added, 2 unchanged, 1 skipped");
});

test("secrets list: versions and states, numbers and never values", async () => {
  const list = await aloft(["secrets", "list", "--json"]);
  expect(JSON.parse(list.stdout)).toMatchObject({
    app: "keysapp",
    env: "local",
    project: "keysapp-local",
    secrets: [
      { secret: "GEMINI_API_KEY", state: "ok", version: "3", versions: [{ number: "3", state: "ENABLED" }, {}, {}] },
      { secret: "OTHER_KEY", state: "ok", version: "1" },
      { secret: "third-key", state: "ok", version: "1" },
    ],
  });
  expect((await aloft(["secrets", "list"])).stdout).toMatch(/GEMINI_API_KEY +3 +3 +ok/);
});

test("secrets: no value is in what was said, nor in any file of the state", () => {
  expect(said).toContain("GEMINI_API_KEY");
  const files = globSync("**/*", { cwd: box.state, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map(({ name }) => name)).toContain("cloud.log");
  const forms = [canary, Buffer.from(canary).toString("base64").slice(0, 32)];
  for (const form of forms) {
    expect(said).not.toContain(form);
    for (const { parentPath, name } of files) {
      expect(readFileSync(join(parentPath, name)).includes(form), `${name} holds a value`).toBe(false);
    }
  }
});
