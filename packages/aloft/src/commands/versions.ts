import { readFileSync } from "node:fs";

/** The version in Aloft's own package.json. */
export function aloftVersion(): string {
  for (const up of ["..", "../.."]) {
    try {
      const manifest = JSON.parse(readFileSync(new URL(`${up}/package.json`, import.meta.url), "utf8"));
      if (manifest.name === "aloft") return manifest.version;
    } catch {
      // One of the two places has it: src/commands is two folders deep, a bundle in dist one.
    }
  }
  return "0.0.0";
}
