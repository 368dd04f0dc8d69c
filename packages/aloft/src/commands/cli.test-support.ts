import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const packageFolder = join(import.meta.dirname, "../..");

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What stdin gives; nothing by default. */
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Ctrl-C as soon as stdout matches. */
  readonly interruptAt?: RegExp;
}

export interface Sandbox extends AsyncDisposable {
  /** A folder of its own outside the repository, with an `aloft` to import and nothing else. */
  readonly folder: string;
  /** The state folder of its local cloud. */
  readonly state: string;
  /** Where its local cloud listens when it is started. */
  readonly port: number;
  write(file: string, text: string): void;
  /** The real program, as a process of its own without a terminal. */
  aloft(args: readonly string[], options?: RunOptions): Promise<Ran>;
}

/** A user's folder. Going, it stops the local cloud that was started in it. */
export async function sandbox(files: Readonly<Record<string, string>> = {}): Promise<Sandbox> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "aloft-cli-")));
  const state = join(folder, ".aloft");
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(packageFolder, join(folder, "node_modules/aloft"));
  const port = await freePort();
  const env = { PATH: process.env.PATH, HOME: folder, ALOFT_CLOUD_DIR: state, ALOFT_CLOUD: `127.0.0.1:${port}` };
  const box: Sandbox = {
    folder,
    state,
    port,
    write: (file, text) => writeFileSync(join(folder, file), text),
    aloft: (args, options = {}) => run(args, folder, { ...options, env: { ...env, ...options.env } }),
    [Symbol.asyncDispose]: async () => {
      await box.aloft(["cloud", "stop"]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (const [file, text] of Object.entries(files)) box.write(file, text);
  return box;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function run(args: readonly string[], cwd: string, options: RunOptions): Promise<Ran> {
  const { env, input = "", interruptAt } = options;
  const child = spawn(process.execPath, [join(packageFolder, "bin/aloft.js"), ...args], { cwd, env });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data) => {
    stdout += data;
    if (interruptAt?.test(stdout)) child.kill("SIGINT");
  });
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

/** A config that declares these secrets and nothing else. */
export function secretsConfig(app: string, ...names: readonly string[]): string {
  return `import { defineApp } from ${JSON.stringify("aloft")};
export default defineApp("${app}", ({ secrets }) => {
  secrets(${names.map((name) => JSON.stringify(name)).join(", ")});
}, { environments: { staging: { project: "${app}-stg" } } });
`;
}
