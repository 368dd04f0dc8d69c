/**
 * Prints each figure and its ratio to the peer, measured in the same run (medians).
 *
 *   npm run bench               all
 *   npm run bench -- NAME       one
 *   npm run bench -- --json
 *   npm run bench -- access-secret create-secret --peer HOST:PORT     another Secret Manager gets the same load
 *                    --peer HOST:PORT,RESTPORT                        where its REST is at a port of its own
 */
import { availableParallelism, totalmem } from "node:os";
import { accessSecret, createSecret } from "./access-secret.ts";
import type { BenchOptions } from "./bench.ts";
import { bench as cloudInProcess } from "./cloud-in-process.ts";
import { bench as cloudStart } from "./cloud-start.ts";
import { bench as commands } from "./commands.ts";
import { bench as manySecrets } from "./many-secrets.ts";

const benches = [accessSecret, createSecret, manySecrets, cloudStart, cloudInProcess, commands];
const args = process.argv.slice(2);
const json = args.includes("--json");
const peerAt = args.indexOf("--peer");
const [, host, port, restPort] = /^([^:]+):(\d+)(?:,(\d+))?$/.exec(args[peerAt + 1] ?? "") ?? [];
const names = args.filter((arg, at) => !arg.startsWith("--") && (peerAt < 0 || at !== peerAt + 1));
if (peerAt >= 0 && port === undefined) {
  console.error("--peer takes HOST:PORT, or HOST:PORT,RESTPORT");
  process.exit(2);
}
const options: BenchOptions =
  peerAt < 0 || host === undefined || port === undefined
    ? {}
    : { peer: { host, port: Number(port), ...(restPort === undefined ? {} : { restPort: Number(restPort) }) } };
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
  for (const figure of await bench.run(options)) {
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
