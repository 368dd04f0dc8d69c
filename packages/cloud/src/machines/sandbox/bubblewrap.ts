import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { identify, signal } from "../../processes.ts";
import { cloneTree } from "../images/tree.ts";
import { extrasFolder, layExtras } from "./extras.ts";
import { pipes } from "./fifo.ts";
import { childrenOf, descendantsOf } from "./process-tree.ts";
import type { Exit, Launch, Program, Sandbox } from "./sandbox.ts";

/**
 * In a mount namespace of its own: the image below, memory above, and bubblewrap on top of both. All of it goes away with
 * the last process. $1 work folder, $2 extras, $3 root, $4 size, $5 further overlay options; the rest is for bubblewrap.
 */
const overlayScript = `set -e
W=$1 E=$2 L=$3 S=$4 O=$5; shift 5
umask 022
mount -t tmpfs -o "size=$S,mode=0755" tmpfs "$W"
cd "$W"
mkdir e l u k r
mount --bind "$E" e
mount --bind "$L" l
mount -t overlay overlay -o "lowerdir=e:l,upperdir=u,workdir=k$O" r
exec "$BWRAP" "$@"`;

/** Whether the writable layer is an overlay in memory, or a copy on disk. */
export type Layering = "overlay" | "copy";

interface Tools {
  readonly bwrap: string;
  readonly unshare: string;
}

const root = (): boolean => process.getuid?.() === 0;

/** Really runs a program in the sandbox, once. Answers how it can be layered here, or why it cannot be used. */
export function tryBubblewrap(
  dir: string,
): { readonly layering: Layering; readonly why?: string } | { readonly why: string } {
  const tools = findTools();
  if ("why" in tools) return tools;
  const work = join(dir, `.probe-${process.pid}`);
  const attempt = (layering: Layering): string | undefined => {
    const held = ["--unshare-user", "--uid", "1000", "--gid", "1000", ...isolation, "/bin/sh", "-c", ":"];
    // Layers may not lie in each other: `/usr`, where Debian's /bin and /lib lead, stands for an image.
    const { file, args } =
      layering === "overlay"
        ? overlayCommand(tools, work, "/etc", "/usr", 1, ["--bind", join(work, "r"), "/", ...held])
        : { file: tools.bwrap, args: ["--bind", "/", "/", ...held] };
    const tried = spawnSync(file, args, { encoding: "utf8", env: hostEnv(tools), timeout: 10_000 });
    if (tried.status === 0) return undefined;
    return (
      tried.error?.message ?? (tried.stderr.trim().split("\n")[0] || `it ends with ${tried.status ?? tried.signal}`)
    );
  };
  spawnSync("mkdir", ["-p", work]);
  try {
    const noOverlay = attempt("overlay");
    if (noOverlay === undefined) return { layering: "overlay" };
    const noCopy = attempt("copy");
    if (noCopy !== undefined) return { why: `bubblewrap does not work here: ${noCopy}` };
    return { layering: "copy", why: `no overlay file system (${noOverlay}): each instance gets a copy of its image` };
  } finally {
    spawnSync("rmdir", [work]);
  }
}

const isolation = [
  ...["--dev", "/dev", "--proc", "/proc"],
  ...["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--hostname", "localhost"],
  ...["--cap-drop", "ALL", "--die-with-parent", "--new-session"],
];

/**
 * Runs each program in a bubblewrap sandbox: own root, own processes, the machine's network. Its variables reach it
 * through a file descriptor, never through the arguments of a process.
 */
export function bubblewrap(options: {
  readonly dir: string;
  readonly layering: Layering;
  readonly why: string | undefined;
  readonly temporaryName: () => string;
}): Sandbox {
  const { dir, layering, temporaryName } = options;
  return {
    kind: "bubblewrap",
    ...(options.why === undefined ? {} : { why: options.why }),
    launch: async (launch) => {
      const tools = findTools();
      if ("why" in tools) throw new Error(tools.why);
      const work = join(dir, launch.id);
      await mkdir(work, { recursive: true });
      const extras = await extrasFolder(dir, temporaryName);
      const [out, err] = await pipes(work, ["out", "err"]);
      if (out === undefined || err === undefined) throw new Error("mkfifo made no pipes");
      let own = join(work, "r");
      if (layering === "copy") {
        own = join(work, "root");
        await cloneTree(launch.root, own, "copy");
        await layExtras(extras, own);
      }
      const outer = ["--args", "3", "--info-fd", "4"];
      const { file, args } =
        layering === "overlay"
          ? overlayCommand(tools, work, extras, launch.root, launch.memoryMiB, outer)
          : { file: tools.bwrap, args: outer };
      const child = spawn(file, [...args, "--", ...launch.command.argv], {
        detached: true,
        env: hostEnv(tools),
        stdio: ["ignore", out.writeFd, err.writeFd, "pipe", "pipe"],
      });
      out.handedOver();
      err.handedOver();
      const given = child.stdio[3] as Writable;
      given.on("error", () => undefined);
      given.end(
        insideArgs(launch, own)
          .map((arg) => `${arg}\0`)
          .join(""),
      );
      const init = initOf(child.stdio[4] as Readable);
      const exited = exitOf(child).then(async (exit) => {
        init.kill();
        await rm(work, { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
        return exit;
      });
      const holder = child.pid ?? -1;
      const program: Program = {
        holder,
        main: () => (init.pid() === undefined ? undefined : childrenOf(init.pid() as number)[0]),
        processes: () => (init.pid() === undefined ? [] : descendantsOf(init.pid() as number)),
        diskBytes: () => (layering === "overlay" ? diskUsed(init.pid(), launch.memoryMiB) : 0),
        stdout: out.reader,
        stderr: err.reader,
        exited,
        destroy: () => {
          init.kill();
          if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
        },
      };
      return program;
    },
  };
}

function insideArgs(launch: Launch, own: string): readonly string[] {
  const { uid, gid, cwd } = launch.command;
  return [
    ...["--bind", own, "/", "--unshare-user", "--uid", String(uid), "--gid", String(gid), ...isolation, "--clearenv"],
    ...(launch.mounts ?? []).flatMap(({ from, to, readOnly }) => [readOnly ? "--ro-bind" : "--bind", from, to]),
    ...Object.entries(launch.env).flatMap(([name, value]) => ["--setenv", name, value]),
    ...(cwd === "/" ? [] : ["--dir", cwd]),
    ...["--chdir", cwd],
  ];
}

function overlayCommand(
  tools: Tools,
  work: string,
  extras: string,
  lower: string,
  memoryMiB: number,
  bwrapArgs: readonly string[],
): { readonly file: string; readonly args: readonly string[] } {
  const namespaces = root() ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
  const options = root() ? "" : ",userxattr";
  return {
    file: tools.unshare,
    args: [
      ...namespaces,
      "/bin/sh",
      "-c",
      overlayScript,
      "sh",
      work,
      extras,
      lower,
      `${memoryMiB}m`,
      options,
      ...bwrapArgs,
    ],
  };
}

function hostEnv(tools: Tools): NodeJS.ProcessEnv {
  return { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", BWRAP: tools.bwrap };
}

function findTools(): Tools | { readonly why: string } {
  if (process.platform !== "linux") return { why: `bubblewrap is a Linux program, and this is ${process.platform}` };
  const bwrap = find("bwrap");
  const unshare = find("unshare");
  if (bwrap === undefined) return { why: "bubblewrap is not installed (apt-get install bubblewrap)" };
  return { bwrap, unshare: unshare ?? "/usr/bin/unshare" };
}

function find(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/bin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path) && executable(path));
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The sandbox's first process, by what bubblewrap tells of it: it holds all others, which die with it. */
function initOf(info: Readable): { readonly pid: () => number | undefined; readonly kill: () => void } {
  let text = "";
  let record: ReturnType<typeof identify>;
  info.on("error", () => undefined);
  info.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    const pid = Number(/"child-pid":\s*(\d+)/.exec(text)?.[1] ?? Number.NaN);
    if (record === undefined && Number.isInteger(pid)) record = identify(pid);
  });
  return {
    pid: () => record?.pid,
    kill: () => {
      if (record !== undefined) signal(record, "SIGKILL");
    },
  };
}

/** Bubblewrap ends with 128 + N when the program was ended by signal N. */
function exitOf(child: ReturnType<typeof spawn>): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("error", () => resolve({ code: 127 }));
    child.once("exit", (code, name) => {
      if (code === null) resolve({ signal: name === "SIGTERM" ? 15 : 9 });
      else resolve(code > 128 && code < 165 ? { signal: code - 128 } : { code });
    });
  });
}

/**
 * What the program wrote to its disk in memory, in bytes. While it starts, its root is still this machine's or bubblewrap's own:
 * only a file system of the size that the layer was made with is the layer.
 */
export function diskUsed(pid: number | undefined, memoryMiB: number): number {
  if (pid === undefined) return 0;
  try {
    const { blocks, bfree, bsize } = statfsSync(`/proc/${pid}/root`);
    return blocks * bsize === memoryMiB * 2 ** 20 ? (blocks - bfree) * bsize : 0;
  } catch {
    return 0;
  }
}
