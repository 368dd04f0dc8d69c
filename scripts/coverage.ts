/**
 * Writes `docs/coverage.md` from the descriptors, the lists of handlers and the last conformance results.
 *
 *   node scripts/coverage.ts            writes it
 *   node scripts/coverage.ts --check    fails where it is not what they say
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { coverageOf } from "../conformance/coverage/methods.ts";
import { pageOf } from "../conformance/coverage/page.ts";
import { readResults } from "../conformance/results.ts";

const path = join(import.meta.dirname, "../docs/coverage.md");
const results = readResults();
const text = pageOf(await coverageOf(results), results);

if (process.argv.includes("--check")) {
  let found = "";
  try {
    found = readFileSync(path, "utf8");
  } catch {
    // Missing is as wrong as stale.
  }
  if (found !== text) {
    console.error("docs/coverage.md is not what the services and the last results say: node scripts/coverage.ts");
    process.exitCode = 1;
  }
} else {
  writeFileSync(path, text);
}
