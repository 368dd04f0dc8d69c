import type { Bench } from "./bench.ts";
import { median, paired } from "./bench.ts";
import { bareServer, cloudProcess, residentMiB } from "./processes.ts";

export const bench: Bench = {
  name: "cloud-start",
  what: "the local cloud from spawn to its first API answer (ms), and its idle memory then (MiB)",
  peer: "a bare node:http2 + node:http server on the same Node",
  async run() {
    const memory: number[] = [];
    const bareMemory: number[] = [];
    const start = await paired(
      7,
      async () => {
        await using cloud = await cloudProcess();
        memory.push(residentMiB(cloud.pid));
        return cloud.firstAnswerMs;
      },
      async () => {
        await using bare = await bareServer();
        bareMemory.push(residentMiB(bare.pid));
        return bare.firstAnswerMs;
      },
    );
    return [
      { label: "spawn to first answer", unit: "ms", ...start },
      { label: "idle memory", unit: "MiB", ours: median(memory), peer: median(bareMemory) },
    ];
  },
};
