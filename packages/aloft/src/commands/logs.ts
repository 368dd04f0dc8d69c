import type { Google } from "@aloft/google";
import { parseDuration } from "@aloft/kit/duration";
import { Failure } from "@aloft/kit/failure";
import { type Entry, entryOf, logLine, type RawEntry, severities } from "../ui/log-text.ts";
import { type Context, defineCommand } from "./command.ts";
import { pickService, servicesOf } from "./pick.ts";
import { openSession } from "./session.ts";

const followMs = 1000;

const flags = {
  follow: { type: "boolean", short: "f", what: "go on with what comes, until Ctrl-C" },
  since: { type: "string", value: "TIME", what: "not older than this: 10m, 2h, 7d, or an ISO 8601 time" },
  severity: { type: "string", value: "LEVEL", what: `this level and above: ${severities.join(", ")}` },
  limit: { type: "string", short: "n", value: "N", what: "the last N lines (100 by default, 1000 at most)" },
} as const;

export const command = defineCommand({
  name: "logs",
  summary: "Show what the services say",
  args: [{ name: "RESOURCE", what: "one service (default: all)" }],
  flags,
  examples: ["aloft logs", "aloft logs worker -f", "aloft logs api --since 10m --severity ERROR --json"],
  run: async (ctx) => {
    const limit = limitOf(ctx.flags.limit);
    const severity = severityOf(ctx.flags.severity);
    const since = sinceOf(ctx.flags.since, ctx.clock.now());
    const { graph, google } = await openSession(ctx);
    const picked = ctx.args[0] === undefined ? servicesOf(graph) : [pickService(graph, ctx.args[0])];
    if (picked.length === 0) throw new Failure({ code: "INPUT_INVALID", what: "the file declares no service" });
    const names = new Map(picked.map(({ id, address }) => [id, address.split("/")[1] ?? id]));
    const base = [
      'resource.type="cloud_run_revision"',
      `resource.labels.service_name=(${[...names.keys()].map((id) => `"${id}"`).join(" OR ")})`,
      ...(severity === undefined ? [] : [`severity>=${severity}`]),
    ];
    const first = await read(google, [...base, ...(since === undefined ? [] : [`timestamp>="${since}"`])], limit);
    const show = (entries: readonly RawEntry[]): void => {
      for (const entry of entries) ctx.ui.event({ type: "log", ...entryOf(entry, names) });
    };
    show(first.reverse());
    let count = first.length;
    if (ctx.flags.follow === true) count += await follow(ctx, google, base, first, show);
    return { data: { entries: count } };
  },
  text: (data: { readonly entries: number }) => (data.entries === 0 ? "No log entries." : ""),
  stream: { to: "answer", text: (event, paint) => logLine(event as unknown as Entry, paint) },
});

/** The newest `limit` entries, newest first. */
async function read(google: Google, filter: readonly string[], limit: number): Promise<RawEntry[]> {
  const answer = await google.request<{ entries?: RawEntry[] }>({
    api: "logging",
    path: "v2/entries:list",
    verb: "POST",
    idempotent: true,
    body: {
      resourceNames: [`projects/${google.project}`],
      filter: filter.join("\n"),
      orderBy: "timestamp desc",
      pageSize: limit,
    },
  });
  return answer.entries ?? [];
}

/** Until Ctrl-C, which is how it ends: that is no failure. */
async function follow(
  ctx: Context,
  google: Google,
  base: readonly string[],
  before: readonly RawEntry[],
  show: (entries: readonly RawEntry[]) => void,
): Promise<number> {
  const keyOf = (entry: RawEntry): string => `${entry.timestamp} ${entry.insertId} ${entry.logName}`;
  let seen = new Set(before.map(keyOf));
  let newest = before.at(-1)?.timestamp ?? new Date(ctx.clock.now() - followMs).toISOString();
  let count = 0;
  while (!ctx.signal.aborted) {
    const entries = (await read(google, [...base, `timestamp>="${newest}"`], 1000)).reverse();
    const fresh = entries.filter((entry) => !seen.has(keyOf(entry)));
    show(fresh);
    count += fresh.length;
    newest = entries.at(-1)?.timestamp ?? newest;
    seen = new Set([
      ...entries.filter((entry) => entry.timestamp === newest).map(keyOf),
      ...(fresh.length > 0 ? [] : seen),
    ]);
    await ctx.clock.sleep(followMs, ctx.signal).catch(() => undefined);
  }
  return count;
}

function limitOf(text: string | undefined): number {
  const limit = Number(text ?? 100);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return limit;
  throw new Failure({
    code: "INPUT_INVALID",
    what: `--limit ${text} is not a number from 1 to 1000`,
    next: "aloft logs --limit 100",
  });
}

function severityOf(text: string | undefined): string | undefined {
  const severity = text?.toUpperCase();
  if (severity === undefined || severities.includes(severity)) return severity;
  throw new Failure({ code: "INPUT_INVALID", what: `--severity ${text} is none of ${severities.join(", ")}` });
}

function sinceOf(text: string | undefined, nowMs: number): string | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined) return new Date(nowMs - ms).toISOString();
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return new Date(at).toISOString();
  throw new Failure({
    code: "INPUT_INVALID",
    what: `--since ${text} is no duration and no time`,
    next: "aloft logs --since 10m",
  });
}
