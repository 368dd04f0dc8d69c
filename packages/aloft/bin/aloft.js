#!/usr/bin/env node
// Finds a Node that is new enough, turns the compile cache on, and runs the command line.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(import.meta.url);
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const newEnough = major > 22 || (major === 22 && minor >= 21);

if (newEnough) {
  module.enableCompileCache?.();
  // The repository has the source alone, an installed package what was built of it (Node strips no types there).
  const source = new URL("../src/cli.ts", import.meta.url);
  const built = new URL("../src/cli.js", import.meta.url);
  const { main } = await import((existsSync(source) ? source : built).href);
  process.exitCode = await main(process.argv.slice(2));
} else if (process.env.ALOFT_RELAUNCHED === undefined) {
  relaunch(nodeOfPackage());
} else {
  tooOld();
}

/** The binary of the `node` package that Aloft depends on; undefined where it was not installed. */
function nodeOfPackage() {
  try {
    const manifest = module.createRequire(import.meta.url).resolve("node/package.json");
    const binary = join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

function relaunch(binary) {
  if (binary === undefined) return tooOld();
  const env = { ...process.env, ALOFT_RELAUNCHED: "1" };
  const child = spawn(binary, [here, ...process.argv.slice(2)], { stdio: "inherit", env });
  // The terminal sends Ctrl-C to both; the child decides what it means.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", tooOld);
  child.on("exit", (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0);
  });
}

function tooOld() {
  console.error(`error PROGRAM_MISSING  Aloft needs Node 22.21 or newer, and this is ${process.versions.node}`);
  console.error("  → npm install node@26   (or install a newer Node)");
  process.exitCode = 1;
}
