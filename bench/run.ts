/**
 * Prints each figure and its ratio to the peer, measured in the same run (medians).
 *
 *   npm run bench               all
 *   npm run bench -- NAME       one
 *   npm run bench -- --json
 */
import { availableParallelism, totalmem } from "node:os";
import { bench as accessSecret } from "./access-secret.ts";
import { bench as cloudStart } from "./cloud-start.ts";
import { bench as commands } from "./commands.ts";

const benches = [accessSecret, cloudStart, commands];
const args = process.argv.slice(2);
const json = args.includes("--json");
const names = args.filter((arg) => !arg.startsWith("--"));
const unknown = names.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0) {
  console.error(`no figure is named ${unknown.join(", ")}; there are ${benches.map((bench) => bench.name).join(", ")}`);
  process.exit(2);
}
if (!json)
  console.log(
    `Node ${process.version}, ${availableParallelism()} processors, ${Math.round(totalmem() / 2 ** 30)} GiB; medians`,
  );
for (const bench of benches) {
  if (names.length > 0 && !names.includes(bench.name)) continue;
  if (!json) console.log(`\n${bench.name}: ${bench.what}\n  against ${bench.peer}`);
  for (const figure of await bench.run()) {
    if (json) {
      console.log(JSON.stringify({ bench: bench.name, ...figure }));
      continue;
    }
    const ratio =
      figure.peer === undefined ? "" : `  ${(figure.ours / figure.peer).toFixed(2)} × ${figure.peer.toFixed(1)}`;
    console.log(
      `  ${figure.label.padEnd(28)} ${figure.ours.toFixed(1).padStart(9)} ${figure.unit}${ratio}${figure.note ? `  (${figure.note})` : ""}`,
    );
  }
}
