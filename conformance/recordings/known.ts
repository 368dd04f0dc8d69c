import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Replayed } from "./replay.ts";

/** The only reasons for which an answer may differ from what was recorded. */
const reasons = ["blanked by the recorder", "a mock's answer", "needs an organisation"] as const;

interface KnownDifference {
  readonly recording: string;
  /** Of the exchange in its recording, from 0. */
  readonly exchange: number;
  /** Where in the answer, `""` for a body that is no JSON, `status`, or `*` for all of what needs an organisation. */
  readonly at: readonly string[];
  readonly reason: (typeof reasons)[number];
  /** Why so, in words that can be checked in the recording. */
  readonly note: string;
}

/** The list of `known-differences.json`. Throws on an entry that gives no reason, or hides more than it says. */
export function readKnown(): readonly KnownDifference[] {
  const known: readonly KnownDifference[] = JSON.parse(
    readFileSync(join(import.meta.dirname, "known-differences.json"), "utf8"),
  );
  for (const { recording, exchange, at, reason, note } of known) {
    const entry = `known-differences.json: ${recording} ${exchange}`;
    if (!reasons.includes(reason)) throw new Error(`${entry}: ${reason} is no reason`);
    if (!note) throw new Error(`${entry}: there is no note`);
    if (at.includes("*") && reason !== "needs an organisation") throw new Error(`${entry}: * hides everything`);
  }
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
