import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Place } from "../place.ts";
import type { Report } from "../suite.ts";
import { type Detail, type Resource, type Terraform, terraformIn } from "./cli.ts";
import { type Configuration, changeFile, copyTo, has, valuesFile } from "./configurations.ts";
import { drift, kinds } from "./drift.ts";
import { openVariables, prepare, pushImages } from "./given.ts";
import { importable, importIdOf } from "./imports.ts";
import { labelEverything } from "./labels.ts";

interface Work {
  readonly place: Place;
  readonly terraform: Terraform;
  readonly folder: string;
  /** Values of variables from now on. */
  values: readonly string[];
}

/** Thrown by a phase that this configuration has nothing for. */
class Skipped extends Error {}

/** What a case wants; throws what went wrong, or `Skipped`. */
type Phase = (work: Work) => Promise<void>;

/** All that is done with a configuration, in this order; each begins where nothing is to be changed. */
const phases: Readonly<Record<string, Phase>> = {
  apply,
  "no changes": noChanges,
  "change in place": change,
  "drift seen and mended": drifts,
  import: imports,
};

/** Reports a case a phase. After a failed apply the others are skipped; what there is is destroyed in any case. */
export async function judge(configuration: Configuration, place: Place, report: Report): Promise<void> {
  const group = configuration.name;
  const folder = copyTo(place.folder, configuration);
  let work: Work;
  const terraform = terraformIn(place, folder, () => work.values, openVariables(folder));
  const file = valuesFile(folder);
  work = { place, terraform, folder, values: file === undefined ? [] : [`-var-file=${file}`] };
  let broken = false;
  const one = async (name: string, phase: Phase): Promise<boolean> => {
    try {
      await phase(work);
      report.ended({ group, name, outcome: "ok" });
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown;
      const skipped = thrown instanceof Skipped;
      report.ended({ group, name, outcome: skipped ? "skip" : "failed", why: thrown.message.split("\n") });
      return skipped;
    }
    return true;
  };
  for (const [name, phase] of Object.entries(phases)) {
    if (broken) report.ended({ group, name, outcome: "skip", why: ["what it begins with failed"] });
    else if (!(await one(name, phase)) && name === "apply") broken = true;
  }
  await one("destroy", destroy);
}

async function apply({ place, terraform, folder }: Work): Promise<void> {
  await prepare(place, folder);
  await terraform.init();
  await pushImages(place, terraform, folder);
  await terraform.applyNow();
}

async function noChanges({ terraform }: Work): Promise<void> {
  if ((await terraform.plan()).length > 0) await complain("the plan is not empty", terraform);
}

async function change(work: Work): Promise<void> {
  const { terraform, folder } = work;
  if (has(folder, changeFile)) work.values = [...work.values, `-var-file=${changeFile}`];
  else labelEverything(folder);
  const changes = await terraform.plan();
  if (changes.length === 0) throw new Skipped(`nothing in it takes labels, and it has no ${changeFile}`);
  if (changes.some(({ action }) => action !== "update")) await complain("not in place", terraform, ["update"]);
  await terraform.apply();
  await noChanges(work);
}

async function drifts(work: Work): Promise<void> {
  const { place, terraform } = work;
  const drifted: Resource[] = [];
  for (const resource of await managed(terraform)) if (await drift(place, resource)) drifted.push(resource);
  if (drifted.length === 0) throw new Skipped("it has nothing that can be changed behind Terraform's back");
  const seen = new Set((await terraform.applyNow()).map(({ address }) => address));
  const unseen = drifted.filter(({ address }) => !seen.has(address));
  if (unseen.length > 0) throw new Error(["not seen", ...unseen.map(({ address }) => address)].join("\n"));
  await noChanges(work);
}

async function imports(work: Work): Promise<void> {
  const { terraform, folder } = work;
  const found = (await managed(terraform)).filter(importable);
  if (found.length === 0) throw new Skipped("it has nothing that can be imported");
  await terraform.forget(found.map(({ address }) => address));
  const blocks = found.map(
    (each) => `import {\n  to = ${each.address}\n  id = ${JSON.stringify(importIdOf(each))}\n}\n`,
  );
  writeFileSync(join(folder, "imports-of-conformance.tf"), blocks.join("\n"));
  const changes = await terraform.plan();
  // What only Terraform knows (deletion_protection, force_destroy) is written to the state: an update of nothing.
  const good = ["update", "import", "replace of what is not read"];
  if (changes.some(({ action }) => !good.includes(action))) await complain("not only imported", terraform, good);
  const imported = changes.filter((each) => each.imported).length;
  if (imported !== found.length) throw new Error(`${imported} of ${found.length} are imported`);
  await terraform.apply();
  await noChanges(work);
}

async function destroy({ place, terraform }: Work): Promise<void> {
  const before = await managed(terraform);
  await terraform.destroy();
  const left = await managed(terraform);
  if (left.length > 0) throw new Error(["still in the state", ...left.map(({ address }) => address)].join("\n"));
  for (const { address, type, values } of before) {
    // `_Default` is Google's own.
    const at = kept.has(type) || `${values.name}`.startsWith("_") ? undefined : kinds[type]?.at(values);
    if (at === undefined) continue;
    const found = await place.api("GET", at).catch(() => undefined);
    const gone =
      found === undefined ||
      /DELETED|DESTROYED/.test(found.state ?? found.lifecycleState ?? "") ||
      found.deleted === true;
    if (!gone) throw new Error(`${address} is still there`);
  }
}

/** Google keeps them for ever, or longer than Terraform waits. */
const kept = new Set(["google_kms_key_ring", "google_kms_crypto_key", "google_logging_project_bucket_config"]);

async function managed(terraform: Terraform): Promise<readonly Resource[]> {
  return (await terraform.state()).filter(({ mode }) => mode === "managed");
}

/** Throws what the kept plan does besides what is `allowed`. */
async function complain(what: string, terraform: Terraform, allowed: readonly string[] = []): Promise<void> {
  const details = await terraform.details();
  const wrong = details.filter((each) => {
    const action = each.actions.join();
    return action !== "no-op" && !allowed.includes(isUnread(each) ? "replace of what is not read" : action);
  });
  if (wrong.length > 0) throw new Error([what, ...wrong.map(described)].join("\n"));
}

/** Whether it is to be made anew only for attributes that the provider writes and never reads. */
function isUnread({ before, replace_paths: paths = [] }: Detail): boolean {
  const at = (path: readonly (string | number)[]): unknown =>
    path.reduce<unknown>((value, key) => (value as Record<string, unknown> | null)?.[key], before);
  return paths.length > 0 && paths.every((path) => (at(path) ?? null) === null);
}

/** `google_x.y: update`, and a line for each value that differs: `labels.a "1" → "2"`. */
function described({ address, actions, before, after }: Detail): string {
  if (before === null || after === null) return `${address}: ${actions.join(", ")}`;
  return [`${address}: ${actions.join(", ")}`, ...differences(before, after, "")].join("\n  ");
}

function differences(before: unknown, after: unknown, at: string): readonly string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (!isTree(before) || !isTree(after)) return [`${at} ${shown(before)} → ${shown(after)}`];
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => differences(before[name], after[name], at === "" ? name : `${at}.${name}`));
}

const isTree = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const shown = (value: unknown): string => (JSON.stringify(value) ?? "unknown").slice(0, 200);
