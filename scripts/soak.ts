/**
 * Kills a local cloud of its own while it is written to, again and again, and asks each time for what it acknowledged.
 *
 *   npm run soak                              fifty kills
 *   npm run soak -- --kills 5 --seed 7        exit 1 when something was lost
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { soak } from "./hard/soak-loop.ts";

const { values } = parseArgs({
  options: { kills: { type: "string", default: "50" }, seed: { type: "string", default: "1" } },
});
const [kills, seed] = [values.kills, values.seed].map(Number) as [number, number];
if (!(Number.isInteger(kills) && kills >= 1 && Number.isInteger(seed))) {
  console.error("npm run soak -- [--kills N] [--seed S]");
  process.exit(2);
}

const dir = mkdtempSync(join(tmpdir(), "aloft-soak-"));
console.log(`soak: seed ${seed}, ${kills} kills`);
const report = await soak({ dir, seed, kills, say: (line) => console.log(line) }).finally(() =>
  rmSync(dir, { recursive: true, force: true }),
);
const slowest = Math.max(...report.restartMs);
console.log(`acknowledged writes: ${JSON.stringify(report.acknowledged)}`);
console.log(`${report.kills} kills, slowest restart ${slowest.toFixed(0)} ms, ${report.problems.length} problems`);
for (const problem of report.problems) console.log(`  ${problem}`);
process.exitCode = report.problems.length > 0 ? 1 : 0;
