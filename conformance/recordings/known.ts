import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Replayed } from "./replay.ts";

/** The only reasons for which an answer may differ from what was recorded. */
const reasons = ["blanked by the recorder", "a mock's answer", "needs an organisation"] as const;

interface KnownDifference {
  readonly recording: string;
  /** Of the exchange in its recording, from 0. */
  readonly exchange: number;
  /** Where in the answer, `status`, or `*` for all of it. */
  readonly at: readonly string[];
  readonly reason: (typeof reasons)[number];
  readonly note?: string;
}

/** The list of `known-differences.json`. Throws on a reason that is none. */
export function readKnown(): readonly KnownDifference[] {
  const known: readonly KnownDifference[] = JSON.parse(
    readFileSync(join(import.meta.dirname, "known-differences.json"), "utf8"),
  );
  for (const { recording, exchange, reason } of known)
    if (!reasons.includes(reason))
      throw new Error(`known-differences.json: ${recording} ${exchange}: ${reason} is no reason`);
  return known;
}

/** Whether all that differs in this exchange is listed. */
export function isKnown(known: readonly KnownDifference[], recording: string, one: Replayed): boolean {
  const at = new Set(
    known.filter((each) => each.recording === recording && each.exchange === one.index).flatMap((each) => each.at),
  );
  return at.has("*") || one.differences.every((difference) => at.has(difference.at));
}

/** What is listed for this recording and differs no more: it must go. */
export function stale(
  known: readonly KnownDifference[],
  recording: string,
  all: readonly Replayed[],
): readonly string[] {
  return known
    .filter((each) => each.recording === recording)
    .flatMap((each) => {
      const found = all.find((one) => one.index === each.exchange)?.differences ?? [];
      const gone = each.at.filter((at) => (at === "*" ? found.length === 0 : !found.some((one) => one.at === at)));
      return gone.map((at) => `exchange ${each.exchange} ${at}: listed as a known difference, but equal`);
    });
}
