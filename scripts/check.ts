/**
 * All checks that are not tests, each as its own command; several failures are told together.
 *
 *   npm run check
 */
import { spawn } from "node:child_process";
import { join } from "node:path";

interface Check {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** An exit code that means: cannot run on this machine, and the output says why. */
  readonly skippedAt?: number;
}

const node = process.execPath;
const checks: readonly Check[] = [
  { name: "format and lint", command: ["biome", "ci", "--error-on-warnings", "."] },
  { name: "types", command: ["tsc", "-p", "."] },
  { name: "boundaries", command: [node, "scripts/boundaries.ts"] },
  { name: "unused code", command: ["knip", "--no-progress"] },
  { name: "descriptors", command: [node, "packages/cloud/scripts/build-descriptors.ts", "--check"], skippedAt: 3 },
  { name: "docs/coverage.md", command: [node, "scripts/coverage.ts", "--check"] },
  { name: "docs/errors.md", command: [node, "scripts/errors-doc.ts", "--check"] },
];

const root = join(import.meta.dirname, "..");
const env = { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH ?? ""}` };

function run(check: Check): Promise<{ readonly code: number; readonly output: string; readonly ms: number }> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(check.command[0], check.command.slice(1), {
      cwd: root,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (output += data));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output, ms: performance.now() - started }));
  });
}

let failed = 0;
for (const check of checks) {
  const { code, output, ms } = await run(check);
  const skipped = code !== 0 && code === check.skippedAt;
  console.log(`${code === 0 ? "ok    " : skipped ? "skip  " : "FAILED"} ${check.name} (${(ms / 1000).toFixed(1)} s)`);
  if (code !== 0) console.log(output.trimEnd());
  if (code !== 0 && !skipped) failed++;
}
if (failed > 0) {
  console.error(`${failed} of ${checks.length} checks failed`);
  process.exit(1);
}
