import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";

/** A folder with *.tf files that is applied by itself. */
export interface Configuration {
  /** Its path below the folder that was given; that folder's own name for itself. */
  readonly name: string;
  /** The folder that was given: modules may lie beside the configuration. */
  readonly root: string;
  readonly folder: string;
}

/**
 * The folder itself, or else those below it that hold *.tf files and are no modules: neither in a folder `modules` nor
 * called by another one. The largest come first: they take the longest.
 */
export function findConfigurations(root: string): readonly Configuration[] {
  const found = below(root).map((folder) => ({ name: relative(root, folder) || basename(root), root, folder }));
  const modules = new Set(found.flatMap(({ folder }) => calledBy(folder)));
  const size = ({ folder }: Configuration): number => sources(folder).split(/^resource /m).length;
  return found.filter(({ folder }) => !modules.has(folder)).toSorted((a, b) => size(b) - size(a));
}

function below(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  if (entries.some((each) => each.isFile() && isTerraform(each.name))) return [folder];
  return entries
    .filter((each) => each.isDirectory() && !each.name.startsWith(".") && each.name !== "modules")
    .flatMap((each) => below(join(folder, each.name)));
}

function calledBy(folder: string): readonly string[] {
  return [...sources(folder).matchAll(/^\s*source\s*=\s*"(\.\.?\/[^"]*)"/gm)].map(([, path = ""]) =>
    resolve(folder, path),
  );
}

const isTerraform = (name: string): boolean => /\.tf(\.json)?$/.test(name);

/** The text of its *.tf and *.tfvars files. */
export function sources(folder: string): string {
  return readdirSync(folder)
    .filter((name) => isTerraform(name) || /\.tfvars(\.json)?$/.test(name))
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");
}

/** Copies what was given to where Terraform may write, without what an earlier run left; answers the configuration's folder. */
export function copyTo(place: string, { root, folder }: Configuration): string {
  const left = /^(\.terraform(\.lock\.hcl)?|.*\.tfstate(\.backup)?)$/;
  const to = join(place, "given");
  cpSync(root, to, { recursive: true, filter: (path) => path === root || !left.test(basename(path)) });
  return join(to, relative(root, folder));
}

/** The file with the values of a change in place. */
export const changeFile = "change.tfvars";

/** The values that Terraform does not read by itself: of the one file with them, where there is only one. */
export function valuesFile(folder: string): string | undefined {
  const others = readdirSync(folder).filter(
    (name) => name.endsWith(".tfvars") && !/^terraform\.tfvars$|\.auto\.tfvars$/.test(name) && name !== changeFile,
  );
  return others.length === 1 ? others[0] : undefined;
}

export const has = (folder: string, name: string): boolean => existsSync(join(folder, name));
