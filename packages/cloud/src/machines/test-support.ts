import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createClock, type MovableClock } from "@aloft/kit/clock";
import { randomIds } from "@aloft/kit/ids";
import { pack } from "tar-stream";
import type { LogEntry } from "../host.ts";
import { createProcesses } from "../processes.ts";
import type { Registry, StoredManifest } from "../services/artifactregistry/registry.ts";
import { createDatabase } from "../store/database.ts";
import { createLocalPorts, createMachines, type DataPlane } from "./index.ts";
import type { ContainerSpec, RevisionSpec, ServedService } from "./machines.ts";
import type { MachinesPorts } from "./ports.ts";

/** A file of a layer: its text, or the machine's file that it is a copy of; `link`: a symbolic link. */
export interface LayerEntry {
  readonly name: string;
  readonly text?: string;
  readonly from?: string;
  readonly link?: string;
  readonly hardLink?: string;
  readonly type?: "directory" | "file";
  readonly mode?: number;
}

export interface Layer {
  readonly digest: string;
  readonly diffId: string;
  readonly size: number;
  readonly mediaType: string;
}

/** A registry over files: what `docker push` would have left. */
export interface FileRegistry extends Registry {
  layer(entries: readonly LayerEntry[], compress?: (tar: Buffer) => Buffer): Promise<Layer>;
  blobOf(bytes: Uint8Array): string;
  /** Answers the reference by digest. */
  image(
    layers: readonly Layer[],
    config: Record<string, unknown>,
    options?: { readonly architecture?: string },
  ): string;
  manifest(bytes: Uint8Array, mediaType: string): string;
}

const repository = "us-central1-docker.pkg.dev/demo/apps/app";

export function fileRegistry(dir: string): FileRegistry {
  mkdirSync(dir, { recursive: true });
  const manifests = new Map<string, StoredManifest>();
  const pathOf = (digest: string): string => join(dir, digest.replace(":", "-"));
  const blobOf = (bytes: Uint8Array): string => {
    const digest = digestOf(bytes);
    writeFileSync(pathOf(digest), bytes);
    return digest;
  };
  const manifest = (bytes: Uint8Array, mediaType: string): string => {
    const digest = digestOf(bytes);
    manifests.set(digest, { digest, mediaType, bytes });
    return `${repository}@${digest}`;
  };
  return {
    blobOf,
    manifest,
    resolve: (ref) => manifests.get(ref.split("@")[1] ?? ""),
    blob: (digest) => {
      const size = statSync(pathOf(digest), { throwIfNoEntry: false })?.size;
      return size === undefined ? undefined : { path: pathOf(digest), size };
    },
    layer: async (entries, compress) => {
      const work = join(dir, `.layer-${randomIds.short(8)}`);
      await writeTar(entries, work);
      const tar = readFileSync(work);
      rmSync(work);
      const packed = compress?.(tar) ?? tar;
      return {
        digest: blobOf(packed),
        diffId: digestOf(tar),
        size: packed.length,
        mediaType: "application/vnd.oci.image.layer.v1.tar",
      };
    },
    image: (layers, config, options = {}) => {
      const text = JSON.stringify({
        os: "linux",
        architecture: options.architecture ?? "amd64",
        config,
        rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
      });
      const body = {
        schemaVersion: 2,
        config: {
          mediaType: "application/vnd.oci.image.config.v1+json",
          digest: blobOf(Buffer.from(text)),
          size: text.length,
        },
        layers: layers.map(({ digest, size, mediaType }) => ({ digest, size, mediaType })),
      };
      return manifest(Buffer.from(JSON.stringify(body)), "application/vnd.oci.image.manifest.v1+json");
    },
  };
}

async function writeTar(entries: readonly LayerEntry[], to: string): Promise<void> {
  const tar = pack();
  const writing = pipeline(tar, createWriteStream(to));
  for (const entry of entries) {
    const { name, link, hardLink, type, mode } = entry;
    const common = { name, mtime: new Date(0), ...(mode === undefined ? {} : { mode }) };
    if (link !== undefined) tar.entry({ ...common, type: "symlink", linkname: link });
    else if (hardLink !== undefined) tar.entry({ ...common, type: "link", linkname: hardLink });
    else if (type === "directory") tar.entry({ ...common, type: "directory" });
    else
      tar.entry({ mode: 0o644, ...common }, entry.from === undefined ? (entry.text ?? "") : readFileSync(entry.from));
  }
  tar.finalize();
  await writing;
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** What a node program needs to run: this machine's own node with the libraries that it is linked with. */
export function nodeEntries(): readonly LayerEntry[] {
  const libraries = execFileSync("ldd", [process.execPath], { encoding: "utf8" }).match(/\/\S+\.so\S*/g) ?? [];
  return [
    { name: "usr/local/bin/node", from: realpathSync(process.execPath), mode: 0o755 },
    ...[...new Set(libraries)].map((path) => ({ name: path.slice(1), from: realpathSync(path), mode: 0o755 })),
    { name: "etc/passwd", text: "root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n" },
  ];
}

/** A program that answers on PORT; what its tests need of it stands behind paths. */
export const server = `
const http = require("node:http");
const fs = require("node:fs");
const { env } = process;
if (env.CRASH) { console.error("cannot start: " + env.CRASH + " " + (env.TOKEN ?? "")); process.exit(3); }
console.log(JSON.stringify({ severity: "warning", message: "up", secretLength: (env.TOKEN ?? "").length }));
console.log("plain line");
let open = 0;
const answer = async (req, res) => {
  const url = new URL(req.url, "http://x");
  if (url.pathname === "/health") return res.writeHead(fs.existsSync("/tmp/sick") ? 503 : 200).end("ok");
  if (url.pathname === "/sick") { fs.writeFileSync("/tmp/sick", ""); return res.end(); }
  if (url.pathname === "/env") return res.end(JSON.stringify({ ...env, uid: process.getuid(), cwd: process.cwd() }));
  if (url.pathname === "/headers") return res.end(JSON.stringify(req.headers));
  if (url.pathname === "/eat") { globalThis.kept = Buffer.alloc(Number(url.searchParams.get("mib")) * 1048576, 1); return setTimeout(() => res.end(), 5000); }
  if (url.pathname === "/exit") return process.exit(9);
  if (url.pathname === "/write") { const p = url.searchParams.get("path"); const had = fs.existsSync(p); fs.writeFileSync(p, "x"); return res.end(String(had)); }
  if (url.pathname === "/echo") { res.writeHead(201, { "x-made": "1" }); return req.pipe(res); }
  if (url.pathname === "/token") {
    const r = await fetch("http://" + env.GCE_METADATA_HOST + url.searchParams.get("path"), { headers: { "Metadata-Flavor": "Google" } });
    return res.writeHead(r.status).end(await r.text());
  }
  open++;
  const most = open;
  const ms = Number(url.searchParams.get("ms") ?? 0);
  if (ms > 0) await new Promise((done) => setTimeout(done, ms));
  open--;
  res.end(JSON.stringify({ revision: env.K_REVISION, pid: process.pid, open: most, instance: env.GCE_METADATA_HOST }));
};
const server = http.createServer(answer);
server.on("upgrade", (req, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nconnection: Upgrade\\r\\nupgrade: websocket\\r\\n\\r\\n");
  socket.on("data", (data) => socket.write(data));
  socket.on("error", () => {});
});
const port = env.LISTEN_PORT ?? env.PORT;
if (port !== "none") server.listen(Number(port), env.LISTEN_HOST ?? "0.0.0.0");
else setInterval(() => {}, 1000);
process.on("SIGTERM", () => { console.log("draining"); server.close(() => process.exit(0)); });
`;

export interface World extends AsyncDisposable {
  readonly machines: DataPlane;
  readonly registry: FileRegistry;
  readonly clock: MovableClock;
  readonly logs: readonly LogEntry[];
  readonly secrets: Map<string, string>;
  readonly ports: MachinesPorts;
  /** The image with `server`. */
  readonly image: string;
  spec(name: string, container?: Partial<ContainerSpec>, rest?: Partial<RevisionSpec>): RevisionSpec;
  served(traffic: ServedService["traffic"], rest?: Partial<ServedService>): ServedService;
}

let base: { readonly dir: string; readonly layer: Layer } | undefined;

/** The layer with node, made once for all tests of a file. */
export async function nodeLayer(): Promise<{ readonly dir: string; readonly layer: Layer }> {
  if (base === undefined) {
    const dir = mkdtempSync(join(tmpdir(), "aloft-base-"));
    process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
    base = { dir, layer: await fileRegistry(dir).layer(nodeEntries()) };
  }
  return base;
}

export const serviceName = "projects/demo/locations/us-central1/services/api";
export const serviceHost = "api-123456789012.us-central1.run.app";

/**
 * Machines over real processes and a real database, with a registry of files and a clock that stands still. One at a time
 * in a file: they share a folder, so that images are unpacked once.
 */
export async function world(
  overrides: Partial<MachinesPorts> & { readonly isolation?: "plain" | "copy"; readonly database?: string } = {},
): Promise<World> {
  const { dir: blobs, layer } = await nodeLayer();
  const registry = fileRegistry(blobs);
  const app = await registry.layer([{ name: "app/server.cjs", text: server }]);
  const image = registry.image([layer, app], {
    Env: ["FROM_IMAGE=yes", "FACE=image"],
    Entrypoint: ["node"],
    Cmd: ["/app/server.cjs"],
    WorkingDir: "/app",
  });
  const clock = createClock({ frozenAt: Date.UTC(2026, 0, 1) });
  const db = createDatabase({ file: overrides.database });
  const logs: LogEntry[] = [];
  const secrets = new Map<string, string>();
  const { isolation, database: _, ...given } = overrides;
  const ports: MachinesPorts = {
    clock,
    ids: randomIds,
    registry,
    secrets: async (name) => Buffer.from(secrets.get(name) ?? ""),
    tokens: {
      access: ({ principal }) => ({ token: `ya29.${principal.email}`, expiresAtMs: clock.now() + 3_600_000 }),
      id: async ({ principal, audience }) => `id.${principal.email}.${audience}`,
      verifyId: async () => ({ invalid: "none is known" }),
    },
    iam: { allowed: () => false },
    logs: { write: (entry) => logs.push(entry) },
    processes: createProcesses(db),
    localPorts: createLocalPorts(db),
    dir: join(blobs, "machines"),
    note: () => undefined,
    ...given,
  };
  mkdirSync(ports.dir, { recursive: true });
  const machines = createMachines(ports, isolation === undefined ? {} : { isolation });
  return {
    machines,
    registry,
    clock,
    logs,
    secrets,
    ports,
    image,
    spec: (name, container = {}, rest = {}) => ({
      name: `${serviceName}/revisions/${name}`,
      project: "demo",
      projectNumber: "123456789012",
      region: "us-central1",
      service: "api",
      revision: name,
      serviceAccount: "api@demo.iam.gserviceaccount.com",
      timeoutS: 300,
      concurrency: 80,
      minInstances: 0,
      maxInstances: 3,
      sessionAffinity: false,
      containers: [
        {
          name: "api-1",
          image,
          command: [],
          args: [],
          env: [],
          port: { name: "http1", containerPort: 8080 },
          cpu: 1,
          memoryMiB: 512,
          cpuIdle: false,
          dependsOn: [],
          ...container,
        },
      ],
      ...rest,
    }),
    served: (traffic, rest = {}) => ({
      name: serviceName,
      hosts: [serviceHost],
      traffic,
      invokerIamDisabled: true,
      ingress: "all",
      minInstances: 0,
      audiences: [],
      ...rest,
    }),
    [Symbol.asyncDispose]: async () => {
      await machines.close();
      db.close();
    },
  };
}

/** Waits until `look` answers something, looking every few milliseconds; fails after `withinMs`. */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 5000,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > end) throw new Error(`not seen within ${withinMs} ms: ${look}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
