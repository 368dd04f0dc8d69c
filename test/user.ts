import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const root = join(import.meta.dirname, "..");

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A person at an example's folder, with a local cloud of their own in a temporary state folder. */
export interface User extends AsyncDisposable {
  readonly state: string;
  readonly origin: string;
  aloft(args: readonly string[], input?: string): Promise<Ran>;
  /** The answer of `--json` reads. Throws when the command fails. */
  json<T>(...args: string[]): Promise<T>;
  /** Everything that any command printed so far. */
  readonly printed: string[];
  /** The cloud's process id. */
  cloudPid(): number;
  /** Every file of the state folder, images and data of Redis apart, as bytes. */
  stateFiles(): { readonly file: string; readonly bytes: Buffer }[];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

export async function userAt(folder: string): Promise<User> {
  const state = mkdtempSync(join(tmpdir(), "aloft-user-"));
  const port = await freePort();
  const printed: string[] = [];
  const env = { PATH: process.env.PATH, HOME: state, ALOFT_CLOUD_DIR: state, ALOFT_CLOUD: `127.0.0.1:${port}` };
  const aloft: User["aloft"] = async (args, input = "") => {
    const child = spawn(process.execPath, [join(root, "packages/aloft/bin/aloft.js"), ...args], { cwd: folder, env });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data) => (stdout += data));
    child.stderr.on("data", (data) => (stderr += data));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const [code] = await once(child, "close");
    printed.push(stdout, stderr);
    return { code: code ?? -1, stdout, stderr };
  };
  return {
    state,
    origin: `http://127.0.0.1:${port}`,
    printed,
    aloft,
    json: async <T>(...args: string[]) => {
      const ran = await aloft([...args, "--json"]);
      if (ran.code !== 0) throw new Error(`aloft ${args.join(" ")} ended with ${ran.code}\n${ran.stdout}${ran.stderr}`);
      return JSON.parse(ran.stdout) as T;
    },
    cloudPid: () => (JSON.parse(readFileSync(join(state, "cloud.json"), "utf8")) as { pid: number }).pid,
    stateFiles: () =>
      globSync("**/*", { cwd: state, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .filter((file) => !/\/(images|registry|roots?|redis)\//.test(file.slice(state.length)))
        .map((file) => ({ file, bytes: readFileSync(file) })),
    async [Symbol.asyncDispose]() {
      await aloft(["cloud", "stop"]);
      rmSync(state, { recursive: true, force: true });
    },
  };
}

/** Calls until it answers something, at most `ms`. */
export async function eventually<T>(ms: number, look: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + ms; ; ) {
    const seen = await look().catch(() => undefined);
    if (seen !== undefined) return seen;
    if (Date.now() > end) throw new Error(`not seen within ${ms} ms: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The arguments and environments' names of every process on this machine, as `ps` shows them. */
export function processArguments(): string {
  return spawnSync("ps", ["-eww", "-o", "args"], { encoding: "utf8", maxBuffer: 64 * 2 ** 20 }).stdout;
}

export function has(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" }).status === 0;
}
