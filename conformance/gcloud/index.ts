import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { has, openPlace, type Place, run } from "../place.ts";
import type { Case, Suite } from "../suite.ts";
import { expectations } from "./expect.ts";
import { type Line, parseLines } from "./lines.ts";
import { setUp } from "./setup.ts";

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
    await using place = await openPlace(report);
    await setUp(place);
    for (const line of wanted) report.ended(await judge(place, line));
  },
};

async function judge(place: Place, line: Line): Promise<Case> {
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
    return ran.code !== 0 && ofGcloudItself.test(ran.stderr)
      ? ended("ok")
      : ended("failed", "gcloud itself refuses it", said);
  if (expected?.refusedBy !== undefined) {
    const { says, because } = expected.refusedBy;
    return ran.code !== 0 && says.test(ran.stderr)
      ? ended("ok")
      : ended("failed", `Google refuses it, as ${because}`, said);
  }
  const late = line.command.startsWith("timeout ") && ran.code === 124;
  if (ran.code !== 0 && !late) return ended("failed", said);
  if (expected?.check === undefined) return ended("failed", "nothing says what it must print or change", said);
  try {
    const of = expected.of.exec(line.command) as RegExpExecArray;
    const wrong = await expected.check(ran, place, of);
    return wrong === undefined ? ended("ok") : ended("failed", wrong, said);
  } catch (thrown) {
    return ended("failed", (thrown as Error).message, said);
  }
}
