import { formatDuration } from "@aloft/kit/duration";
import { Failure } from "@aloft/kit/failure";
import type { Check, Finding } from "../doctor/check.ts";
import { defineCommand } from "./command.ts";
import { localUrls } from "./local-urls.ts";
import { forEnv, openSession } from "./session.ts";
import { nearest } from "./suggest.ts";

export const command = defineCommand({
  name: "doctor",
  summary: "Look for what is wrong, and say what mends it",
  about:
    "Checks: secrets (each has a value), services (each is ready), redis (it answers, the queue answers, a job dispatched is\n" +
    "run). Exit code 1 when something is wrong.",
  uses: ["only"],
  examples: ["aloft doctor", "aloft doctor --only redis", "aloft doctor --env prod --json"],
  run: async (ctx) => {
    const { checks } = await import("../doctor/index.ts");
    const picked = pick(checks, ctx.global.only);
    const { graph, google, local } = await openSession(ctx);
    const running = await localUrls(local);
    const reach = (url: string): string => running.find((one) => one.url === url)?.localUrl ?? url;
    const findings: (Finding & { readonly check: string })[] = [];
    for (const check of picked) {
      for await (const found of check.run({ graph, google, reach, signal: ctx.signal, clock: ctx.clock })) {
        const next = found.next === undefined ? {} : { next: forEnv(found.next, graph.env) };
        findings.push({ check: check.name, ...found, ...next });
        ctx.ui.event({ type: "finding", time: new Date().toISOString(), ...findings.at(-1) });
      }
    }
    const count = (state: Finding["state"]): number => findings.filter((found) => found.state === state).length;
    const data = { ok: count("ok"), failed: count("failed"), unknown: count("unknown") };
    if (data.failed === 0) return { data };
    const what = `${data.failed} ${data.failed === 1 ? "thing is" : "things are"} wrong`;
    return { data, failure: new Failure({ code: "DOCTOR_FAILED", what }) };
  },
  text: (data: { readonly ok: number; readonly failed: number; readonly unknown: number }) =>
    `${data.ok} well, ${data.failed} wrong, ${data.unknown} not known`,
  stream: {
    to: "answer",
    text: (event, paint) => {
      const found = event as unknown as Finding;
      const mark = { ok: paint.green("✓"), failed: paint.red("✗"), unknown: paint.yellow("?") }[found.state];
      const time = found.ms === undefined ? "" : `  ${paint.dim(formatDuration(found.ms))}`;
      const line = `  ${mark} ${found.about.padEnd(28)}  ${found.detail}${time}`;
      return found.next === undefined ? line : `${line}\n      ${paint.cyan("→")} ${found.next}`;
    },
  },
});

function pick(checks: readonly Check[], only: readonly string[]): readonly Check[] {
  const names = checks.map(({ name }) => name);
  const unknown = only.find((name) => !names.includes(name));
  if (unknown === undefined) return only.length === 0 ? checks : checks.filter(({ name }) => only.includes(name));
  const meant = nearest(unknown, names);
  throw new Failure({
    code: "USAGE",
    what: `there is no check ${unknown}`,
    next: meant === undefined ? `one of: ${names.join(", ")}` : `did you mean: --only ${meant}`,
  });
}
