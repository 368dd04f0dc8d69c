import { Failure } from "@aloft/kit/failure";
import { adminAt, type Fault, type FaultRequest } from "../local/admin.ts";
import { cloudPlace, dirFlag } from "./cloud-place.ts";
import { defineCommand } from "./command.ts";
import { nearest } from "./suggest.ts";

export const command = defineCommand({
  name: "cloud faults",
  summary: "Make calls to the local cloud fail or wait, on purpose: add, list, clear",
  about:
    "A fault meets the calls of its API and method (all without them), as many as its rate says, until its count is used up or it is cleared. Faults outlive the cloud's process.",
  args: [
    { name: "ACTION", required: true, what: "add, list or clear" },
    { name: "ID", what: "clear: this one alone" },
  ],
  flags: {
    ...dirFlag,
    api: { type: "string", value: "API", what: "add: the API, like run or secretmanager.googleapis.com" },
    method: { type: "string", value: "METHOD", what: "add: the method, like CreateService" },
    code: { type: "string", value: "CODE", what: "add: what it fails with, like 503 or RESOURCE_EXHAUSTED" },
    rate: { type: "string", value: "PART", what: "add: the part of the calls, like 0.2 (default: 1)" },
    latency: { type: "string", value: "DURATION", what: "add: how long a call waits first, like 300ms" },
    count: { type: "string", value: "N", what: "add: over after so many calls" },
  },
  examples: [
    "aloft cloud faults add --api run --method CreateService --code 503 --rate 0.2 --latency 300ms",
    "aloft cloud faults add --api secretmanager --code 429 --count 3",
    "aloft cloud faults list",
    "aloft cloud faults clear",
  ],
  run: async (ctx) => {
    const [action = "", id] = ctx.args;
    const { api, method, code, rate, latency, count } = ctx.flags;
    const given = { api, method, code, rate, latency, count };
    const admin = adminAt(cloudPlace(ctx), ctx.signal);
    if (action !== "add" && Object.values(given).some((value) => value !== undefined)) {
      throw wrong("only add takes flags of a fault", "aloft cloud faults list");
    }
    switch (action) {
      case "add":
        if (api !== undefined) checkApi(api, (await admin.status()).services);
        return { data: { added: await admin.addFault(requestOf(given)), faults: await admin.faults() } };
      case "list":
        return { data: { faults: await admin.faults() } };
      case "clear":
        return { data: { cleared: await admin.clearFaults(id), faults: await admin.faults() } };
      default:
        throw wrong(`${action} is none of add, list, clear`, "aloft help cloud faults");
    }
  },
  text: ({ cleared, faults }: Told, paint) =>
    [
      ...(cleared === undefined ? [] : [`${cleared} ${cleared === 1 ? "fault" : "faults"} cleared`]),
      ...(faults.length === 0 ? ["No calls fail on purpose."] : faults.map((fault) => line(fault, paint.bold))),
    ].join("\n"),
});

/** A fault of an API that is not there would meet nothing. */
function checkApi(api: string, services: readonly string[]): void {
  const short = (name: string): string => name.replace(/\.googleapis\.com$/, "");
  const known = services.map(short);
  if (known.includes(short(api))) return;
  const meant = nearest(short(api), known);
  throw new Failure({
    code: "INPUT_INVALID",
    what: `the local cloud has no API ${api}`,
    next: meant === undefined ? `one of: ${known.join(", ")}` : `did you mean: --api ${meant}`,
  });
}

interface Told {
  readonly cleared?: number;
  readonly faults: readonly Fault[];
}

interface Given {
  readonly api?: string | undefined;
  readonly method?: string | undefined;
  readonly code?: string | undefined;
  readonly rate?: string | undefined;
  readonly latency?: string | undefined;
  readonly count?: string | undefined;
}

function requestOf({ api, method, code, rate, latency, count }: Given): FaultRequest {
  const number = (name: string, text: string): number => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value)) {
      throw wrong(`--${name} ${text} is no number`, "aloft help cloud faults");
    }
    return value;
  };
  return {
    ...(api === undefined ? {} : { api }),
    ...(method === undefined ? {} : { method }),
    ...(code === undefined ? {} : { code }),
    ...(rate === undefined ? {} : { rate: number("rate", rate) }),
    ...(latency === undefined ? {} : { latency }),
    ...(count === undefined ? {} : { count: number("count", count) }),
  };
}

function line({ id, api, method, code, rate, latencyMs, count, met }: Fault, bold: (text: string) => string): string {
  const what = [
    ...(latencyMs === undefined ? [] : [`waits ${latencyMs} ms`]),
    ...(code === undefined ? [] : [`fails with ${code}`]),
  ].join(", ");
  const share = rate === undefined ? "" : ` · ${Math.round(rate * 1000) / 10} % of calls`;
  const left = count === undefined ? "" : ` · ${count - met} to go`;
  return `  ${bold(id)}  ${api ?? "every API"} ${method ?? "every method"}   ${what}${share}${left} · met ${met}`;
}

function wrong(what: string, next: string): Failure {
  return new Failure({ code: "USAGE", what, next });
}
