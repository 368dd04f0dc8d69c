/**
 * Proves what `npm run pack` made: installs the tarballs in an empty folder outside the repository, on the oldest
 * supported Node and on the pinned one, and runs `plan` and `up` of a small app on a local cloud of its own.
 *
 *   npm run pack && npm run pack:check
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const dist = join(import.meta.dirname, "../dist");
const tarballs = globSync("*.tgz", { cwd: dist }).map((file) => join(dist, file));
if (tarballs.length === 0) throw new Error("no tarballs in dist/: run `npm run pack` first");
const pinned = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")).devDependencies
  .node as string;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const config = `import { defineApp } from "aloft";

export default defineApp("packed", ({ secrets, service }) => {
  const keys = secrets("GREETING");
  const web = service("web", { entry: "./app/web.ts", public: true, health: "/health", secrets: keys });
  return { url: web.url };
});
`;
const web = `import { createServer } from "node:http";

createServer((req, res) => res.end(req.url === "/health" ? "ok" : process.env["GREETING"])).listen(Number(process.env["PORT"]), "0.0.0.0");
`;

async function proveOn(nodeVersion: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "aloft-packed-"));
  const port = await freePort();
  const env = {
    ...process.env,
    PATH: `${join(folder, "node_modules/.bin")}:${process.env.PATH ?? ""}`,
    ALOFT_CLOUD: `127.0.0.1:${port}`,
  };
  const sh = (command: string, input = ""): string => {
    const result = spawnSync("sh", ["-c", command], { cwd: folder, env, input, encoding: "utf8" });
    if (result.status !== 0)
      throw new Error(
        `on Node ${nodeVersion}: \`${command}\` ended with ${result.status}\n${result.stdout}${result.stderr}`,
      );
    return result.stdout;
  };
  try {
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({ private: true, type: "module", allowScripts: { node: true, esbuild: true } }),
    );
    writeFileSync(join(folder, "aloft.config.ts"), config);
    mkdirSync(join(folder, "app"));
    writeFileSync(join(folder, "app/web.ts"), web);
    sh(`npm install --silent --no-audit --no-fund node@${nodeVersion} ${tarballs.join(" ")}`);
    sh("aloft --version");
    sh("aloft secrets set GREETING", "hello from a tarball");
    sh("aloft plan");
    sh("aloft up --yes");
    const status = JSON.parse(sh("aloft status --json")) as { resources: { address: string; localUrl?: string }[] };
    const url = status.resources.find((resource) => resource.address === "service/web")?.localUrl;
    const answer = await (await fetch(`${url}/`)).text();
    if (answer !== "hello from a tarball")
      throw new Error(`on Node ${nodeVersion}: ${url} answered ${JSON.stringify(answer)}`);
    sh("aloft plan --exit-code");
    console.log(`packed: plan and up on Node ${sh("node --version").trim()}, ${url} answers`);
  } finally {
    spawnSync("sh", ["-c", "aloft cloud stop"], { cwd: folder, env });
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const version of ["22.21.1", pinned]) await proveOn(version);
