import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadConfig } from "./load.ts";

const root = realpathSync(mkdtempSync(join(tmpdir(), "aloft-load-")));
mkdirSync(join(root, "node_modules"));
symlinkSync(join(import.meta.dirname, "../.."), join(root, "node_modules/aloft"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let made = 0;
/** A folder with a folder in it, and this text as its config. */
function folder(text?: string): string {
  const cwd = join(root, `app${made++}`);
  mkdirSync(join(cwd, "deep/er"), { recursive: true });
  if (text !== undefined) writeFileSync(join(cwd, "aloft.config.ts"), text);
  return cwd;
}
const good = (name: string): string =>
  `import { defineApp } from "aloft";\nexport default defineApp("${name}", (): void => {});\n`;

test("loadConfig: the first config upwards is imported as TypeScript", async () => {
  const cwd = folder(good("shop"));
  const loaded = await loadConfig({ cwd: join(cwd, "deep/er") });
  expect(loaded).toMatchObject({ folder: cwd, file: join(cwd, "aloft.config.ts"), app: { name: "shop" } });
});

test("loadConfig: a config that changed is read again", async () => {
  const cwd = folder(good("one"));
  await loadConfig({ cwd });
  writeFileSync(join(cwd, "aloft.config.ts"), good("two"));
  utimesSync(join(cwd, "aloft.config.ts"), 1, 1);
  expect((await loadConfig({ cwd })).app.name).toBe("two");
});

test("loadConfig: no config, here or by name", async () => {
  await expect(loadConfig({ cwd: folder() })).rejects.toMatchObject({ code: "CONFIG_NOT_FOUND" });
  const named = loadConfig({ cwd: folder(good("x")), config: "other.ts" });
  await expect(named).rejects.toMatchObject({ code: "CONFIG_NOT_FOUND", what: expect.stringContaining("other.ts") });
});

/** What a process of its own, with Node's own loader, makes of a config. */
function refusal(text: string): Record<string, string> {
  const script = `import { loadConfig } from ${JSON.stringify(join(import.meta.dirname, "load.ts"))};
    await loadConfig({ cwd: ${JSON.stringify(folder(text))} }).catch((f) => console.log(JSON.stringify(f)));`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  return JSON.parse(stdout) as Record<string, string>;
}

test("loadConfig: a config that does not compile, throws, or exports no app is refused with its line", () => {
  const compiling = { code: "CONFIG_INVALID", why: expect.stringMatching(/aloft\.config\.ts:3:1$/) };
  expect(refusal("export default {\n  const\n};\n")).toMatchObject(compiling);
  expect(refusal("\nthrow new Error('not today');\n")).toMatchObject({
    code: "CONFIG_INVALID",
    what: "aloft.config.ts cannot be loaded: not today",
    why: expect.stringContaining("aloft.config.ts:2"),
  });
  expect(refusal("export const app = 1;")).toMatchObject({ what: "aloft.config.ts exports no app." });
});
