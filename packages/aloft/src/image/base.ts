import { existsSync, realpathSync } from "node:fs";
import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { rootCertificates } from "node:tls";
import { Failure, messageOf } from "@aloft/kit/failure";
import { type BlobStore, digestOf } from "./blobs.ts";
import { type Linkage, librariesOf, linkageOf, x64 } from "./elf.ts";
import { type Layer, type LayerEntry, writeLayer } from "./layer.ts";
import type { Base, RunConfig } from "./oci.ts";

/** Where glibc's loader looks on the distributions we know; a library keeps its folder in the image. */
const libraryFolders = [
  "/lib/x86_64-linux-gnu",
  "/usr/lib/x86_64-linux-gnu",
  "/lib64",
  "/usr/lib64",
  "/lib",
  "/usr/lib",
] as const;
const zoneFolder = "/usr/share/zoneinfo";
/** Raised when what goes into the base changes, so that an older cache is not used. */
const recipe = 1;

const config: RunConfig = {
  Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "NODE_ENV=production"],
  WorkingDir: "/app",
};

/**
 * The base that every `entry:` without a `base:` stands on: the pinned Node for linux-x64, the libraries that it is linked with,
 * CA certificates, time zones and the few files that a C library asks for. Built once and kept by what it is made of.
 * Throws `Failure` IMAGE_INVALID where this machine has no such Node.
 */
export async function defaultBase(store: BlobStore, onProgress?: (message: string) => void): Promise<Base> {
  const node = await findNode(onProgress);
  const libraries = await libraries64(node.linkage);
  const files = [node.path, ...libraries.values(), zoneFolder].filter((path) => existsSync(path));
  const stamps = await Promise.all(files.map(async (path) => [path, await stampOf(path)]));
  const key = `base-${digestOf(JSON.stringify([recipe, process.version, stamps])).slice(7, 39)}`;
  const kept = await store.record<Layer>(key);
  const usable = kept && (await store.size(kept.digest)) === kept.size ? kept : undefined;
  const layer = usable ?? (await build(node, libraries, store, onProgress));
  if (usable === undefined) await store.keep(key, layer);
  return { layers: [layer], blobs: [store.blob(layer, layer.mediaType)], config };
}

interface FoundNode {
  readonly path: string;
  readonly linkage: Linkage;
}

/** The `node` package's program, or the one that runs us where the package was installed without its scripts. */
async function findNode(onProgress?: (message: string) => void): Promise<FoundNode> {
  const tried: string[] = [];
  const pinned = pinnedNode();
  for (const path of [pinned, process.execPath]) {
    if (path === undefined) continue;
    const linkage = await linkageOf(path).catch(() => undefined);
    if (linkage?.machine === x64 && linkage.interpreter !== undefined) {
      if (path !== pinned) onProgress?.(`base: the pinned Node is not installed, taking ${process.version}`);
      return { path, linkage };
    }
    tried.push(path);
  }
  throw new Failure({
    code: "IMAGE_INVALID",
    what: "the default base image needs a Node for linux-x64 with glibc, and this machine has none",
    why: `looked at ${tried.join(", ")}`,
    next: "npm install node, on linux-x64; or name another base by digest: base: 'docker.io/library/node@sha256:…'",
  });
}

function pinnedNode(): string | undefined {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("node/package.json")), "bin", "node");
  } catch {
    return undefined;
  }
}

/** What Node is linked with; with a glibc before 2.34 also the plug-ins by which it looks up names. */
async function libraries64(node: Linkage): Promise<Map<string, string>> {
  try {
    const found = await librariesOf(node, libraryFolders);
    const libc = found.get("libc.so.6");
    for (const plugin of ["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"]) {
      const beside = libc && join(dirname(libc), plugin);
      if (beside && existsSync(beside)) found.set(plugin, beside);
    }
    return found;
  } catch (thrown) {
    throw new Failure({
      code: "IMAGE_INVALID",
      what: `the default base image cannot be made: ${messageOf(thrown)}`,
      next: "install the missing library, or name another base by digest: base: 'docker.io/library/node@sha256:…'",
      cause: thrown,
    });
  }
}

async function stampOf(path: string): Promise<readonly number[]> {
  const { size, mtimeMs, ino } = await stat(path);
  return [size, mtimeMs, ino];
}

async function build(
  node: FoundNode,
  libraries: ReadonlyMap<string, string>,
  store: BlobStore,
  onProgress?: (message: string) => void,
): Promise<Layer> {
  onProgress?.("base: laying out Node and its libraries");
  const entries = new Map<string, LayerEntry>();
  const add = (entry: LayerEntry): void => {
    const parts = entry.path.split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join("/");
      if (!entries.has(path)) entries.set(path, { path, type: "folder" });
    }
    entries.set(entry.path, entry);
  };
  for (const path of ["app", "dev", "proc", "root", "sys", "run", "var/tmp"]) add({ path, type: "folder" });
  for (const path of ["tmp", "var/tmp"]) add({ path, type: "folder", mode: 0o1777 });
  add(await copied("usr/local/bin/node", node.path));
  for (const path of libraries.values()) add(await copied(path.slice(1), path));
  const interpreter = node.linkage.interpreter as string;
  add(await copied(interpreter.slice(1), interpreter));
  for (const [path, data] of Object.entries(systemFiles)) add({ path, type: "file", data });
  add({ path: "etc/ssl/certs/ca-certificates.crt", type: "file", data: `${rootCertificates.join("\n")}\n` });
  const zones = await zoneEntries();
  if (zones.length === 0) onProgress?.("base: no time zones on this machine; Node brings its own");
  for (const entry of zones) add(entry);
  const layer = await writeLayer([...entries.values()], store);
  onProgress?.(`base: ${Math.round(layer.size / 1e6)} MB, kept for next time`);
  return layer;
}

async function copied(path: string, from: string): Promise<LayerEntry> {
  const real = realpathSync(from);
  return { path, type: "copy", from: real, size: (await stat(real)).size, mode: 0o755 };
}

const systemFiles: Readonly<Record<string, string>> = {
  "etc/passwd": "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n",
  "etc/group": "root:x:0:\nnogroup:x:65534:\n",
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
  "etc/timezone": "Etc/UTC\n",
};

/** The time zones of this machine, without the copies by other reckonings, and UTC as the local time. */
async function zoneEntries(): Promise<readonly LayerEntry[]> {
  if (!existsSync(join(zoneFolder, "UTC"))) return [];
  const found = await readdir(zoneFolder, { recursive: true, withFileTypes: true });
  const entries = await Promise.all(
    found.map(async (entry): Promise<LayerEntry | undefined> => {
      const from = join(entry.parentPath, entry.name);
      const path = from.slice(1);
      if (/^\/usr\/share\/zoneinfo\/(right|posix)(\/|$)/.test(from) || entry.name === "localtime") return undefined;
      if (entry.isSymbolicLink()) {
        const to = await readlink(from);
        return to.startsWith("/") ? undefined : { path, type: "link", to };
      }
      return entry.isFile() ? { path, type: "file", data: await readFile(from) } : undefined;
    }),
  );
  const zones = entries.filter((entry) => entry !== undefined);
  return [...zones, { path: "etc/localtime", type: "link", to: `${zoneFolder}/Etc/UTC` }];
}
