import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { has, openPlace, type Place, project, run } from "../place.ts";
import type { Case, Report, Suite } from "../suite.ts";
import { expectations, type Facts } from "./expect.ts";
import { type Line, parseLines } from "./lines.ts";
import { provider } from "./provide.ts";
import { setUp } from "./setup.ts";
import { usualJudgement } from "./usual.ts";

const usualLines = join(import.meta.dirname, "../../../shared/wire/gcloud-commands.txt");
/** What only gcloud says of flags, commands and arguments that it does not know. */
const ofGcloudItself =
  /unrecognized arguments|Invalid choice|must be specified|argument .*: |not a valid|Aborted by user|no such command|use `gcloud beta|component manager|No configuration change requested/i;

/** gcloud and gsutil, a line of a file each, in its order. */
export const gcloud: Suite = {
  name: "gcloud",
  about: "gcloud's and gsutil's commands, through aloft exec",
  options: ["lines", "only"],
  run: async ({ lines: file = usualLines, only }, report) => {
    const skip = (why: string): void => report.ended({ group: "gcloud", name: file, outcome: "skip", why: [why] });
    if (!(await has("gcloud"))) return skip("there is no gcloud on this machine");
    if (!existsSync(file)) return skip("there is no such file");
    const wanted = parseLines(readFileSync(file, "utf8")).filter(
      (line) => only === undefined || line.command.includes(only),
    );
    const { stdout } = await run(["gcloud", "version", "--format=value('Google Cloud SDK')"]);
    report.version("gcloud", stdout.trim());
    const methods: string[] = [];
    const watching: Pick<Report, "answered"> = {
      answered: (method, door) => {
        methods.push(method);
        report.answered(method, door);
      },
    };
    await using place = await openPlace(watching);
    await setUp(place);
    const provide = provider(place, wanted);
    let current = project;
    for (const line of wanted) {
      if (!line.refused) await provide(line.command, current);
      methods.length = 0;
      report.ended(await judge(place, line, { current, methods }));
      current = /gcloud config set (?:core\/)?project ["']?([\w-]+)/.exec(line.command)?.[1] ?? current;
    }
  },
};

async function judge(
  place: Place,
  line: Line,
  { current, methods }: { readonly current: string; readonly methods: readonly string[] },
): Promise<Case> {
  const name = `${line.number} ${line.command.length > 140 ? `${line.command.slice(0, 137)}...` : line.command}`;
  const group = /gsutil/.test(line.command)
    ? "gsutil"
    : (/gcloud (?:(?:alpha|beta) )?([\w-]+)/.exec(line.command)?.[1] ?? "gcloud");
  const ended = (outcome: Case["outcome"], ...why: readonly string[]): Case => ({
    group,
    name,
    outcome,
    ...(why.length === 0 ? {} : { why }),
  });
  const expected = line.refused ? undefined : expectations.find(({ of }) => of.test(line.command));
  if (expected?.skip !== undefined) return ended("skip", expected.skip);
  const ran = await place.exec(["bash", "-c", line.command], { timeoutMs: 150_000 });
  const said = `exit code ${ran.code}: ${(ran.stderr || ran.stdout).trim().split("\n").slice(-6).join(" | ")}`;
  if (line.refused)
    // 2 is what gcloud ends with for what it does not understand.
    return ran.code === 2 || (ran.code !== 0 && ofGcloudItself.test(ran.stderr))
      ? ended("ok")
      : ended("failed", "gcloud itself refuses it", said);
  const at: Facts = { api: place.api, project: current };
  if (expected?.refusedBy !== undefined && (await expected.refusedBy.unless?.(at)) !== true) {
    const { says, because } = expected.refusedBy;
    return ran.code !== 0 && says.test(ran.stderr)
      ? ended("ok")
      : ended("failed", `Google refuses it, as ${because}`, said);
  }
  const late = line.command.startsWith("timeout ") && ran.code === 124;
  if (ran.code !== 0 && !late) return ended("failed", said);
  try {
    const of = expected?.of.exec(line.command) ?? null;
    const wrong =
      // What is expected of single lines is said of the usual project.
      expected?.check === undefined || of === null || current !== project
        ? await usualJudgement(line.command, { ran, methods: [...methods], project: current }, at)
        : await expected.check(ran, at, of);
    return wrong === undefined ? ended("ok") : ended("failed", wrong, said);
  } catch (thrown) {
    return ended("failed", (thrown as Error).message, said);
  }
}
