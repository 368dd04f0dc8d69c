#!/usr/bin/env node
// Turns the compile cache on and runs the local cloud in the foreground.
import { existsSync } from "node:fs";
import module from "node:module";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 21)) {
  module.enableCompileCache?.();
  // The repository has the source alone, an installed package what was built of it (Node strips no types there).
  const source = new URL("../src/bin.ts", import.meta.url);
  const built = new URL("../src/bin.js", import.meta.url);
  const { main } = await import((existsSync(source) ? source : built).href);
  await main(process.argv.slice(2));
} else {
  console.error(
    `error PROGRAM_MISSING  The local cloud needs Node 22.21 or newer, and this is ${process.versions.node}`,
  );
  console.error("  → npm install node@26   (or install a newer Node)");
  process.exitCode = 1;
}
