import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "../images/layer.ts";
import { sha256 } from "../images/oci.ts";

/**
 * What every container has on top of its image: name resolution, and the folders that Linux programs expect. A folder
 * named by its content, made once, never changed (it may be mounted).
 */
export async function extrasFolder(dir: string, temporaryName: () => string): Promise<string> {
  const resolv = existsSync("/etc/resolv.conf") ? readFileSync("/etc/resolv.conf", "utf8") : "nameserver 127.0.0.1\n";
  const hosts = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
  const folder = join(dir, `.extras-${sha256(`1\n${resolv}\n${hosts}`).slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  const work = join(dir, `.making-${temporaryName()}`);
  for (const name of ["etc", "tmp", "var/tmp", "var/log", "run", "proc", "dev", "sys"]) {
    await mkdir(join(work, name), { recursive: true });
  }
  for (const name of ["tmp", "var/tmp"]) await chmod(join(work, name), 0o1777);
  await chmod(work, 0o755);
  await writeFile(join(work, "etc/resolv.conf"), resolv);
  await writeFile(join(work, "etc/hosts"), hosts);
  await writeFile(join(work, "etc/hostname"), "localhost\n");
  try {
    await rename(work, folder);
  } catch (thrown) {
    await removeTree(work);
    if (!existsSync(folder)) throw thrown;
  }
  return folder;
}

/** Lays the extras into a root that is one instance's own. */
export async function layExtras(extras: string, root: string): Promise<void> {
  for (const name of ["etc", "tmp", "var/tmp", "var/log", "run", "proc", "dev", "sys"]) {
    await mkdir(join(root, name), { recursive: true }).catch(() => undefined);
  }
  for (const name of ["etc/resolv.conf", "etc/hosts", "etc/hostname"]) {
    await removeTree(join(root, name));
    await writeFile(join(root, name), readFileSync(join(extras, name)));
  }
}
