/** Where the buckets of a histogram begin and end, as `google.api.Distribution.BucketOptions` says it. */
export type BucketSpec =
  | { readonly explicit: readonly number[] }
  | { readonly linear: { readonly count: number; readonly width: number; readonly offset: number } }
  | { readonly exponential: { readonly count: number; readonly growth: number; readonly scale: number } };

/** A distribution as it is stored and computed with. */
export interface Dist {
  readonly count: number;
  readonly mean: number;
  /** The sum of squared deviations from the mean. */
  readonly ssd: number;
  readonly spec?: BucketSpec | undefined;
  /** Per bucket, the underflow first; what is missing at the end is 0. */
  readonly counts: readonly number[];
}

export const noDist: Dist = { count: 0, mean: 0, ssd: 0, counts: [] };

/** The finite bounds: bucket 0 ends at the first, the last bucket begins at the last. */
export function boundsOf(spec: BucketSpec): readonly number[] {
  if ("explicit" in spec) return spec.explicit;
  if ("linear" in spec) {
    const { count, width, offset } = spec.linear;
    return Array.from({ length: count + 1 }, (_, i) => offset + width * i);
  }
  const { count, growth, scale } = spec.exponential;
  return Array.from({ length: count + 1 }, (_, i) => scale * growth ** i);
}

/** With one more value. */
export function withValue(dist: Dist, value: number, spec: BucketSpec): Dist {
  const count = dist.count + 1;
  const mean = dist.mean + (value - dist.mean) / count;
  const counts = [...dist.counts];
  const at = bucketOf(boundsOf(spec), value);
  while (counts.length <= at) counts.push(0);
  counts[at] = (counts[at] ?? 0) + 1;
  return { count, mean, ssd: dist.ssd + (value - dist.mean) * (value - mean), spec, counts };
}

function bucketOf(bounds: readonly number[], value: number): number {
  let [low, high] = [0, bounds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value >= (bounds[middle] ?? 0)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Both together. Buckets are added up where both have the same; else the larger one's are kept alone. */
export function merged(a: Dist, b: Dist): Dist {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  const mean = (a.mean * a.count + b.mean * b.count) / count;
  const ssd = a.ssd + b.ssd + a.count * (a.mean - mean) ** 2 + b.count * (b.mean - mean) ** 2;
  const larger = a.count >= b.count ? a : b;
  if (JSON.stringify(a.spec) !== JSON.stringify(b.spec)) return { ...larger, count, mean, ssd };
  const length = Math.max(a.counts.length, b.counts.length);
  const counts = Array.from({ length }, (_, i) => (a.counts[i] ?? 0) + (b.counts[i] ?? 0));
  return { count, mean, ssd, spec: a.spec, counts };
}

/** What came between two states of a cumulative distribution. */
export function difference(later: Dist, earlier: Dist): Dist {
  const count = later.count - earlier.count;
  if (count <= 0) return { ...noDist, spec: later.spec };
  const mean = (later.mean * later.count - earlier.mean * earlier.count) / count;
  const between = earlier.count * (earlier.mean - later.mean) ** 2 + count * (mean - later.mean) ** 2;
  const counts = later.counts.map((each, i) => Math.max(0, each - (earlier.counts[i] ?? 0)));
  return { count, mean, ssd: Math.max(0, later.ssd - earlier.ssd - between), spec: later.spec, counts };
}

/** The value below which a share (0 to 100) lies, taken to be even within a bucket. Undefined for an empty one. */
export function percentile(dist: Dist, percent: number): number | undefined {
  if (dist.count === 0) return undefined;
  if (dist.spec === undefined) return dist.mean;
  const bounds = boundsOf(dist.spec);
  const total = dist.counts.reduce((sum, each) => sum + each, 0);
  const wanted = (percent / 100) * total;
  let before = 0;
  for (const [i, inside] of dist.counts.entries()) {
    if (inside > 0 && before + inside >= wanted) {
      const high = bounds[i] ?? bounds.at(-1) ?? dist.mean;
      const low = i === 0 ? Math.min(0, high) : (bounds[i - 1] ?? high);
      return low + ((wanted - before) / inside) * (high - low);
    }
    before += inside;
  }
  return bounds.at(-1);
}

/** Percentiles of plain numbers, between neighbours. */
export function percentileOf(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (percent / 100) * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return low + (high - low) * (at - Math.floor(at));
}
