import { constants } from "node:fs";
import { chmod, copyFile, link, mkdir, readdir, readlink, stat, symlink } from "node:fs/promises";
import { join } from "node:path";

/** Files above this size are shared even where a tree is copied: programs and libraries, which nobody writes into. */
const sharedAboveBytes = 1024 * 1024;

/**
 * Makes `to` the same tree as `from`. `link`: files are hard links, for a root that layers are laid over. `copy`: files
 * are copies (shared blocks where the file system can), so that an instance may write into them; large ones are links.
 */
export async function cloneTree(from: string, to: string, how: "link" | "copy"): Promise<void> {
  await mkdir(to, { recursive: true });
  await chmod(to, (await stat(from)).mode & 0o1777);
  const entries = await readdir(from, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const source = join(from, entry.name);
      const target = join(to, entry.name);
      if (entry.isDirectory()) return cloneTree(source, target, how);
      if (entry.isSymbolicLink()) return symlink(await readlink(source), target);
      if (!entry.isFile()) return;
      if (how === "link" || (await stat(source)).size > sharedAboveBytes) return link(source, target);
      return copyFile(source, target, constants.COPYFILE_FICLONE);
    }),
  );
}
