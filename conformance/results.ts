import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Counts, Shown } from "./reporter.ts";
import type { Door } from "./suite.ts";

/** What a suite showed last: figures and names, nothing of what was said. */
export interface Result {
  /** `2026-11-21` */
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly counts: Counts;
  readonly groups: Readonly<Record<string, Counts>>;
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
  readonly methods: Readonly<Record<string, readonly Door[]>>;
}

const path = join(import.meta.dirname, "results.json");

/** By suite; `{}` where none was kept yet. */
export function readResults(): Readonly<Record<string, Result>> {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw thrown;
  }
}

/** Keeps what a suite showed. Throws where the known differences grew: they may only shrink. */
export function save(suite: string, shown: Shown): void {
  const results = readResults();
  const before = results[suite]?.counts.known;
  if (before !== undefined && shown.counts.known > before)
    throw new Error(`${suite}: ${shown.counts.known} known differences, ${before} before; they may only shrink`);
  const named = (outcome: string): string[] =>
    shown.cases.filter((one) => one.outcome === outcome).map((one) => `${one.group}  ${one.name}`);
  const result: Result = {
    date: new Date().toISOString().slice(0, 10),
    versions: shown.versions,
    counts: shown.counts,
    groups: shown.groups,
    failed: named("failed"),
    skipped: named("skip"),
    methods: shown.methods,
  };
  const all = Object.entries({ ...results, [suite]: result }).toSorted(([a], [b]) => a.localeCompare(b));
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(all), null, 2)}\n`);
}
