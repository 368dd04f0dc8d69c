import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type Bench, median } from "./bench.ts";
import { root } from "./processes.ts";

const program = `
  const { startCloud } = await import(process.argv[1]);
  const began = performance.now();
  const cloud = await startCloud({ log: () => undefined });
  console.log(performance.now() - began);
  await cloud.close();
`;

export const bench: Bench = {
  name: "cloud-in-process",
  what: "startCloud() without a state folder, after import, in a fresh process (ms)",
  peer: "nothing: the goal is less than 50 ms",
  async run() {
    const times = Array.from({ length: 7 }, () => {
      const args = ["--input-type=module", "-e", program, join(root, "packages/cloud/src/index.ts")];
      const child = spawnSync(process.execPath, args, { encoding: "utf8" });
      if (child.status !== 0) throw new Error(child.stderr);
      return Number(child.stdout);
    });
    return [{ label: "startCloud()", unit: "ms", ours: median(times) }];
  },
};
