/** One figure: what Aloft takes, beside what a user would pick instead, measured in the same run. */
export interface Bench {
  readonly name: string;
  /** What is measured, one line, with its unit. */
  readonly what: string;
  /** What it is held against. */
  readonly peer: string;
  run(options: BenchOptions): Promise<readonly Figure[]>;
}

export interface BenchOptions {
  /** Another Secret Manager endpoint that gets the same load: in the clear, and without credentials. */
  readonly peer?: PeerAddress;
}

export interface PeerAddress {
  readonly host: string;
  /** Of gRPC. */
  readonly port: number;
  /** Of REST; the same by default. */
  readonly restPort?: number;
}

export interface Figure {
  readonly label: string;
  readonly unit: "ms" | "per second" | "MiB" | "µs";
  readonly ours: number;
  /** Undefined where the peer's program is not on this machine; then `note` says so. */
  readonly peer?: number;
  readonly note?: string;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) throw new Error("the median of nothing");
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Runs both in turn, `rounds` times after one warm-up of each, so that a slow moment hits both. Medians in ms. */
export async function paired(
  rounds: number,
  ours: () => Promise<number>,
  peer: (() => Promise<number>) | undefined,
): Promise<{ readonly ours: number; readonly peer?: number }> {
  await ours();
  await peer?.();
  const a: number[] = [];
  const b: number[] = [];
  for (let round = 0; round < rounds; round++) {
    a.push(await ours());
    if (peer) b.push(await peer());
  }
  return { ours: median(a), ...(b.length > 0 ? { peer: median(b) } : {}) };
}
