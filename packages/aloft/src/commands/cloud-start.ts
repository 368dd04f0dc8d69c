import { Failure } from "@aloft/kit/failure";
import { checkRate } from "./clock-rate.ts";
import { defineCommand } from "./command.ts";
import { aloftVersion } from "./versions.ts";

export const command = defineCommand({
  name: "cloud start",
  summary: "Start the local Google Cloud in the background",
  about: "Waits until it answers. Its state is kept in .aloft/ at the repository's root. Running already, it says so.",
  flags: {
    port: {
      type: "string",
      value: "N",
      what: "the port (default: ALOFT_CLOUD's, that of the running one, 4510; 0: any free one)",
    },
    dir: { type: "string", value: "DIR", what: "the state folder (default: ALOFT_CLOUD_DIR, .aloft)" },
    iam: { type: "string", value: "MODE", what: "permissions: enforce (default), explain, off" },
    "no-new-projects": { type: "boolean", what: "a call that names an unknown project does not make it" },
    project: { type: "string", value: "ID=NUMBER", multiple: true, what: "a project with a number of its own" },
    "like-google": {
      type: "boolean",
      what: "policies, APIs, accounts and lists arrive as late as at Google, by the clock; with its limits",
    },
    late: {
      type: "string",
      value: "KIND",
      multiple: true,
      what: "some of that alone: policies, apis, accounts, lists, metrics, creates, instances",
    },
    "clock-rate": {
      type: "string",
      value: "N",
      what: "its clock runs so many times as fast: 60 makes a minute a second",
    },
    seed: { type: "string", value: "TEXT", what: "what faults and lags are drawn from: the same, the same again" },
    preset: {
      type: "string",
      value: "NAME",
      multiple: true,
      what: "no-billing, or org: an organisation's policies (nobody from anywhere, no keys, no Editor by default)",
    },
    quotas: { type: "boolean", what: "Google's limits count (Secret Manager: 600 reads and 600 writes a minute)" },
    offline: { type: "boolean", what: "as a proxy, reach no host but Google's (which are here) and this machine" },
    pass: {
      type: "string",
      value: "HOST",
      multiple: true,
      what: "a host of Google's that is let through: *.DOMAIN, too",
    },
  },
  examples: [
    "aloft cloud start",
    "aloft cloud start --port 4600 --project demo=123456789012",
    "aloft cloud start --like-google --clock-rate 60 --seed 7 --preset org",
  ],
  run: async (ctx) => {
    const { port, dir, iam, project, offline, pass, preset, seed, quotas } = ctx.flags;
    const { late, "clock-rate": clockRate } = ctx.flags;
    checkLate(late);
    checkFlags(port, iam, project, preset);
    checkRate("--clock-rate", clockRate);
    const { placeOf } = await import("../local/place.ts");
    const { startCloudAt } = await import("../local/start.ts");
    const place = placeOf({
      ...{ cwd: ctx.cwd, environ: ctx.environ },
      ...(ctx.global.config === undefined ? {} : { config: ctx.global.config }),
      ...(port === undefined ? {} : { port: Number(port) }),
      ...(dir === undefined ? {} : { dir }),
    });
    const found = await startCloudAt(place, {
      ...{ environ: ctx.environ, version: aloftVersion(), note: ctx.ui.note, signal: ctx.signal },
      ...(iam === undefined ? {} : { iam }),
      ...(project === undefined ? {} : { projects: project }),
      ...(offline === undefined ? {} : { offline }),
      ...(pass === undefined ? {} : { pass }),
      ...(preset === undefined ? {} : { presets: preset }),
      ...(seed === undefined ? {} : { seed }),
      ...(quotas === undefined ? {} : { quotas }),
      ...(late === undefined ? {} : { late }),
      ...(clockRate === undefined ? {} : { clockRate }),
      likeGoogle: ctx.flags["like-google"] === true,
      newProjects: ctx.flags["no-new-projects"] !== true,
    });
    const { status } = found;
    const unheard = startFlags.filter((flag) => ctx.flags[flag] !== undefined);
    if (!found.started && unheard.length > 0) {
      const names = unheard.map((flag) => `--${flag}`).join(", ");
      ctx.ui.note(`It runs already: ${names} counts from the next start (aloft cloud stop).`);
    }
    return {
      data: {
        ...{ started: found.started, address: `http://${found.place.host}:${found.place.port}`, pid: status.pid },
        ...{ version: status.version, dir: found.place.dir, log: found.log },
        ...(found.replaced === undefined ? {} : { replaced: found.replaced }),
      },
    };
  },
  text: (data: Started, paint) =>
    [
      `The local cloud ${data.started ? "runs" : "runs already"} at ${paint.cyan(data.address)}   (process ${data.pid})`,
      `  state  ${data.dir}`,
      `  log    ${data.log}`,
    ].join("\n"),
});

/** What counts when the cloud starts, and not later. */
const startFlags = [
  "iam",
  "project",
  "no-new-projects",
  "like-google",
  "late",
  "clock-rate",
  "seed",
  "preset",
  "quotas",
  "offline",
  "pass",
] as const;

interface Started {
  readonly started: boolean;
  readonly address: string;
  readonly pid: number;
  readonly dir: string;
  readonly log: string;
}

function checkFlags(
  port: string | undefined,
  iam: string | undefined,
  projects: readonly string[] | undefined,
  presets: readonly string[] | undefined,
): void {
  const wrong = (what: string, next: string): Failure => new Failure({ code: "INPUT_INVALID", what, next });
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
    throw wrong(`--port ${port} is no port`, "aloft cloud start --port 4510");
  }
  if (iam !== undefined && !["enforce", "explain", "off"].includes(iam)) {
    throw wrong(`--iam ${iam} is none of enforce, explain, off`, "aloft cloud start --iam explain");
  }
  const preset = presets?.find((each) => !["no-billing", "org"].includes(each));
  if (preset !== undefined) {
    throw wrong(`--preset ${preset} is none of no-billing, org`, "aloft cloud start --preset org");
  }
  const bad = projects?.find((project) => !/^[a-z][a-z0-9-]{4,28}[a-z0-9]=[1-9]\d{5,14}$/.test(project));
  if (bad !== undefined)
    throw wrong(`--project ${bad} is not ID=NUMBER`, "aloft cloud start --project demo-app=123456789012");
}

const lateKinds = ["policies", "apis", "accounts", "lists", "metrics", "creates", "instances"];

function checkLate(kinds: readonly string[] | undefined): void {
  const bad = kinds?.find((kind) => !lateKinds.includes(kind));
  if (bad === undefined) return;
  throw new Failure({
    code: "INPUT_INVALID",
    what: `--late ${bad} is none of ${lateKinds.join(", ")}`,
    next: "aloft cloud start --late policies --late creates",
  });
}
