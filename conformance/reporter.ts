import type { Case, Door, Outcome, Report } from "./suite.ts";

export type Counts = Readonly<Record<Outcome, number>>;

/** What a run of a suite showed. */
export interface Shown {
  readonly counts: Counts;
  readonly groups: Readonly<Record<string, Counts>>;
  readonly cases: readonly Case[];
  readonly versions: Readonly<Record<string, string>>;
  /** Method → the doors it answered through, without an error. */
  readonly methods: Readonly<Record<string, readonly Door[]>>;
}

interface Reporter extends Report {
  shown(): Shown;
}

const marks: Readonly<Record<Outcome, string>> = { ok: "ok    ", known: "known ", failed: "FAILED", skip: "skip  " };

function none(): Record<Outcome, number> {
  return { ok: 0, known: 0, failed: 0, skip: 0 };
}

/** Prints a line a case (or, with `json`, a JSON document a line) and keeps the totals. */
export function createReporter(json: boolean, print: (line: string) => void): Reporter {
  const cases: Case[] = [];
  const versions: Record<string, string> = {};
  const methods = new Map<string, Set<Door>>();
  /** Since the last case: they count when the case that they are of is ok. */
  let pending: (readonly [method: string, door: Door])[] = [];
  return {
    ended: (one) => {
      cases.push(one);
      if (one.outcome === "ok")
        for (const [method, door] of pending) methods.set(method, (methods.get(method) ?? new Set()).add(door));
      pending = [];
      if (json) return print(JSON.stringify({ type: "case", time: new Date().toISOString(), ...one }));
      print(`${marks[one.outcome]} ${one.group}  ${one.name}`);
      if (one.outcome !== "ok") for (const line of one.why ?? []) print(`         ${line}`);
    },
    answered: (method, door) => {
      pending.push([method, door]);
    },
    version: (program, version) => {
      versions[program] = version;
    },
    shown: () => {
      const counts = none();
      const groups: Record<string, Record<Outcome, number>> = {};
      for (const { group, outcome } of cases) {
        counts[outcome]++;
        const own = groups[group] ?? none();
        own[outcome]++;
        groups[group] = own;
      }
      const byName = [...methods].toSorted(([a], [b]) => a.localeCompare(b));
      return {
        counts,
        groups,
        cases,
        versions,
        methods: Object.fromEntries(byName.map(([name, doors]) => [name, [...doors].toSorted()])),
      };
    },
  };
}

/** `secretmanager 31 of 34 equal, 2 known, 1 failed` */
export function total(name: string, counts: Counts): string {
  const of = counts.ok + counts.known + counts.failed;
  const parts = [`${counts.ok} of ${of} ok`];
  if (counts.known > 0) parts.push(`${counts.known} known differences`);
  if (counts.failed > 0) parts.push(`${counts.failed} failed`);
  if (counts.skip > 0) parts.push(`${counts.skip} skipped`);
  return `${name}: ${parts.join(", ")}`;
}
