import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { createGunzip } from "node:zlib";
import { Failure } from "@aloft/kit/failure";
import { extract } from "tar-stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Image } from "./image.ts";
import { pack } from "./pack.ts";

const root = mkdtempSync(join(tmpdir(), "aloft-pack-"));
const cache = join(root, "cache");
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A folder with these files. */
function project(name: string, files: Readonly<Record<string, string>>): string {
  const folder = join(root, name);
  for (const [path, data] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), data);
  }
  return folder;
}

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

/** Unpacks the layers in their order, and answers the folder and every entry's header. */
async function unpack(image: Image, name: string) {
  const folder = join(root, name);
  const manifest = JSON.parse(Buffer.from(image.manifest).toString()) as Manifest;
  const blobs = new Map(image.blobs.map((blob) => [blob.digest, blob]));
  const headers: { readonly name: string; readonly mtime: number; readonly owner: string }[] = [];
  for (const layer of manifest.layers) {
    const entries = extract();
    const blob = blobs.get(layer.digest);
    if (blob === undefined) throw new Error(`no blob ${layer.digest}`);
    Readable.from(blob.open()).pipe(createGunzip()).pipe(entries);
    for await (const entry of entries) {
      const { name, type, mode, linkname, mtime, uid, gid } = entry.header;
      headers.push({ name, mtime: mtime?.getTime() ?? -1, owner: `${uid}:${gid}` });
      const path = join(folder, name);
      const chunks: Buffer[] = [];
      for await (const chunk of entry) chunks.push(chunk as Buffer);
      mkdirSync(type === "directory" ? path : dirname(path), { recursive: true });
      if (type === "symlink") symlinkSync(linkname ?? "", path);
      if (type === "file") writeFileSync(path, Buffer.concat(chunks), { mode });
    }
  }
  const config = blobs.get(manifest.config.digest);
  return {
    folder,
    headers,
    config: JSON.parse(await text(Readable.from(config?.open() ?? []))) as Record<string, unknown>,
  };
}

describe.skipIf(process.platform !== "linux" || process.arch !== "x64")("pack, on the default base", () => {
  let folder: string;
  let image: Image;
  const source = {
    "package.json": "{}",
    "app/greet.cjs": `exports.where = __dirname; exports.os = require("node:os").EOL;`,
    "app/api.ts": `import { where, os } from "./greet.cjs";
      const zone: string = new Intl.DateTimeFormat("en", { timeZone: "Europe/Madrid", hour: "numeric" }).format(0);
      console.log(JSON.stringify({ where, os, zone, version: process.version }));`,
    "public/a.txt": "a",
    "public/deep/b.txt": "b",
  };
  beforeAll(async () => {
    folder = project("one", source);
    image = await pack({ entry: join(folder, "app/api.ts"), folder, include: ["public/**"] }, { cache });
  });

  test("pack: the image runs with nothing but its own files: Node, libraries, bundle", async () => {
    const { folder: image_, headers, config } = await unpack(image, "unpacked");
    expect(config).toMatchObject({
      os: "linux",
      architecture: "amd64",
      config: { WorkingDir: "/app", Cmd: ["node", "--enable-source-maps", "/app/api.mjs"] },
    });
    // As the image's root would be: its own loader, its own libraries, its own Node.
    const libraries = join(image_, "lib/x86_64-linux-gnu");
    const said = execFileSync(
      join(image_, "lib64/ld-linux-x86-64.so.2"),
      ["--inhibit-cache", "--library-path", libraries, join(image_, "usr/local/bin/node"), join(image_, "app/api.mjs")],
      { env: {}, encoding: "utf8" },
    );
    expect(JSON.parse(said)).toEqual({ where: join(image_, "app"), os: "\n", zone: "1 AM", version: process.version });
    const names = headers.map(({ name }) => name);
    for (const name of [
      "app/public/a.txt",
      "app/public/deep/b.txt",
      "app/api.mjs.map",
      "tmp/",
      "etc/passwd",
      "etc/ssl/certs/ca-certificates.crt",
    ]) {
      expect(names).toContain(name);
    }
    expect(new Set(headers.map(({ mtime, owner }) => `${mtime} ${owner}`))).toEqual(new Set(["0 0:0"]));
  });

  test("pack: the same input in another place and another cache gives the same image, a change another", async () => {
    const elsewhere = project("two", source);
    const spec = { entry: join(elsewhere, "app/api.ts"), folder: elsewhere, include: ["public/**"] };
    const again = await pack(spec, { cache: join(root, "other-cache") });
    expect(again.digest).toBe(image.digest);
    writeFileSync(join(elsewhere, "app/greet.cjs"), "exports.where = 1; exports.os = 2;");
    const changed = await pack(spec, { cache: join(root, "other-cache") });
    expect(changed.digest).not.toBe(image.digest);
    expect(changed.blobs[0]?.digest).toBe(image.blobs[0]?.digest);
  });

  test("pack: nothing changed is found out without compiling; two entries at once make one base", async () => {
    const messages: string[] = [];
    const fresh = join(root, "third-cache");
    const both = ["app/api.ts", "app/greet.cjs"].map((entry) =>
      pack({ entry: join(folder, entry), folder }, { cache: fresh, onProgress: (message) => messages.push(message) }),
    );
    const [first, second] = await Promise.all(both);
    expect(first?.blobs[0]?.digest).toBe(second?.blobs[0]?.digest);
    expect(messages.filter((message) => message.startsWith("base: laying"))).toHaveLength(1);

    await new Promise((resolve) => setTimeout(resolve, 20));
    const spec = { entry: join(folder, "app/api.ts"), folder };
    await pack(spec, { cache: fresh });
    const startedMs = performance.now();
    expect((await pack(spec, { cache: fresh })).digest).toBe(first?.digest);
    expect(performance.now() - startedMs).toBeLessThan(300);
  });
});

describe("pack: what cannot be packed is refused, with the place", () => {
  const refused = async (files: Readonly<Record<string, string>>, entry: string, include: readonly string[] = []) => {
    const folder = project(`bad-${Math.random().toString(36).slice(2)}`, files);
    const thrown = await pack({ entry: join(folder, entry), folder, include }, { cache }).catch(
      (error: unknown) => error,
    );
    if (!(thrown instanceof Failure)) throw new Error(`not refused: ${String(thrown)}`);
    expect(thrown.code).toBe("ENTRY_INVALID");
    return thrown;
  };

  test("an entry that is not there", async () => {
    expect((await refused({ "package.json": "{}" }, "app/api.ts")).what).toBe("there is no file app/api.ts to bundle");
  });

  test("an entry that does not compile: every message, with file and line", async () => {
    const failure = await refused({ "api.ts": "const a = 1;\nconst b = ;\n" }, "api.ts");
    expect(failure.what).toBe("api.ts does not compile");
    expect(failure.problems).toEqual([{ at: "api.ts:2:11", what: 'Unexpected ";"' }]);
  });

  test("packages that are not installed: named, with the command", async () => {
    const failure = await refused({ "api.ts": `import "left-padding";\nimport "@acme/thing/sub";\n` }, "api.ts");
    expect(failure.next).toBe("npm install left-padding @acme/thing");
    expect(failure.problems[1]).toEqual({
      at: "api.ts:2:8",
      what: "the package @acme/thing is imported and not installed",
      next: "npm install @acme/thing",
    });
  });

  test("a native addon", async () => {
    const failure = await refused({ "api.ts": `import addon from "./fast.node"; addon();`, "fast.node": "" }, "api.ts");
    expect(failure.problems[0]?.what).toContain("native addon fast.node cannot be bundled");
  });

  test("an include that finds nothing, leaves the folder, or takes secrets along", async () => {
    const files = { "api.ts": "", ".env": "KEY=1", "notes.txt": "" };
    expect((await refused(files, "api.ts", ["public/**"])).why).toBe("it finds no file");
    expect((await refused(files, "api.ts", ["../*"])).why).toContain("outside");
    expect((await refused(files, "api.ts", [".env"])).why).toContain("values of secrets");
  });
});
