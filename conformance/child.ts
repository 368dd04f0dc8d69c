import type { Ran } from "./place.ts";
import type { Case, Report } from "./suite.ts";

/** Takes the cases that a program prints, a JSON document a line: `{"group","name","outcome","why"?}`. */
export function casesOf(report: Report): (line: string) => void {
  return (line) => {
    if (!line.startsWith('{"group"')) return;
    report.ended(JSON.parse(line) as Case);
  };
}

/** A program that broke off is a failed case of its own. */
export function endOf(ran: Ran, language: string, report: Report): void {
  if (ran.code === 0) return;
  const why = ran.stderr.trim().split("\n").slice(-8);
  report.ended({ group: language, name: "to its end", outcome: "failed", why: [`exit code ${ran.code}`, ...why] });
}
