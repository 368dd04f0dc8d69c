import module from "node:module";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Failure } from "@aloft/kit/failure";
import { failures } from "@aloft/kit/failures";
import { type Late, lateKinds } from "./chain/late.ts";
import { type Preset, presets } from "./chain/presets.ts";
import { type Cloud, type CloudOptions, startCloud, version } from "./cloud.ts";

const help = `aloft-cloud: the local Google Cloud, in the foreground.

  --port N            the port on 127.0.0.1 (4510; 0: a free one)
  --dir FOLDER        where its state is (.aloft)
  --iam MODE          enforce, explain or off (enforce)
  --project ID=NUMBER a project that exists from the start; may be repeated
  --no-new-projects   a call that names an unknown project does not make it
  --quotas            Google's limits count (Secret Manager: 600 reads, 600 writes, 90000 accesses a minute)
  --like-google       changes take as long to count as at Google, by the clock; with its limits
  --late KIND         some of that alone: policies, apis, accounts, lists, metrics, creates, instances; may be repeated
  --preset NAME       no-billing, or org: an organisation's policies; may be repeated
  --clock-rate N      the clock runs so many times as fast as the computer's, 1 to 10000 (1)
  --seed TEXT         what faults and lags are drawn from
  --offline           as a proxy, reach no host but Google's (which are here) and this machine
  --pass HOST         a host of Google's that is let through to the real one, or *.DOMAIN; may be repeated
  --version, --help
`;

type Parsed = { readonly kind: "run"; readonly options: CloudOptions } | { readonly kind: "help" | "version" };

/** Throws `Failure` USAGE. */
export function parseFlags(args: readonly string[]): Parsed {
  const { values } = read(args);
  if (values.help) return { kind: "help" };
  if (values.version) return { kind: "version" };
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) throw usage(`--port ${values.port} is no port number.`);
  const clockRate = Number(values["clock-rate"]);
  if (!(clockRate >= 1 && clockRate <= 10_000)) throw usage(`--clock-rate ${values["clock-rate"]} is not 1 to 10000.`);
  const { iam } = values;
  if (iam !== "enforce" && iam !== "explain" && iam !== "off") throw usage(`--iam ${iam} is no mode.`);
  const projects: Record<string, number> = {};
  for (const each of values.project) {
    const [, id, number] = /^([a-z][a-z0-9-]{4,28}[a-z0-9])=([1-9]\d{5,14})$/.exec(each) ?? [];
    if (id === undefined) throw usage(`--project ${each} is not ID=NUMBER, like demo-project=123456789012.`);
    projects[id] = Number(number);
  }
  return {
    kind: "run",
    options: {
      port,
      dir: resolve(values.dir),
      iam,
      projects,
      newProjects: !values["no-new-projects"],
      ...(values.quotas ? { quotas: true } : {}),
      likeGoogle: values["like-google"],
      late: values.late.map(lateNamed),
      presets: values.preset.map(presetNamed),
      seed: values.seed,
      clockRate,
      proxy: { offline: values.offline, pass: values.pass },
    },
  };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      options: {
        port: { type: "string", default: "4510" },
        dir: { type: "string", default: ".aloft" },
        iam: { type: "string", default: "enforce" },
        project: { type: "string", multiple: true, default: [] },
        "no-new-projects": { type: "boolean", default: false },
        quotas: { type: "boolean", default: false },
        "like-google": { type: "boolean", default: false },
        late: { type: "string", multiple: true, default: [] },
        preset: { type: "string", multiple: true, default: [] },
        seed: { type: "string", default: "aloft" },
        "clock-rate": { type: "string", default: "1" },
        offline: { type: "boolean", default: false },
        pass: { type: "string", multiple: true, default: [] },
        version: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (thrown) {
    throw usage(thrown instanceof Error ? thrown.message : String(thrown));
  }
}

function lateNamed(text: string): Late {
  const kind = lateKinds.find((each) => each === text);
  if (kind === undefined) throw usage(`--late ${text} is none of ${lateKinds.join(", ")}.`);
  return kind;
}

function presetNamed(text: string): Preset {
  const preset = presets.find((each) => each === text);
  if (preset === undefined) throw usage(`--preset ${text} is none of ${presets.join(", ")}.`);
  return preset;
}

function usage(what: string): Failure {
  return new Failure({ code: "USAGE", what, next: "aloft-cloud --help" });
}

/** Runs until SIGTERM, SIGINT or SIGHUP; the exit code is set by what happened. */
export async function main(args: readonly string[]): Promise<void> {
  let cloud: Cloud;
  try {
    const parsed = parseFlags(args);
    if (parsed.kind !== "run") {
      process.stdout.write(parsed.kind === "help" ? help : `${version}\n`);
      return;
    }
    cloud = await startCloud(parsed.options);
    keepCompiled();
    process.stdout.write(`The local Google Cloud answers at ${cloud.url} (state in ${parsed.options.dir}).\n`);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    process.stderr.write(failureText(thrown));
    process.exitCode = failures[thrown.code].exit;
    return;
  }
  // A bug in one corner does not take the others down; it stands in the log.
  const bug = (thrown: unknown): void =>
    void process.stderr.write(`[cloud] bug: ${thrown instanceof Error ? thrown.stack : String(thrown)}\n`);
  process.on("uncaughtException", bug);
  process.on("unhandledRejection", bug);
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    cloud.close().then(
      () => process.exit(0),
      (thrown) => {
        bug(thrown);
        process.exit(1);
      },
    );
  };
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(name, stop);
}

/** The next start is faster, also when this process does not end by itself. */
function keepCompiled(): void {
  setTimeout(() => module.flushCompileCache?.(), 1000).unref();
}

/** As the command line prints failures: `error CODE  what`, then why and the next step, indented. */
function failureText({ code, what, why, next }: Failure): string {
  const indented = (text: string): string => `  ${text.replaceAll("\n", "\n  ")}\n`;
  return `error ${code}  ${what}\n${why === undefined ? "" : indented(why)}${next === undefined ? "" : indented(`→ ${next}`)}`;
}
