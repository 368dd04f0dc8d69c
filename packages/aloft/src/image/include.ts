import { glob, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { Failure } from "@aloft/kit/failure";

export interface IncludedFile {
  /** Relative to the folder, with forward slashes: `public/index.html`. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly size: number;
  readonly executable: boolean;
}

/** Never taken by a pattern: other people's code, history, state. */
const skipped = new Set(["node_modules", ".git", ".aloft"]);

/**
 * The files that `include:` names, sorted. Throws `Failure` ENTRY_INVALID for a pattern that leaves the folder or finds nothing,
 * and for a `.env` file: values of secrets do not belong into an image.
 */
export async function includedFiles(patterns: readonly string[], folder: string): Promise<readonly IncludedFile[]> {
  const files = new Map<string, IncludedFile>();
  const root = await realpath(folder);
  for (const pattern of patterns) {
    let matched = 0;
    const found = glob(pattern, { cwd: folder, exclude: (name) => skipped.has(name.split(sep).at(-1) ?? name) });
    for await (const match of found) {
      const path = join(folder, match);
      const real = await realpath(path);
      if (relative(root, real).startsWith("..")) throw invalid(pattern, `${match} is outside of the app's folder`);
      const { size, mode, isFile } = await stat(real).then((info) => ({ ...info, isFile: info.isFile() }));
      if (!isFile) continue;
      matched++;
      const name = relative(folder, path).split(sep).join("/");
      if (/(^|\/)\.env($|\.(?!example$))/.test(name)) {
        throw invalid(pattern, `it takes ${name}, and values of secrets do not belong into an image`);
      }
      files.set(name, { name, path: real, size, executable: (mode & 0o111) !== 0 });
    }
    if (matched === 0) throw invalid(pattern, "it finds no file");
  }
  return [...files.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function invalid(pattern: string, why: string): Failure {
  return new Failure({
    code: "ENTRY_INVALID",
    what: `include ${JSON.stringify(pattern)} cannot be packed`,
    why,
    next: "mend `include:` in aloft.config.ts; its patterns are relative to that file",
  });
}
