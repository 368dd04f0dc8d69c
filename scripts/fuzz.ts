/**
 * Attacks a local cloud of its own at every door, and tells what breaks.
 *
 *   npm run fuzz                              ten minutes
 *   npm run fuzz -- --minutes 2 --seed 7      exit 1 when something was found
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startProcess } from "./hard/cloud-process.ts";
import { readCatalog } from "./hard/fuzz-catalog.ts";
import { fuzz } from "./hard/fuzz-loop.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
    lanes: { type: "string", default: "8" },
  },
});
const [minutes, seed, lanes] = [values.minutes, values.seed, values.lanes].map(Number) as [number, number, number];
if (!(minutes > 0 && Number.isInteger(seed) && lanes >= 1)) {
  console.error("npm run fuzz -- [--minutes M] [--seed S] [--lanes N]");
  process.exit(2);
}

const dir = mkdtempSync(join(tmpdir(), "aloft-fuzz-"));
const cloud = await startProcess(dir, ["--offline"]);
console.log(`fuzz: seed ${seed}, ${minutes} minutes, ${lanes} lanes, against ${cloud.url}`);
const report = await readCatalog()
  .then((catalog) => fuzz(cloud, catalog, { seed, ms: minutes * 60_000, lanes, say: (line) => console.log(line) }))
  .finally(async () => {
    await cloud.kill("SIGTERM");
    rmSync(dir, { recursive: true, force: true });
  });
const { warm, most, last } = report.memoryMiB;
console.log(`attempts: ${JSON.stringify(report.attempts)}`);
console.log(`memory: ${warm.toFixed(0)} MiB when warm, ${most.toFixed(0)} at most, ${last.toFixed(0)} at the end`);
console.log(`${report.defects.length} defects`);
process.exitCode = report.defects.length > 0 ? 1 : 0;
