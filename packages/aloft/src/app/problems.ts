import type { Problem } from "@aloft/kit/failure";

/** Everything that is wrong with a file, gathered so that it is told at once. */
export interface Problems {
  readonly list: readonly Problem[];
  /** Notes a problem and answers undefined, so that a check can end with it. */
  add(at: string, what: string, next?: string): undefined;
}

export function createProblems(): Problems {
  const list: Problem[] = [];
  return {
    list,
    add: (at, what, next) => {
      list.push({ at, what, ...(next === undefined ? {} : { next }) });
      return undefined;
    },
  };
}

/** How a value is shown in a problem: short, and never where it may be a secret. */
export function shown(value: unknown): string {
  if (value === undefined) return "undefined (a misspelt name?)";
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** The type of a value alone: for places where the value may be a secret. */
export function typeOf(value: unknown): string {
  if (value === undefined) return "undefined (a misspelt name?)";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The name that was probably meant: the closest within a third of its length, whatever the case. */
export function closest(given: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const d = distance(given.toLowerCase(), name.toLowerCase());
    if (d < least && d <= Math.max(1, Math.ceil(name.length / 3))) {
      least = d;
      best = name;
    }
  }
  return best;
}
