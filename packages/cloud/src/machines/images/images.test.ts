import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { randomIds } from "@aloft/kit/ids";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FileRegistry, fileRegistry } from "../testing/registry.ts";
import { createImages, type Images } from "./images.ts";

let dir: string;
let registry: FileRegistry;
let images: Images;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "aloft-images-"));
  registry = fileRegistry(join(dir, "blobs"));
  images = createImages({ registry, dir: join(dir, "roots"), temporaryName: () => randomIds.short(8) });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const roots = (): readonly string[] => readdirSync(join(dir, "roots")).sort();

describe("images", () => {
  test("roots that no image in use is made of are removed; what is in use, or being made, stays", async () => {
    const layer = (text: string) => registry.layer([{ name: "file", text }]);
    const [base, other] = [await layer("base"), await layer("other")];
    const [one, two] = [registry.image([base, await layer("one")], {}), registry.image([base, await layer("two")], {})];
    const [first, second] = [await images.ready(one), await images.ready(two)];
    await images.ready(registry.image([other], {}));
    expect(roots()).toHaveLength(4);
    expect(await images.sweep(() => [one, two])).toHaveLength(1);
    const sweeping = images.sweep(() => [one]);
    const again = images.ready(two);
    await Promise.all([sweeping, again]);
    expect([existsSync(first.root), existsSync((await again).root)]).toEqual([true, true]);
    expect(await images.sweep(() => [one])).toEqual([basename(second.root)]);
    expect([roots().length, existsSync(first.root)]).toEqual([2, true]);
    expect(await images.sweep(() => [])).toHaveLength(2);
    expect(roots()).toEqual([]);
    expect(readFileSync(join((await images.ready(two)).root, "file"), "utf8")).toBe("two");
  });

  test("layers are laid over each other: replaced, removed, hidden; links stay links", async () => {
    const below = await registry.layer(
      [
        { name: "etc/", type: "directory" },
        { name: "etc/kept", text: "kept" },
        { name: "etc/gone", text: "gone" },
        { name: "etc/changed", text: "old" },
        { name: "data/old/deep", text: "deep" },
        { name: "bin/tool", text: "#!", mode: 0o4755 },
        { name: "bin/same", hardLink: "bin/tool" },
        { name: "lib", link: "/usr/lib" },
        { name: "usr/lib/x.so", text: "x" },
      ],
      gzipSync,
    );
    const above = await registry.layer(
      [
        { name: "./etc/.wh.gone", text: "" },
        { name: "etc/changed", text: "new" },
        { name: "data/new", text: "new" },
        { name: "data/.wh..wh..opq", text: "" },
        { name: "lib/y.so", text: "y" },
      ],
      (tar) => zstdCompressSync(tar),
    );
    const { root } = await images.ready(registry.image([below, above], {}));
    const read = (name: string): string => readFileSync(join(root, name), "utf8");
    expect([read("etc/kept"), read("etc/changed"), read("data/new")]).toEqual(["kept", "new", "new"]);
    expect([existsSync(join(root, "etc/gone")), existsSync(join(root, "data/old"))]).toEqual([false, false]);
    expect(readdirSync(join(root, "etc")).sort()).toEqual(["changed", "kept"]);
    expect(readlinkSync(join(root, "lib"))).toBe("/usr/lib");
    expect(read("usr/lib/y.so")).toBe("y");
    expect(statSync(join(root, "bin/tool")).ino).toBe(statSync(join(root, "bin/same")).ino);
    expect(statSync(join(root, "bin/tool")).mode & 0o7777).toBe(0o755);
    const base = await images.ready(registry.image([below], {}));
    expect(readFileSync(join(base.root, "etc/changed"), "utf8")).toBe("old");
    expect(existsSync(join(base.root, "etc/gone"))).toBe(true);
  });

  test("a stack of layers is unpacked once, also when it is asked for at the same time", async () => {
    const base = await registry.layer([{ name: "base", text: "b" }]);
    const app = await registry.layer([{ name: "app", text: "a" }]);
    const other = await registry.layer([{ name: "other", text: "o" }]);
    const [one, same] = await Promise.all([
      images.ready(registry.image([base, app], {})),
      images.ready(registry.image([base, app], { User: "1" })),
    ]);
    expect(one.root).toBe(same.root);
    const second = await images.ready(registry.image([base, other], {}));
    expect(roots()).toHaveLength(3);
    expect(statSync(join(one.root, "base")).ino).toBe(statSync(join(second.root, "base")).ino);
  });

  test.each([
    ["a path that climbs out", [{ name: "../evil", text: "x" }]],
    ["a path that climbs out in the middle", [{ name: "a/../../evil", text: "x" }]],
    ["a hard link to the outside", [{ name: "a/link", hardLink: "../../../../../../etc/passwd" }]],
    ["a hard link to what is not there", [{ name: "link", hardLink: "/etc/passwd" }]],
    [
      "a file where a folder is needed",
      [
        { name: "a", text: "x" },
        { name: "a/b", text: "x" },
      ],
    ],
    [
      "links in a circle",
      [
        { name: "a", link: "b" },
        { name: "b", link: "a" },
        { name: "a/x", text: "x" },
      ],
    ],
  ])("%s is refused, and nothing is left", async (_, entries) => {
    const layer = await registry.layer(entries);
    await expect(images.ready(registry.image([layer], {}))).rejects.toMatchObject({ reason: "ImageInvalid" });
    expect(existsSync(join(dir, "evil"))).toBe(false);
    expect(roots()).toEqual([]);
  });

  test("files under a link to the outside land inside the root", async () => {
    const outside = join(dir, "outside");
    const layer = await registry.layer([
      { name: "way", link: outside },
      { name: "up", link: "../../../../../.." },
      { name: "way/file", text: "in" },
      { name: "up/climbed", text: "in" },
      { name: "way/.wh.file2", text: "" },
    ]);
    const { root } = await images.ready(registry.image([layer], {}));
    expect(existsSync(outside)).toBe(false);
    expect(readFileSync(join(root, outside, "file"), "utf8")).toBe("in");
    expect(readFileSync(join(root, "climbed"), "utf8")).toBe("in");
    expect(lstatSync(join(root, "way")).isSymbolicLink()).toBe(true);
  });

  test("bytes that are not what the digests say, or no tar at all, are refused", async () => {
    const good = await registry.layer([{ name: "a", text: "a" }]);
    const broken = registry.blobOf(gzipSync(Buffer.alloc(3000, 7)));
    const cut = registry.blobOf(gzipSync(readFileSync(registry.blob(good.digest)?.path ?? "")).subarray(0, 60));
    for (const layer of [
      { ...good, diffId: `sha256:${"0".repeat(64)}` },
      { ...good, digest: broken },
      { ...good, digest: cut },
      { ...good, digest: `sha256:${"1".repeat(64)}` },
    ]) {
      await expect(images.ready(registry.image([layer], {}))).rejects.toMatchObject({ reason: "ImageInvalid" });
    }
    const noJson = registry.manifest(Buffer.from("{"), "application/vnd.oci.image.manifest.v1+json");
    await expect(images.ready(noJson)).rejects.toMatchObject({ reason: "ImageInvalid" });
    expect(roots()).toEqual([]);
  });

  test("of an index, the image for linux/amd64 is taken; without one it is refused as Cloud Run does", async () => {
    const layer = await registry.layer([{ name: "a", text: "a" }]);
    const type = "application/vnd.oci.image.index.v1+json";
    const index = (architecture: string): string => {
      const digest = registry.image([layer], {}).split("@")[1];
      const manifests = [
        { mediaType: "x", digest: `sha256:${"2".repeat(64)}`, platform: { os: "linux", architecture: "arm64" } },
        { mediaType: "x", digest, platform: { os: "linux", architecture } },
      ];
      return registry.manifest(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })), type);
    };
    expect(existsSync(join((await images.ready(index("amd64"))).root, "a"))).toBe(true);
    const refused = index("s390x");
    await expect(images.ready(refused)).rejects.toThrow(
      `Cloud Run does not support image '${refused}': Container manifest type '${type}' must support amd64/linux.`,
    );
  });
});
