import type { Query } from "./query-parse.ts";

/**
 * Nanoseconds since the epoch of an RFC 3339 time or date; undefined when it is none. Google's Python library writes
 * the zone as `+0000`.
 */
export function nanosOf(text: string): bigint | undefined {
  const [, date, time, , digits = "", zone] =
    /^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2}(:\d{2})?)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d{2}:?\d{2})?)?$/.exec(text) ?? [];
  if (date === undefined) return undefined;
  const full = time === undefined ? "00:00:00" : time.length === 5 ? `${time}:00` : time;
  const offset = (zone ?? "Z").toUpperCase().replace(/^(.\d\d)(\d\d)$/, "$1:$2");
  const ms = Date.parse(`${date}T${full}${offset}`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(digits.padEnd(9, "0"));
}

/** The span of time, in ms, outside of which no entry can match: what the conditions on `timestamp` allow together. */
export function spanOf(query: Query | undefined): { readonly fromMs?: number; readonly toMs?: number } {
  const parts = query === undefined ? [] : query.kind === "and" ? query.parts : [query];
  let span: { fromMs?: number; toMs?: number } = {};
  for (const part of parts) {
    if (part.kind === "and") span = narrow(span, spanOf(part));
    if (part.kind !== "compare" || part.path.length !== 1 || part.path[0] !== "timestamp") continue;
    const nanos = nanosOf(part.value);
    if (nanos === undefined) continue;
    const ms = Number(nanos / 1_000_000n);
    if (part.op === ">" || part.op === ">=" || part.op === "=") span = narrow(span, { fromMs: ms });
    if (part.op === "<" || part.op === "<=" || part.op === "=") span = narrow(span, { toMs: ms + 1 });
  }
  return span;
}

type Span = { readonly fromMs?: number; readonly toMs?: number };

function narrow(a: Span, b: Span): Span {
  const fromMs = Math.max(a.fromMs ?? -Infinity, b.fromMs ?? -Infinity);
  const toMs = Math.min(a.toMs ?? Infinity, b.toMs ?? Infinity);
  return { ...(Number.isFinite(fromMs) ? { fromMs } : {}), ...(Number.isFinite(toMs) ? { toMs } : {}) };
}
