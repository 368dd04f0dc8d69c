/**
 * Writes `docs/errors.md` from the one table of failures.
 *
 *   node scripts/errors-doc.ts            writes it
 *   node scripts/errors-doc.ts --check    fails where it is not what the table says
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { failures } from "../packages/kit/src/failures.ts";

const path = join(import.meta.dirname, "../docs/errors.md");
const rows = Object.entries(failures).map(([code, { exit, when }]) => `| \`${code}\` | ${exit} | ${when} |`);
const text = `# Errors

Every error that Aloft foresees has a code that stays, says what happened and why, and names the command that mends it:

\`\`\`
error SECRET_VALUES_MISSING  2 secrets have no value
  - secret GEMINI_API_KEY has no value
    → aloft secrets set GEMINI_API_KEY
\`\`\`

With \`--json\` it is \`{"error":{"code","what","why","next","problems"}}\` on stdout. Exit code 1: the work failed. 2: the command line
or the config is wrong. 130: Ctrl-C. An error with the code \`BUG\` was not foreseen: \`ALOFT_DEBUG=1\` shows where it comes from.

| code | exit | when |
| --- | --- | --- |
${rows.join("\n")}

This page is made from \`packages/kit/src/failures.ts\` by \`scripts/errors-doc.ts\`.
`;

if (process.argv.includes("--check")) {
  let found = "";
  try {
    found = readFileSync(path, "utf8");
  } catch {
    // Missing is as wrong as stale.
  }
  if (found !== text) {
    console.error("docs/errors.md is not what packages/kit/src/failures.ts says: node scripts/errors-doc.ts");
    process.exitCode = 1;
  }
} else {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
}
