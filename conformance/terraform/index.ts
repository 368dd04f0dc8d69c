import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { has, openPlace, type Place, run } from "../place.ts";
import type { Case, Door, Report, Suite } from "../suite.ts";
import { type Configuration, findConfigurations } from "./configurations.ts";
import { judge } from "./phases.ts";

const ours = join(import.meta.dirname, "configs");
/** Terraform sleeps more than it works: 10 s after each service account, 3 s after each grant. */
const atOnce = 4;

/** Terraform with the provider that Google publishes, see README.md here for what a folder of configurations may hold. */
export const terraform: Suite = {
  name: "terraform",
  about: "Terraform with the real hashicorp/google provider, through aloft exec",
  options: ["dir", "only"],
  run: async ({ dir = ours, only }, report) => {
    const missing = await whatIsMissing(dir);
    if (missing !== undefined)
      return report.ended({ group: "terraform", name: "hashicorp/google", outcome: "skip", why: [missing] });
    const { stdout } = await run(["terraform", "version", "-json"]);
    report.version("terraform", JSON.parse(stdout).terraform_version);
    const found = findConfigurations(resolve(dir)).filter(({ name }) => only === undefined || name.includes(only));
    if (found.length === 0) throw new Error(`${dir} holds no folder with a *.tf file`);
    const waiting = found.values();
    const work = async (): Promise<void> => {
      for (const configuration of waiting) await judgeAlone(configuration, report);
    };
    await Promise.all(Array.from({ length: atOnce }, work));
  },
};

async function whatIsMissing(dir: string): Promise<string | undefined> {
  if (!(await has("terraform"))) return "there is no terraform on this machine";
  if (!existsSync(dir)) return `there is no folder ${dir}`;
  const file = process.env.TF_CLI_CONFIG_FILE;
  const mirror = file !== undefined && existsSync(file) && readFileSync(file, "utf8").includes("filesystem_mirror");
  if (mirror) return undefined;
  return "TF_CLI_CONFIG_FILE names no file with a filesystem_mirror that holds registry.terraform.io/hashicorp/google";
}

/** In a cloud of its own; what answered meanwhile is told together with its case. */
async function judgeAlone(configuration: Configuration, report: Report): Promise<void> {
  let answered: (readonly [method: string, door: Door])[] = [];
  const own = {
    version: report.version,
    answered: (method: string, door: Door): void => void answered.push([method, door]),
    ended: (one: Case): void => {
      for (const [method, door] of answered) report.answered(method, door);
      answered = [];
      report.ended(one);
    },
  };
  await using place: Place = await openPlace(own);
  await judge(configuration, place, own);
}
