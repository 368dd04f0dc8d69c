import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { Failure } from "@aloft/kit/failure";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createBlobStore, memoryBlob } from "./blobs.ts";
import type { Image } from "./image.ts";
import { writeLayer } from "./layer.ts";
import { imageOf } from "./oci.ts";
import { has, push } from "./push.ts";
import { parseReference } from "./reference.ts";
import { remoteBase } from "./remote-base.ts";

/** A registry by the book (distribution-spec 1.1), behind a path prefix as the local cloud's is. */
const prefix = "/us-docker.pkg.dev";
const token = "token-for-tests";
let calls: string[];
let blobs: Map<string, Buffer>;
let refusal: { readonly status: number; readonly body: string } | undefined;
let anonymous: string | undefined;
let server: ReturnType<typeof createServer>;
let origin: string;
let folder: string;

const sha = (data: Uint8Array): string => `sha256:${createHash("sha256").update(data).digest("hex")}`;

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", origin);
  const body = await buffer(request);
  const end = (status: number, headers: Record<string, string> = {}, data: Buffer | string = ""): void => {
    response.writeHead(status, headers).end(request.method === "HEAD" ? undefined : data);
  };
  if (url.pathname === "/token") return end(200, {}, JSON.stringify({ token: anonymous }));
  const match = /^\/us-docker\.pkg\.dev\/v2\/(.+?)\/(blobs\/uploads\/(.*)|blobs\/(.+)|manifests\/(.+))$/.exec(
    url.pathname,
  );
  if (match === null) return end(404);
  const [, repository = "", , upload, blob, manifest] = match;
  calls.push(
    `${request.method} ${repository} ${upload === undefined ? (blob ? "blob" : "manifest") : "upload"}${url.searchParams.get("mount") ? " mount" : ""}`,
  );
  if (refusal !== undefined) return end(refusal.status, { "content-type": "application/json" }, refusal.body);
  const bearer = request.headers.authorization;
  if (bearer !== `Bearer ${anonymous ?? token}`) {
    const realm = `Bearer realm="${origin}/token",service="test",scope="repository:${repository}:pull"`;
    return end(401, { "www-authenticate": realm });
  }
  const key = `${repository} ${blob ?? manifest}`;
  if (upload !== undefined) {
    const from = url.searchParams.get("from");
    const wanted = url.searchParams.get("mount");
    const known = from && wanted ? blobs.get(`${from} ${wanted}`) : undefined;
    if (known) {
      blobs.set(`${repository} ${wanted}`, known);
      return end(201);
    }
    if (request.method === "POST") return end(202, { location: `/v2/${repository}/blobs/uploads/1?state=a` });
    const digest = url.searchParams.get("digest") ?? "";
    if (url.searchParams.get("state") !== "a" || sha(body) !== digest) return end(400);
    if (request.headers["content-length"] !== String(body.length)) return end(411);
    blobs.set(`${repository} ${digest}`, body);
    return end(201);
  }
  if (request.method === "PUT") {
    blobs.set(`${repository} ${sha(body)}`, body);
    blobs.set(key, body);
    return end(201);
  }
  const found = blobs.get(key);
  return found === undefined ? end(404, {}, '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}') : end(200, {}, found);
}

beforeEach(async () => {
  calls = [];
  blobs = new Map();
  refusal = undefined;
  anonymous = undefined;
  folder = mkdtempSync(join(tmpdir(), "aloft-registry-"));
  server = createServer((request, response) => void serve(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

async function someImage(): Promise<Image> {
  const store = createBlobStore(folder);
  const data = Buffer.alloc(300_000, "layer");
  const layer = await writeLayer([{ path: "app/a.txt", type: "file", data }], store);
  return imageOf(
    { layers: [], blobs: [], config: {} },
    { layer, blob: store.blob(layer, layer.mediaType), config: { Cmd: ["node"] } },
  );
}

const target = (repository: string) => ({ endpoint: `${origin}${prefix}`, repository, token: async () => token });

test("push: sends what is missing, nothing the second time, and mounts for the next repository", async () => {
  const image = await someImage();
  expect(await has(image.digest, target("p/apps/api"))).toBe(false);
  expect(await push(image, target("p/apps/api"), "v1")).toBe(true);
  expect(await has(image.digest, target("p/apps/api"))).toBe(true);
  expect(blobs.get("p/apps/api v1")?.equals(Buffer.from(image.manifest))).toBe(true);

  calls = [];
  expect(await push(image, target("p/apps/api"))).toBe(false);
  expect(calls.filter((call) => !call.startsWith("HEAD"))).toEqual([]);

  calls = [];
  expect(await push(image, target("p/apps/worker"))).toBe(true);
  expect(calls.filter((call) => call.includes("upload"))).toEqual([
    "POST p/apps/worker upload mount",
    "POST p/apps/worker upload mount",
  ]);
  expect(blobs.has(`p/apps/worker ${image.digest}`)).toBe(true);
});

test("push: a refusal is told in the registry's words, without the token", async () => {
  const image = await someImage();
  refusal = {
    status: 403,
    body: JSON.stringify({
      errors: [{ code: "DENIED", message: "Permission 'artifactregistry.repositories.uploadArtifacts' denied" }],
    }),
  };
  const thrown = await push(image, target("p/apps/api")).catch((error: unknown) => error);
  if (!(thrown instanceof Failure)) throw new Error("not refused");
  expect([thrown.code, thrown.what]).toEqual([
    "PERMISSION_DENIED",
    "the registry us-docker.pkg.dev refused the image of p/apps/api",
  ]);
  expect(thrown.next).toContain("roles/artifactregistry.writer");
  expect(JSON.stringify(thrown)).not.toContain(token);
});

/** Puts an image for a platform into the registry, and answers its manifest's digest. */
function publish(repository: string, platform: { readonly os: string; readonly architecture: string }): string {
  const put = (data: string | Buffer): { readonly digest: string; readonly size: number } => {
    const bytes = Buffer.from(data);
    blobs.set(`${repository} ${sha(bytes)}`, bytes);
    return { digest: sha(bytes), size: bytes.length };
  };
  const layer = put(gzipSync(`layer of ${platform.architecture}`));
  const config = put(
    JSON.stringify({
      ...platform,
      config: { Env: ["PATH=/bin"], Entrypoint: ["/entry.sh"] },
      rootfs: { diff_ids: ["sha256:d"] },
    }),
  );
  const mediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip";
  return put(JSON.stringify({ config, layers: [{ mediaType, ...layer }] })).digest;
}

test("a base by digest: the index's linux/amd64 image is fetched with an anonymous token, and then kept", async () => {
  anonymous = "token-for-anyone";
  const repository = "library/node";
  const manifests = (["arm64", "amd64"] as const).map((architecture) => ({
    digest: publish(repository, { os: "linux", architecture }),
    size: 1,
    platform: { os: "linux", architecture },
  }));
  const index = memoryBlob(Buffer.from(JSON.stringify({ manifests })), "");
  for await (const bytes of index.open()) blobs.set(`${repository} ${index.digest}`, Buffer.from(bytes));

  const name = `${origin.slice("http://".length)}/library/node@${index.digest}`;
  const viaPrefix: typeof fetch = (input, init) =>
    fetch(String(input).replace(`${origin}/v2`, `${origin}${prefix}/v2`), init);
  const store = createBlobStore(folder);
  const base = await remoteBase(name, store, { fetch: viaPrefix });
  expect(base.config).toEqual({ Env: ["PATH=/bin"], Entrypoint: [], Cmd: [] });
  expect(base.layers).toMatchObject([{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", diffId: "sha256:d" }]);

  const offline: typeof fetch = () => Promise.reject(new TypeError("offline"));
  expect((await remoteBase(name, store, { fetch: offline })).layers).toEqual(base.layers);
});

test("a base by digest: of another platform, or with other bytes than its digest says, it is refused", async () => {
  anonymous = "token-for-anyone";
  const viaPrefix: typeof fetch = (input, init) =>
    fetch(String(input).replace(`${origin}/v2`, `${origin}${prefix}/v2`), init);
  const refused = async (digest: string): Promise<string | undefined> => {
    const name = `${origin.slice("http://".length)}/library/node@${digest}`;
    const thrown = await remoteBase(name, createBlobStore(folder), { fetch: viaPrefix }).catch(
      (error: unknown) => error,
    );
    return thrown instanceof Failure && thrown.code === "IMAGE_INVALID" ? thrown.why : String(thrown);
  };
  const arm = publish("library/node", { os: "linux", architecture: "arm64" });
  expect(await refused(arm)).toContain("it is for linux/arm64, and Cloud Run starts linux/amd64 only");
  const amd = publish("library/node", { os: "linux", architecture: "amd64" });
  blobs.set(`library/node ${amd}`, Buffer.from("{}"));
  expect(await refused(amd)).toContain(`not ${amd}`);
  expect(await refused(`sha256:${"0".repeat(64)}`)).toContain("MANIFEST_UNKNOWN");
});

test("a base's name: read as docker does, refused without a digest", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  expect(parseReference(`node:26@${digest}`)).toEqual({
    endpoint: "https://registry-1.docker.io",
    repository: "library/node",
    digest,
  });
  expect(parseReference(`gcr.io/distroless/nodejs@${digest}`)).toMatchObject({
    endpoint: "https://gcr.io",
    repository: "distroless/nodejs",
  });
  expect(parseReference(`localhost:5000/a/b@${digest}`)).toMatchObject({
    endpoint: "http://localhost:5000",
    repository: "a/b",
  });
  for (const bad of ["node:26", "node", `@${digest}`, `node@sha256:abc`])
    expect(() => parseReference(bad)).toThrow(Failure);
});
