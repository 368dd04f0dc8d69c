/**
 * Who may import whom, read from the sources' own import lines. The house stands as long as this holds:
 * kit imports nothing; google, runtime and cloud import kit; aloft imports kit and google; examples use what users use.
 *
 *   node scripts/boundaries.ts      a line a breach, exit 1 when there is one
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const root = join(import.meta.dirname, "..");

/** Package folder → the `@aloft/*` packages its sources may import. Tests may start the cloud besides. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  kit: [],
  google: ["kit"],
  runtime: ["kit"],
  cloud: ["kit"],
  aloft: ["kit", "google"],
};

/** kit's subpaths that the light package may use: no dependencies, small. */
const lightKit = new Set(["redaction", "retry", "crc32c", "clock", "duration", "failure", "failures"]);

interface Import {
  readonly file: string;
  readonly line: number;
  readonly target: string;
}

function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const text = readFileSync(join(root, file), "utf8");
  const pattern =
    /(?:^|[\s;])(?:import|export)\s[^"';]*?from\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']|^import\s*["']([^"']+)["']/gm;
  for (const match of text.matchAll(pattern)) {
    const line = text.slice(0, match.index).split("\n").length;
    found.push({ file, line, target: (match[1] ?? match[2] ?? match[3]) as string });
  }
  return found;
}

function packageOf(file: string): string {
  return file.split("/")[1] as string;
}

/** What is wrong with this import; undefined when nothing is. */
function breach(item: Import): string | undefined {
  const from = packageOf(item.file);
  const mayUse = allowed[from];
  if (mayUse === undefined) return `packages/${from} has no row in scripts/boundaries.ts`;
  const isTest = /\.(test|test-d|test-support)\.ts$/.test(item.file) || item.file.includes("/test/");
  if (item.target.startsWith(".")) {
    const resolved = relative(root, resolve(root, dirname(item.file), item.target));
    if (!resolved.startsWith(`packages/${from}/`)) return `leaves its package: ${item.target}`;
    if (!/\.(ts|js|json|mjs)$/.test(item.target)) return `relative imports end in .ts: ${item.target}`;
    return undefined;
  }
  const own = item.target.match(/^(?:@aloft\/([a-z]+)|(aloft))(?:\/(.*))?$/);
  if (own === null) return undefined;
  const to = own[1] ?? (own[2] as string);
  if (to === from) return `imports its own package by name: ${item.target}`;
  if (!mayUse.includes(to))
    return isTest && to === "cloud" ? undefined : `packages/${from} may not import ${item.target}`;
  if (from === "runtime" && !lightKit.has(own[3] ?? ""))
    return `runtime may import kit's light subpaths only: ${item.target}`;
  return undefined;
}

const files = globSync("packages/*/src/**/*.ts", { cwd: root });
if (files.length === 0) throw new Error("boundaries: found no sources to check");
let breaches = 0;
for (const file of files.sort()) {
  for (const item of importsOf(file)) {
    const wrong = breach(item);
    if (wrong === undefined) continue;
    breaches++;
    console.error(`${item.file}:${item.line}: ${wrong}`);
  }
}
if (breaches > 0) process.exit(1);
console.log(`boundaries: ${files.length} files keep them`);
