/**
 * Builds what is published: every package as JavaScript and types (Node refuses `.ts` under `node_modules`), laid out as
 * in the repository, and a tarball of each.
 *
 *   npm run pack            writes dist/<package>/ and dist/*.tgz
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const out = join(root, "dist");
const bin = (name: string): string => join(root, "node_modules/.bin", name);

interface Manifest {
  name: string;
  version: string;
  exports: Record<string, unknown>;
  engines?: unknown;
  files?: unknown;
  repository?: unknown;
}

/** `./src/x.ts` as what an installed package offers for it. */
function built(path: string): { readonly types: string; readonly default: string } {
  return { types: path.replace(/\.ts$/, ".d.ts"), default: path.replace(/\.ts$/, ".js") };
}

/** The order of building: a package after those it imports, whose types it reads. */
const packages = ["kit", "google", "runtime", "cloud", "aloft"] as const;

rmSync(out, { recursive: true, force: true });
for (const name of packages) {
  const from = join(root, "packages", name);
  const to = join(out, name);
  mkdirSync(to, { recursive: true });
  const sources = globSync("{src,gen}/**/*.ts", { cwd: from }).filter(
    (file) => !/\.(test|test-d|test-support|d)\.ts$/.test(file),
  );
  const config = join(out, `tsconfig.${name}.json`);
  writeFileSync(
    config,
    JSON.stringify({
      extends: "../tsconfig.json",
      compilerOptions: {
        noEmit: false,
        declaration: true,
        rewriteRelativeImportExtensions: true,
        rootDir: from,
        outDir: to,
        types: ["node"],
        typeRoots: [join(root, "node_modules/@types")],
      },
      include: [],
      files: sources.map((file) => join(from, file)),
    }),
  );
  execFileSync(bin("tsc"), ["-p", config], { stdio: "inherit", cwd: root });
  rmSync(config);

  const manifest = JSON.parse(readFileSync(join(from, "package.json"), "utf8")) as Manifest;
  manifest.exports = Object.fromEntries(
    Object.entries(manifest.exports).map(([key, value]) => [
      key,
      typeof value === "string" && value.endsWith(".ts") ? built(value) : value,
    ]),
  );
  manifest.engines = { node: ">=22.21" };
  manifest.files = ["src", "gen", "bin"];
  writeFileSync(join(to, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const extra of ["bin", "gen", "assets"]) {
    if (existsSync(join(from, extra))) {
      cpSync(join(from, extra), join(to, extra), { recursive: true, filter: (path) => !/(?<!\.d)\.ts$/.test(path) });
    }
  }
  cpSync(join(root, "LICENSE"), join(to, "LICENSE"));
  const readme = existsSync(join(from, "README.md")) ? join(from, "README.md") : join(root, "README.md");
  cpSync(readme, join(to, "README.md"));
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", out, to], {
    cwd: root,
    encoding: "utf8",
  });
  console.log(`${manifest.name}@${manifest.version}  dist/${packed.trim()}`);
}
