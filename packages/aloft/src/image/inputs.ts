import { statSync } from "node:fs";
import { dirname, join } from "node:path";

/** A path with what a look at it said: size and times, or null where nothing is. */
export type Stamp = readonly [path: string, size: number | null, modifiedMs: number, changedMs: number];

/** The stamp of each path now. */
export function stampsOf(paths: Iterable<string>): readonly Stamp[] {
  return Array.from(paths, (path): Stamp => {
    const info = statSync(path, { throwIfNoEntry: false });
    return info ? [path, info.isDirectory() ? 0 : info.size, info.mtimeMs, info.ctimeMs] : [path, null, 0, 0];
  });
}

/** Whether nothing moved since the stamps were taken. */
export function unchanged(stamps: readonly Stamp[]): boolean {
  const now = stampsOf(stamps.map(([path]) => path));
  return now.every((stamp, index) => stamp.every((part, field) => part === stamps[index]?.[field]));
}

/**
 * All that can change what a bundle of these inputs comes to: the files, the folders of our own that they are in (a new file
 * may be resolved before an old one), and the package.json, tsconfig.json and node_modules on the way up from each.
 */
export function watchedPaths(inputs: readonly string[]): readonly string[] {
  const paths = new Set(inputs);
  const seen = new Set<string>();
  for (const input of inputs) {
    const foreign = input.includes("/node_modules/");
    if (!foreign) paths.add(dirname(input));
    for (let folder = dirname(input); !seen.has(folder) && folder !== dirname(folder); folder = dirname(folder)) {
      seen.add(folder);
      paths.add(join(folder, "package.json"));
      if (foreign) continue;
      paths.add(join(folder, "tsconfig.json"));
      paths.add(join(folder, "node_modules"));
      paths.add(join(folder, "node_modules", ".package-lock.json"));
    }
  }
  return [...paths];
}
