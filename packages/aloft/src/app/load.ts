import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure, messageOf } from "@aloft/kit/failure";
import type { LoadConfig } from "../plan/engine.ts";
import type { App } from "./app.ts";

const names = ["aloft.config.ts", "aloft.config.mts", "aloft.config.js", "aloft.config.mjs"];

function find(cwd: string): string | undefined {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const found = names.map((name) => join(folder, name)).find((file) => existsSync(file));
    if (found !== undefined || dirname(folder) === folder) return found;
  }
}

const imported = new Map<string, number>();

/** See `LoadConfig`. A file that changed since it was imported is imported anew. */
export const loadConfig: LoadConfig = async ({ config, cwd }) => {
  const file = config === undefined ? find(cwd) : resolve(cwd, config);
  if (file === undefined || !existsSync(file)) {
    throw new Failure({
      code: "CONFIG_NOT_FOUND",
      what: file === undefined ? `There is no aloft.config.ts in ${resolve(cwd)} or above it.` : `There is no ${file}.`,
      next:
        file === undefined
          ? "go to the app's folder, or name the file with --config FILE"
          : "name another with --config FILE",
    });
  }
  const changedMs = statSync(file).mtimeMs;
  const seen = imported.get(file);
  imported.set(file, changedMs);
  const url = `${pathToFileURL(file).href}${seen === undefined || seen === changedMs ? "" : `?changed=${changedMs}`}`;
  let module: { readonly default?: unknown };
  try {
    module = (await import(url)) as { readonly default?: unknown };
  } catch (cause) {
    throw new Failure({
      code: "CONFIG_INVALID",
      what: `${basename(file)} ${cause instanceof SyntaxError ? "does not compile" : "cannot be loaded"}: ${messageOf(cause)}`,
      why: (cause instanceof SyntaxError ? await placeOfSyntax(file) : undefined) ?? placeIn(cause, file),
      next: `edit ${file}`,
      cause,
    });
  }
  const app = module.default as Partial<App> | undefined;
  if (app?.$aloft !== "app" || typeof app.build !== "function") {
    throw new Failure({
      code: "CONFIG_INVALID",
      what: `${basename(file)} exports no app.`,
      next: `export default defineApp("name", ({ service }) => { … })`,
    });
  }
  return { app: app as App, file, folder: dirname(file) };
};

/** The first line of the stack that names a place: `aloft.config.ts:12:3`. */
function placeIn(thrown: unknown, file: string): string {
  const stack = thrown instanceof Error ? (thrown.stack ?? "") : "";
  const place = /(?:file:\/\/)?(\/[^\s()]+\.[cm]?[jt]s(?:\?\S*?)?:\d+(?::\d+)?)/.exec(stack)?.[1];
  return place === undefined ? file : place.replace(/\?[^:]*/, "");
}

/** Node says of a syntax error in a module what it is, and not where: esbuild does. */
async function placeOfSyntax(file: string): Promise<string | undefined> {
  const { transform } = await import("esbuild");
  try {
    await transform(await readFile(file, "utf8"), { loader: "ts", logLevel: "silent" });
    return undefined;
  } catch (thrown) {
    const [first] = (thrown as { errors?: { location?: { line: number; column: number } | null }[] }).errors ?? [];
    return first?.location ? `${file}:${first.location.line}:${first.location.column + 1}` : undefined;
  }
}
