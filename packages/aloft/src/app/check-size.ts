import type { Problems } from "./problems.ts";
import { shown } from "./problems.ts";

const unitsMiB: Readonly<Record<string, number>> = {
  Ki: 1 / 1024,
  Mi: 1,
  Gi: 1024,
  K: 1e3 / 2 ** 20,
  M: 1e6 / 2 ** 20,
  G: 1e9 / 2 ** 20,
};

/** MiB of `512Mi`, `2Gi`; undefined when it is no amount. */
export function memoryMiB(amount: unknown): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|K|M|G)$/.exec(String(amount));
  return match?.[1] === undefined || match[2] === undefined ? undefined : Number(match[1]) * (unitsMiB[match[2]] ?? 0);
}

/** `512Mi`, `2Gi` */
export function formatMiB(amount: number): string {
  return amount % 1024 === 0 ? `${amount / 1024}Gi` : `${amount}Mi`;
}

interface Sizes {
  readonly cpu: number;
  readonly memoryMiB: number;
}

/** Least memory by cores, https://cloud.google.com/run/docs/configuring/services/cpu and …/memory-limits. */
const leastMiB: readonly (readonly [cpu: number, mib: number])[] = [
  [8, 4096],
  [6, 4096],
  [4, 2048],
];
/** Cores that an amount of memory needs, same source. */
const leastCpu: readonly (readonly [overMiB: number, cpu: number])[] = [
  [24_576, 8],
  [16_384, 6],
  [8192, 4],
  [4096, 2],
];

/** CPU and memory of a container with the rules between them; defaults 1 and 512Mi. */
export function readSizes(
  given: { readonly cpu?: unknown; readonly memory?: unknown },
  at: string,
  problems: Problems,
  idle: { readonly cpuIdle: boolean; readonly concurrency: number },
): Sizes {
  const standard: Sizes = { cpu: 1, memoryMiB: 512 };
  const cpu = given.cpu ?? standard.cpu;
  const memory = given.memory === undefined ? standard.memoryMiB : memoryMiB(given.memory);
  const fits = typeof cpu === "number" && ([1, 2, 4, 6, 8].includes(cpu) || (cpu >= 0.08 && cpu < 1));
  if (!fits) problems.add(`${at}.cpu`, `is ${shown(cpu)}; allowed: 0.08 to 1, or 1, 2, 4, 6, 8`, "for example 1");
  if (memory === undefined || memory < 128 || memory > 32_768) {
    problems.add(`${at}.memory`, `is ${shown(given.memory)}; allowed: 128Mi to 32Gi`, `for example "512Mi"`);
  }
  if (!fits || memory === undefined) return standard;
  const least = leastMiB.find(([cores]) => cpu >= cores)?.[1];
  if (least !== undefined && memory < least) {
    problems.add(
      `${at}.memory`,
      `is ${formatMiB(memory)}, too small for ${cpu} CPU: Cloud Run wants ${formatMiB(least)} or more`,
      `memory: "${formatMiB(least)}"`,
    );
  }
  const cores = leastCpu.find(([over]) => memory > over)?.[1];
  if (cores !== undefined && cpu < cores) {
    problems.add(`${at}.cpu`, `is ${cpu}; ${formatMiB(memory)} of memory needs ${cores} CPU or more`, `cpu: ${cores}`);
  }
  if (cpu < 1) {
    const most = cpu < 0.5 ? 512 : 1024;
    if (memory > most)
      problems.add(`${at}.memory`, `is ${formatMiB(memory)}; with ${cpu} CPU at most ${formatMiB(most)}`, "cpu: 1");
    if (idle.concurrency !== 1)
      problems.add(`${at}.concurrency`, `must be 1 with ${cpu} CPU`, "concurrency: 1, or cpu: 1");
    if (!idle.cpuIdle) problems.add(`${at}.cpu`, `is ${cpu}; CPU outside requests needs 1 or more`, "cpu: 1");
  }
  if (!idle.cpuIdle && memory < 512) {
    problems.add(
      `${at}.memory`,
      `is ${formatMiB(memory)}; CPU outside requests needs 512Mi or more`,
      `memory: "512Mi"`,
    );
  }
  return { cpu, memoryMiB: memory };
}
