import { lstat, mkdir, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { invalidImage } from "../problem.ts";

/** Paths inside an unpacked root. Links are followed as a program inside would see them, so no name leads out. */
export interface RootPaths {
  readonly root: string;
  /** The real folder for a name inside the root, made if missing. Throws ImageInvalid when a file is in the way. */
  directory(name: string): Promise<string>;
  /** The real place of an existing name (its last part is not followed). Throws ImageInvalid when there is none. */
  existing(name: string): Promise<string>;
  /** `base` in a real folder; throws ImageInvalid for `..`. */
  within(directory: string, base: string): string;
  remove(path: string): Promise<void>;
  /** A link was made: what is known of folders may be wrong now. */
  forget(): void;
}

const maxLinks = 40;

export function createRootPaths(root: string): RootPaths {
  const known = new Map<string, string>();

  /** `made` false: answers undefined where a part is missing. */
  const walk = async (name: string, make: boolean): Promise<string | undefined> => {
    const parts = split(name);
    const done: string[] = [];
    let links = 0;
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      if (part === "..") {
        done.pop();
        continue;
      }
      const path = join(root, ...done, part);
      const there = await lstat(path).catch(() => undefined);
      if (there?.isSymbolicLink() === true) {
        if (++links > maxLinks) throw invalidImage(`The image's links under ${name} lead in a circle.`);
        const target = await readlink(path);
        if (target.startsWith("/")) done.length = 0;
        parts.unshift(...split(target));
        continue;
      }
      if (there === undefined) {
        if (!make) return undefined;
        await mkdir(path);
      } else if (!there.isDirectory()) {
        throw invalidImage(`The image has a file at /${[...done, part].join("/")}, where ${name} needs a folder.`);
      }
      done.push(part);
    }
    return join(root, ...done);
  };

  const within = (directory: string, base: string): string => {
    if (base === ".." || base === "." || base === "" || base.includes("/")) {
      throw invalidImage(`The image has a file of the name ${JSON.stringify(base)}.`);
    }
    return join(directory, base);
  };

  const paths: RootPaths = {
    root,
    within,
    forget: () => known.clear(),
    directory: async (name) => {
      const seen = known.get(name);
      if (seen !== undefined) return seen;
      if (split(name).includes("..")) throw invalidImage(`The image has a path with "..": ${name}`);
      const path = (await walk(name, true)) ?? root;
      known.set(name, path);
      return path;
    },
    existing: async (name) => {
      const parts = split(name);
      const base = parts.pop() ?? "";
      if (parts.includes("..")) throw invalidImage(`The image has a link to a path with "..": ${name}`);
      const directory = await walk(parts.join("/"), false);
      const path = directory === undefined ? undefined : within(directory, base);
      if (path === undefined || (await lstat(path).catch(() => undefined)) === undefined) {
        throw invalidImage(`The image has a hard link to ${name}, which it does not have.`);
      }
      return path;
    },
    remove: async (path) => {
      known.clear();
      await rm(path, { recursive: true, force: true });
    },
  };
  return paths;
}

const split = (name: string): string[] => name.split("/").filter((part) => part !== "" && part !== ".");
