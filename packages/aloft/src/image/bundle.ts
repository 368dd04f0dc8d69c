import { existsSync } from "node:fs";
import { basename, extname, isAbsolute, join, relative, sep } from "node:path";
import { Failure, type Problem } from "@aloft/kit/failure";
import type { Message, Plugin } from "esbuild";

export interface Bundle {
  /** The program as one ES module, `<name>.mjs`, with its source map `<name>.mjs.map`; no path of this machine in either. */
  readonly files: readonly { readonly name: string; readonly data: Uint8Array }[];
  /** Every file that went in, absolute. */
  readonly inputs: readonly string[];
  readonly warnings: readonly string[];
}

/** What packages written for CommonJS expect to find, where an ES module has none of it. */
const banner =
  'import{createRequire as __aloftRequire}from"node:module";globalThis.require??=__aloftRequire(import.meta.url);';

/** The file that an entry becomes in `/app`: `api.ts` is `api.mjs`. */
export function bundleName(entry: string): string {
  return `${basename(entry, extname(entry))}.mjs`;
}

/**
 * Bundles an entry and all it imports for Node. Throws `Failure` ENTRY_INVALID with the compiler's messages, each with
 * its file and line, a missing package with the command that installs it.
 */
export async function bundle(entry: string, folder: string): Promise<Bundle> {
  if (!existsSync(entry)) {
    throw new Failure({
      code: "ENTRY_INVALID",
      what: `there is no file ${shown(entry, folder)} to bundle`,
      next: "mend `entry:` in aloft.config.ts: it is relative to that file",
    });
  }
  const esbuild = await import("esbuild");
  const name = bundleName(entry);
  const result = await esbuild
    .build({
      entryPoints: [entry],
      absWorkingDir: folder,
      outfile: join(folder, name),
      write: false,
      bundle: true,
      metafile: true,
      format: "esm",
      platform: "node",
      target: "node22",
      // Names stay as they are, for stack traces and whoever reads them.
      minifyWhitespace: true,
      sourcemap: "linked",
      sourcesContent: false,
      legalComments: "eof",
      banner: { js: banner },
      define: { __dirname: "import.meta.dirname", __filename: "import.meta.filename" },
      plugins: [refuseAddons],
      logLevel: "silent",
    })
    .catch((thrown: unknown) => {
      if (isBuildFailure(thrown)) throw invalid(entry, folder, thrown.errors);
      throw thrown;
    });
  return {
    files: result.outputFiles.map((file) => ({ name: basename(file.path), data: file.contents })),
    inputs: Object.keys(result.metafile.inputs)
      .map((path) => (isAbsolute(path) ? path : join(folder, path)))
      .filter((path) => existsSync(path)),
    warnings: result.warnings
      .filter((warning) => !warning.location?.file.includes("node_modules"))
      .map((warning) => [place(warning), warning.text].filter(Boolean).join(": ")),
  };
}

/** An addon is compiled for one machine and lies in a file of its own: it cannot be part of a bundle. */
const refuseAddons: Plugin = {
  name: "refuse-addons",
  setup(build) {
    build.onLoad({ filter: /\.node$/ }, (file) => ({
      errors: [
        { text: `native addon ${basename(file.path)} cannot be bundled; the package needs an image of its own` },
      ],
    }));
  },
};

function isBuildFailure(thrown: unknown): thrown is { readonly errors: readonly Message[] } {
  return typeof thrown === "object" && thrown !== null && "errors" in thrown && Array.isArray(thrown.errors);
}

function invalid(entry: string, folder: string, messages: readonly Message[]): Failure {
  const problems = messages.map(problemOf);
  const missing = [...new Set(messages.map(missingPackage).filter((name) => name !== undefined))];
  const first = problems[0];
  return new Failure({
    code: "ENTRY_INVALID",
    what: `${shown(entry, folder)} does not compile`,
    why: [first?.at, first?.what].filter(Boolean).join(": "),
    next: missing.length > 0 ? `npm install ${missing.join(" ")}` : "mend it and run the command again",
    problems,
  });
}

function problemOf(message: Message): Problem {
  const at = place(message);
  const missing = missingPackage(message);
  return {
    ...(at ? { at } : {}),
    what: missing ? `the package ${missing} is imported and not installed` : message.text,
    ...(missing ? { next: `npm install ${missing}` } : {}),
  };
}

function place(message: Message): string {
  const { location } = message;
  return location ? `${location.file}:${location.line}:${location.column + 1}` : "";
}

/** The package of an import that does not resolve; undefined for files and all other messages. */
function missingPackage(message: Message): string | undefined {
  const path = /^Could not resolve "([^"]+)"$/.exec(message.text)?.[1];
  if (path === undefined || /^[./#]|^\w+:/.test(path)) return undefined;
  return path
    .split("/")
    .slice(0, path.startsWith("@") ? 2 : 1)
    .join("/");
}

function shown(path: string, folder: string): string {
  const inside = relative(folder, path);
  return inside.startsWith("..") ? path : inside.split(sep).join("/");
}
