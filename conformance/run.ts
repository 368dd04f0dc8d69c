/**
 * Runs a suite of judges against the local cloud: a line a case, the totals last, exit code 1 when a case failed.
 *
 *   npm run conformance -- NAME [options] [--json]     without NAME: the suites and their options
 *   … --save                                           keeps what it showed in conformance/results.json
 */
import { parseArgs } from "node:util";
import { createReporter, total } from "./reporter.ts";
import { save } from "./results.ts";
import { suites } from "./suites.ts";

const names = new Set(suites.flatMap((suite) => suite.options));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    save: { type: "boolean", default: false },
    ...Object.fromEntries([...names].map((name) => [name, { type: "string" as const }])),
  },
});
const suite = suites.find(({ name }) => name === positionals[0]);
if (suite === undefined) {
  if (positionals[0] !== undefined) console.error(`There is no suite ${positionals[0]}.`);
  for (const { name, about, options } of suites)
    console.error([name.padEnd(12), about, ...options.map((option) => `[--${option} …]`)].join("  "));
  process.exit(2);
}

const json = values.json === true;
const reporter = createReporter(json, (line) => console.log(line));
const given: Record<string, string | undefined> = {};
for (const name of suite.options) {
  const value: unknown = (values as Record<string, unknown>)[name];
  if (typeof value === "string") given[name] = value;
}
await suite.run(given, reporter);
const shown = reporter.shown();
if (json) {
  const { counts, groups, versions } = shown;
  console.log(
    JSON.stringify({ type: "result", time: new Date().toISOString(), suite: suite.name, counts, groups, versions }),
  );
} else {
  if (Object.keys(shown.groups).length > 1)
    for (const [group, counts] of Object.entries(shown.groups)) console.log(total(`  ${group}`, counts));
  console.log(total(suite.name, shown.counts));
}
if (values.save === true) save(suite.name, shown);
process.exit(shown.counts.failed > 0 ? 1 : 0);
