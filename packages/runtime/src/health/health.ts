import type { IncomingMessage, ServerResponse } from "node:http";
import { type Clock, systemClock } from "@aloft/kit/clock";

/** What a check says: nothing or true is well, false is not; a detail is shown to whoever asks. */
export type CheckAnswer = boolean | undefined | { readonly ok: boolean; readonly detail?: string };

/** One thing that must be well. May throw: then it is not, and the message is shown without passwords in URLs. */
export type CheckRun = (signal: AbortSignal) => CheckAnswer | Promise<CheckAnswer> | Promise<void>;

export type Check = CheckRun | { readonly run: CheckRun; readonly timeoutMs?: number };

export interface HealthOptions {
  readonly checks: Readonly<Record<string, Check>>;
  /** Shown in the answer. By default what Cloud Run calls them (`K_SERVICE`, `K_REVISION`). */
  readonly service?: string;
  readonly version?: string;
  /** How often each check runs: 5 s by default. One that is bad is run again after half a second. */
  readonly periodMs?: number;
  /** How long a check may take. 3 s by default. */
  readonly timeoutMs?: number;
  /** How old an answer may be before it counts as bad. By default three periods and the time that a check may take. */
  readonly staleMs?: number;
  readonly clock?: Clock;
}

export interface CheckReport {
  readonly ok: boolean;
  /** How long the last run took. */
  readonly ms?: number;
  /** ISO 8601. Absent: not run yet. */
  readonly checkedAt?: string;
  readonly detail?: string;
}

export interface HealthReport {
  readonly status: "ok" | "failing";
  readonly service?: string;
  readonly version?: string;
  readonly checks: Readonly<Record<string, CheckReport>>;
}

export interface Health {
  /** What is known now, at once: no check runs for it. */
  report(): HealthReport;
  /** The same as an HTTP answer: 200, or 503 when anything is not well. */
  answer(): { readonly status: 200 | 503; readonly body: HealthReport };
  /** For `node:http`. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  /** Resolves when each check has run at least once. */
  ready(): Promise<void>;
  close(): void;
}

/**
 * Runs checks in the background and remembers what they said, so that a probe gets its answer at once, however busy the
 * process is. A check that throws, takes too long or has not been able to run for long is bad.
 */
export function createHealth(options: HealthOptions): Health {
  const clock = options.clock ?? systemClock;
  const periodMs = options.periodMs ?? 5000;
  const timeoutMs = options.timeoutMs ?? 3000;
  const watches = Object.entries(options.checks).map(([name, check]) => {
    const { run, timeoutMs: own } = typeof check === "function" ? { run: check, timeoutMs: undefined } : check;
    return watch(name, run, { clock, periodMs, timeoutMs: own ?? timeoutMs, staleMs: options.staleMs });
  });
  const service = options.service ?? process.env.K_SERVICE;
  const version = options.version ?? process.env.K_REVISION;

  const report = (): HealthReport => {
    const checks = Object.fromEntries(watches.map((one) => [one.name, one.report()]));
    return {
      status: Object.values(checks).every(({ ok }) => ok) ? "ok" : "failing",
      ...(service ? { service } : {}),
      ...(version ? { version } : {}),
      checks,
    };
  };
  const answer: Health["answer"] = () => {
    const body = report();
    return { status: body.status === "ok" ? 200 : 503, body };
  };

  return {
    report,
    answer,
    handler: (_request, response) => {
      const { status, body } = answer();
      response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
      response.end(JSON.stringify(body));
    },
    ready: async () => {
      await Promise.all(watches.map((one) => one.first));
    },
    close: () => {
      for (const one of watches) one.close();
    },
  };
}

interface Watch {
  readonly name: string;
  readonly first: Promise<void>;
  report(): CheckReport;
  close(): void;
}

interface WatchOptions {
  readonly clock: Clock;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly staleMs: number | undefined;
}

const soonMs = 500;

function watch(name: string, run: CheckRun, options: WatchOptions): Watch {
  const { clock, periodMs, timeoutMs } = options;
  const staleMs = options.staleMs ?? 3 * periodMs + timeoutMs;
  let last: { readonly ok: boolean; readonly detail?: string; readonly atMs: number; readonly ms: number } | undefined;
  let closed = false;
  let cancel = (): void => {};

  const once = async (): Promise<void> => {
    const startedMs = clock.now();
    const said = await limited(run, timeoutMs, clock);
    last = { ...said, atMs: clock.now(), ms: Math.round(clock.now() - startedMs) };
    if (!closed) cancel = clock.after(said.ok ? periodMs : Math.min(periodMs, soonMs), () => void once());
  };
  const first = once();

  return {
    name,
    first,
    report: () => {
      if (last === undefined) return { ok: false, detail: "not checked yet" };
      const { atMs, ms, ok, detail } = last;
      const ageMs = clock.now() - atMs;
      const common = { ms, checkedAt: new Date(atMs).toISOString() };
      if (ageMs > staleMs) return { ok: false, ...common, detail: `not checked for ${Math.round(ageMs / 1000)} s` };
      return { ok, ...common, ...(detail ? { detail } : {}) };
    },
    close: () => {
      closed = true;
      cancel();
    },
  };
}

/** Runs a check to its end or to its time limit. Never throws. */
async function limited(run: CheckRun, timeoutMs: number, clock: Clock): Promise<{ ok: boolean; detail?: string }> {
  const limit = new AbortController();
  const late = new Promise<{ ok: boolean; detail: string }>((resolve) => {
    const cancel = clock.after(timeoutMs, () => {
      resolve({ ok: false, detail: `no answer in ${timeoutMs / 1000} s` });
      limit.abort(new Error("the check took too long"));
    });
    limit.signal.addEventListener("abort", cancel, { once: true });
  });
  const checked = (async () => {
    try {
      const said = await run(limit.signal);
      return typeof said === "object" ? said : { ok: said !== false };
    } catch (thrown) {
      return { ok: false, detail: withoutPasswords(thrown instanceof Error ? thrown.message : String(thrown)) };
    }
  })();
  const said = await Promise.race([checked, late]);
  limit.abort();
  return said;
}

/** An error's text for strangers: what stands before the `@` of a URL goes, and so does all beyond 200 characters. */
function withoutPasswords(text: string): string {
  return text.replace(/\/\/[^/\s@]*@/g, "//***@").slice(0, 200);
}
