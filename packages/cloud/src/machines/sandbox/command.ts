import { existsSync, lstatSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { ImageConfig } from "../images/oci.ts";
import type { ContainerSpec } from "../machines.ts";
import { RevisionProblem } from "../problem.ts";
import { words } from "../words.ts";

/** A program to run in a root, as Docker and Cloud Run derive it from the image and the spec. */
export interface Command {
  /** The first is an absolute path in the root. */
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The variables of a container: the image's, then `cloud` (what Cloud Run sets), then `own` (the spec's, secrets
 * resolved). PATH and HOME have values always.
 */
export function environmentOf(
  image: ImageConfig,
  cloud: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
  home: string,
): Record<string, string> {
  const fromImage = Object.fromEntries(
    image.env.map((entry) => {
      const at = entry.indexOf("=");
      return at < 0 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
  return { PATH: defaultPath, HOME: home, ...fromImage, ...cloud, ...own };
}

/**
 * The program, where it starts and as whom: `command` replaces the image's entrypoint (and its Cmd with it), `args`
 * replace its Cmd. Throws `RevisionProblem` when the root has no such program or user.
 */
export function commandOf(spec: ContainerSpec, image: ImageConfig, root: string, path: string | undefined): Command {
  const entrypoint = spec.command.length > 0 ? spec.command : image.entrypoint;
  const rest = spec.args.length > 0 ? spec.args : spec.command.length > 0 ? [] : image.cmd;
  const [program, ...args] = [...entrypoint, ...rest];
  if (program === undefined) {
    throw new RevisionProblem(
      "ContainerMissing",
      "The image has neither an entrypoint nor a command, and the service names none.",
    );
  }
  const cwd = spec.workingDir || image.workingDir || "/";
  const found = findProgram(root, program, path ?? defaultPath, cwd);
  if (found === undefined) {
    throw new RevisionProblem("HealthCheckContainerError", words.commandMissing(program, path ?? defaultPath));
  }
  return { argv: [found, ...args], cwd, ...userOf(image.user, root) };
}

function findProgram(root: string, program: string, path: string, cwd: string): string | undefined {
  const candidates = program.startsWith("/")
    ? [program]
    : program.includes("/")
      ? [join(cwd, program)]
      : path
          .split(":")
          .filter(Boolean)
          .map((directory) => join("/", directory, program));
  return candidates.find((candidate) => insideRoot(root, candidate) !== undefined);
}

/**
 * The real place of a path of the root, with links followed as a program inside would; undefined when there is nothing.
 */
export function insideRoot(root: string, path: string): string | undefined {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const done: string[] = [];
  for (let links = 0; parts.length > 0; ) {
    const part = parts.shift() as string;
    if (part === "..") {
      done.pop();
      continue;
    }
    const here = join(root, ...done, part);
    const there = lstatSync(here, { throwIfNoEntry: false });
    if (there === undefined || ++links > 1000) return undefined;
    if (there.isSymbolicLink()) {
      const target = readlinkSync(here);
      if (target.startsWith("/")) done.length = 0;
      parts.unshift(...target.split("/").filter((p) => p !== "" && p !== "."));
      continue;
    }
    if (parts.length > 0 && !there.isDirectory()) return undefined;
    done.push(part);
  }
  return join(root, ...done);
}

function userOf(user: string, root: string): { readonly uid: number; readonly gid: number; readonly home: string } {
  const [name = "", group] = user.split(":");
  const people = table(root, "/etc/passwd");
  const found = name === "" ? people.find((p) => p[2] === "0") : people.find((p) => p[0] === name || p[2] === name);
  const uid = name === "" ? 0 : (number(name) ?? number(found?.[2]));
  if (uid === undefined) {
    throw new RevisionProblem(
      "HealthCheckContainerError",
      `Application failed to start: unable to find user ${name}: no matching entries in passwd file`,
    );
  }
  const gid =
    group === undefined
      ? (number(found?.[3]) ?? 0)
      : (number(group) ?? number(table(root, "/etc/group").find((g) => g[0] === group)?.[2]));
  if (gid === undefined) {
    throw new RevisionProblem(
      "HealthCheckContainerError",
      `Application failed to start: unable to find group ${group}: no matching entries in group file`,
    );
  }
  return { uid, gid, home: found?.[5] || (uid === 0 ? "/root" : "/") };
}

function table(root: string, path: string): readonly (readonly string[])[] {
  const file = insideRoot(root, path);
  if (file === undefined || !existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.split(":"));
}

const number = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
