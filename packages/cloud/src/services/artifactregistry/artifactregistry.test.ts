import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCloud } from "../../cloud.ts";
import { iam } from "../iam/index.ts";
import { artifactregistry } from "./index.ts";
import { registryOf } from "./store.ts";

const registry = "us-central1-docker.pkg.dev";
const manifestType = "application/vnd.oci.image.manifest.v1+json";
let cloud: Awaited<ReturnType<typeof startCloud>>;

beforeAll(async () => {
  cloud = await startCloud({ services: [artifactregistry, iam], projects: { demo: 123456789012 } });
  for (const name of ["artifactregistry", "iam"])
    cloud.host.projects.setEnabled("demo", `${name}.googleapis.com`, true);
  for (const id of ["images", "other"]) await api("POST", `repositories?repositoryId=${id}`, { format: "DOCKER" });
});
afterAll(() => cloud.close());

async function api(verb: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const url = `${cloud.url}/artifactregistry.googleapis.com/v1/projects/demo/locations/us-central1/${path}`;
  const answer = await fetch(url, {
    method: verb,
    headers: { authorization: `Bearer ${cloud.token()}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: await answer.json() };
}

/** A request to the registry, as docker makes it after signing in. */
function oci(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has("authorization")) headers.set("authorization", `Bearer ${cloud.token()}`);
  const url = path.startsWith("/") ? `${cloud.url}${path}` : `${cloud.url}/${registry}/v2/${path}`;
  return fetch(url, { ...init, headers });
}

const digestOf = (bytes: Uint8Array | string): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const errorOf = async (answer: Response): Promise<{ status: number; code?: string; message?: string }> => {
  const { errors } = (await answer.json()) as { errors: { code: string; message: string }[] };
  return { status: answer.status, ...errors[0] };
};

async function pushBlob(image: string, bytes: Buffer): Promise<void> {
  const answer = await oci(`${image}/blobs/uploads/?digest=${digestOf(bytes)}`, { method: "POST", body: bytes });
  expect(answer.status).toBe(201);
}

async function pushImage(image: string, tag: string, layer: Buffer): Promise<{ digest: string; manifest: string }> {
  const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", created: "2026-01-02T03:04:05Z" }));
  await pushBlob(image, config);
  await pushBlob(image, layer);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(config), size: config.length },
    layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: digestOf(layer), size: layer.length }],
  });
  const put = { method: "PUT", body: manifest, headers: { "content-type": manifestType } };
  expect((await oci(`${image}/manifests/${tag}`, put)).status).toBe(201);
  return { digest: digestOf(manifest), manifest };
}

test("artifactregistry: repositories are made by an operation, read, changed by mask; other formats are refused by name", async () => {
  const made = await api("POST", "repositories?repositoryId=life", { format: "DOCKER", labels: { a: "b" } });
  expect(made.body).toMatchObject({
    name: expect.stringMatching(/^projects\/demo\/locations\/us-central1\/operations\//),
    metadata: { "@type": "type.googleapis.com/google.devtools.artifactregistry.v1.OperationMetadata" },
  });
  expect(made.body).not.toHaveProperty("done");
  const { name } = made.body as { name: string };
  expect((await api("GET", name.slice("projects/demo/locations/us-central1/".length))).body).toMatchObject({
    response: { name: "projects/demo/locations/us-central1/repositories/life", format: "DOCKER" },
  });
  expect((await api("PATCH", "repositories/life?updateMask=description", { description: "d" })).body).toMatchObject({
    description: "d",
    labels: { a: "b" },
    mode: "STANDARD_REPOSITORY",
  });
  expect((await api("GET", "repositories/life")).body).toMatchObject({ registryUri: `${registry}/demo/life` });
  expect(await api("POST", "repositories?repositoryId=npm", { format: "NPM" })).toMatchObject({
    status: 501,
    body: { error: { message: "The local cloud does not have repositories of format NPM." } },
  });
  expect((await api("POST", "repositories?repositoryId=life", { format: "DOCKER" })).status).toBe(409);
  expect((await api("DELETE", "repositories/life")).status).toBe(200);
  expect((await api("GET", "repositories/life")).status).toBe(404);
});

test("registry: an image is pushed in chunks, pulled by tag and digest, and seen by the machines and the API", async () => {
  const image = "demo/images/team/api";
  const layer = randomBytes(100_000);
  const begun = await oci(`${image}/blobs/uploads/`, { method: "POST" });
  expect(begun.status).toBe(202);
  const location = begun.headers.get("location") ?? "";
  const first = await oci(location, {
    method: "PATCH",
    body: layer.subarray(0, 60_000),
    headers: { "content-range": "0-59999" },
  });
  expect([first.status, first.headers.get("range")]).toEqual([202, "0-59999"]);
  const gap = await oci(location, {
    method: "PATCH",
    body: layer.subarray(70_000),
    headers: { "content-range": "70000-99999" },
  });
  expect(gap.status).toBe(416);
  await oci(location, { method: "PATCH", body: layer.subarray(60_000) });
  expect((await oci(`${location}?digest=${digestOf(layer)}`, { method: "PUT" })).status).toBe(201);

  const { digest, manifest } = await pushImage(image, "v1", layer);
  const pulled = await oci(`${image}/manifests/v1`);
  expect([pulled.headers.get("docker-content-digest"), pulled.headers.get("content-type")]).toEqual([
    digest,
    manifestType,
  ]);
  expect(await pulled.text()).toBe(manifest);
  expect((await oci(`${image}/manifests/${digest}`, { method: "HEAD" })).headers.get("content-length")).toBe(
    String(manifest.length),
  );
  const range = await oci(`${image}/blobs/${digestOf(layer)}`, { headers: { range: "bytes=10-19" } });
  expect([range.status, range.headers.get("content-range")]).toEqual([206, "bytes 10-19/100000"]);
  expect(Buffer.from(await range.arrayBuffer())).toEqual(layer.subarray(10, 20));
  expect(await (await oci(`${image}/tags/list`)).json()).toEqual({ name: image, tags: ["v1"] });

  const inside = registryOf(cloud.host);
  expect(inside.resolve(`${registry}/${image}:v1`)?.digest).toBe(digest);
  expect(inside.resolve(`${registry}/${image}@${digest}`)?.mediaType).toBe(manifestType);
  expect(inside.resolve(`${registry}/${image}:none`)).toBeUndefined();
  expect(readFileSync(inside.blob(digestOf(layer))?.path ?? "")).toEqual(layer);

  expect((await api("GET", "repositories/images/dockerImages")).body).toEqual({
    dockerImages: [
      expect.objectContaining({
        name: `projects/demo/locations/us-central1/repositories/images/dockerImages/team%2Fapi@${digest}`,
        uri: `${registry}/${image}@${digest}`,
        tags: ["v1"],
        buildTime: "2026-01-02T03:04:05Z",
      }),
    ],
  });
  expect((await api("GET", "repositories/images/packages/team%2Fapi/tags")).body).toMatchObject({
    tags: [{ name: "projects/demo/locations/us-central1/repositories/images/packages/team%2Fapi/tags/v1" }],
  });
});

test("artifactregistry: the files of a repository, what is written on packages and versions, a project's settings", async () => {
  const { digest } = await pushImage("demo/other/noted", "v1", Buffer.from("noted"));
  const under = "repositories/other/packages/noted";
  const note = { annotations: { team: "eng" } };
  expect((await api("PATCH", `${under}?updateMask=annotations`, note)).body).toMatchObject(note);
  expect((await api("PATCH", `${under}/versions/${digest}?updateMask=annotations`, note)).body).toMatchObject(note);
  expect((await api("GET", `${under}/versions/${digest}`)).body).toMatchObject(note);
  expect((await api("PATCH", `${under}?updateMask=displayName`, {})).status).toBe(400);

  const version = `projects/demo/locations/us-central1/${under}/versions/${digest}`;
  const batch = () => api("POST", `${under}/versions:batchDelete`, { names: [version] });
  expect((await batch()).body).toMatchObject({ error: { status: "FAILED_PRECONDITION" } });
  await api("DELETE", `${under}/tags/v1`);
  expect((await api("POST", `${under}/versions:batchDelete`, { names: [version], validateOnly: true })).status).toBe(
    200,
  );
  expect((await api("GET", `${under}/versions/${digest}`)).status).toBe(200);

  const { files } = (await api("GET", "repositories/other/files?pageSize=1000")).body as { files: { name: string }[] };
  const name = `projects/demo/locations/us-central1/repositories/other/files/${digestOf("noted")}`;
  expect(files.map((file) => file.name)).toContain(name);
  expect((await api("GET", `repositories/other/files/${digest}`)).body).toMatchObject({
    createTime: expect.any(String),
    owner: `projects/demo/locations/us-central1/${under}/versions/${digest}`,
    hashes: [{ type: "SHA256", value: Buffer.from(digest.slice(7), "hex").toString("base64") }],
  });
  expect((await api("GET", `repositories/other/files/${digestOf("x")}`)).status).toBe(404);

  const metadata = { "@type": "type.googleapis.com/google.devtools.artifactregistry.v1.BatchDeleteVersionsMetadata" };
  expect((await batch()).body).toMatchObject({ metadata });
  expect((await api("GET", `${under}/versions/${digest}`)).status).toBe(404);

  const url = `${cloud.url}/artifactregistry.googleapis.com/v1/projects/demo/projectSettings`;
  const answer = await fetch(url, { headers: { authorization: `Bearer ${cloud.token()}` } });
  expect(await answer.json()).toEqual({
    name: "projects/demo/projectSettings",
    legacyRedirectionState: "REDIRECTION_FROM_GCR_IO_DISABLED",
  });
});

test("registry: wrong digests, missing blobs, missing images and repositories are told in OCI's form", async () => {
  const image = "demo/images/wrong";
  const body = Buffer.from("content");
  const digest = digestOf("other");
  expect(await errorOf(await oci(`${image}/blobs/uploads/?digest=${digest}`, { method: "POST", body }))).toMatchObject({
    status: 400,
    code: "DIGEST_INVALID",
  });
  expect((await oci(`${image}/blobs/${digest}`)).status).toBe(404);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: { digest, size: 5 },
    layers: [],
  });
  const put = { method: "PUT", body: manifest, headers: { "content-type": manifestType } };
  expect(await errorOf(await oci(`${image}/manifests/v1`, put))).toMatchObject({ code: "MANIFEST_BLOB_UNKNOWN" });
  expect(await errorOf(await oci(`${image}/manifests/v1`))).toEqual({
    status: 404,
    code: "MANIFEST_UNKNOWN",
    message: `Failed to fetch "v1" from request "/v2/${image}/manifests/v1".`,
  });
  expect(await errorOf(await oci("demo/none/image/manifests/v1"))).toEqual({
    status: 404,
    code: "NAME_UNKNOWN",
    message: 'Repository "none" not found',
  });
});

test("registry: what refers to an image is found by its digest, and by its type", async () => {
  const image = "demo/images/signed";
  const { digest, manifest } = await pushImage(image, "v1", Buffer.from("layer"));
  const empty = Buffer.from("{}");
  await pushBlob(image, empty);
  const signature = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    artifactType: "application/x-signature",
    config: { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf(empty), size: empty.length },
    layers: [],
    subject: { mediaType: manifestType, digest, size: manifest.length },
    annotations: { by: "us" },
  });
  const put = { method: "PUT", body: signature, headers: { "content-type": manifestType } };
  const pushed = await oci(`${image}/manifests/${digestOf(signature)}`, put);
  expect([pushed.status, pushed.headers.get("oci-subject")]).toEqual([201, digest]);

  const listed = await oci(`${image}/referrers/${digest}`);
  expect(listed.headers.get("content-type")).toBe("application/vnd.oci.image.index.v1+json");
  const descriptor = {
    ...{ mediaType: manifestType, digest: digestOf(signature), size: signature.length },
    ...{ artifactType: "application/x-signature", annotations: { by: "us" } },
  };
  expect(await listed.json()).toMatchObject({ schemaVersion: 2, manifests: [descriptor] });
  const others = await oci(`${image}/referrers/${digest}?artifactType=application/x-other`);
  expect(others.headers.get("oci-filters-applied")).toBe("artifactType");
  expect(await others.json()).toMatchObject({ manifests: [] });
  expect(await (await oci(`${image}/referrers/${digestOf("nothing")}`)).json()).toMatchObject({ manifests: [] });
});

test("registry: blobs are shared between repositories by mount, and outlive the one they came from", async () => {
  const layer = Buffer.from("shared layer");
  await pushBlob("demo/images/base", layer);
  const digest = digestOf(layer);
  expect((await oci(`demo/other/app/blobs/${digest}`)).status).toBe(404);
  const mounted = await oci(`demo/other/app/blobs/uploads/?mount=${digest}&from=demo/images/base`, { method: "POST" });
  expect(mounted.status).toBe(201);
  const unknown = await oci(`demo/other/app/blobs/uploads/?mount=${digestOf("x")}&from=demo/images/base`, {
    method: "POST",
  });
  expect(unknown.status).toBe(202);
  await api("POST", "repositories?repositoryId=brief", { format: "DOCKER" });
  const own = Buffer.from("only here");
  await pushBlob("demo/brief/app", own);
  await oci(`demo/brief/app/blobs/uploads/?mount=${digest}&from=demo/images/base`, { method: "POST" });
  await api("DELETE", "repositories/brief");
  expect(await (await oci(`demo/other/app/blobs/${digest}`)).text()).toBe("shared layer");
  expect(registryOf(cloud.host).blob(digestOf(own))).toBeUndefined();
});

test("registry: a virtual repository serves its upstreams by priority, and takes no pushes", async () => {
  const parent = "projects/demo/locations/us-central1/repositories";
  await pushImage("demo/images/two", "v1", Buffer.from("from images"));
  const { digest } = await pushImage("demo/other/two", "v1", Buffer.from("from other"));
  const made = await api("POST", "repositories?repositoryId=both", {
    format: "DOCKER",
    mode: "VIRTUAL_REPOSITORY",
    virtualRepositoryConfig: {
      upstreamPolicies: [
        { id: "a", repository: `${parent}/images`, priority: 1 },
        { id: "b", repository: `${parent}/other`, priority: 2 },
      ],
    },
  });
  expect(made.status).toBe(200);
  const pulled = await oci("demo/both/two/manifests/v1", { method: "HEAD" });
  expect(pulled.headers.get("docker-content-digest")).toBe(digest);
  expect((await oci(`demo/both/two/blobs/${digestOf("from images")}`)).status).toBe(200);
  expect(registryOf(cloud.host).resolve(`${registry}/demo/both/two:v1`)?.digest).toBe(digest);
  const push = await oci("demo/both/two/blobs/uploads/", { method: "POST" });
  expect(await errorOf(push)).toMatchObject({ status: 403, code: "DENIED" });
});

test("registry: sign-in as docker does it, and the repository's own grants", async () => {
  const anonymous = await fetch(`${cloud.url}/${registry}/v2/`);
  expect(anonymous.status).toBe(401);
  const challenge = /^Bearer realm="([^"]+)",service="([^"]+)"$/.exec(anonymous.headers.get("www-authenticate") ?? "");
  expect(challenge?.[2]).toBe(registry);
  const basic = (user: string, secret: string) => `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;
  const signIn = (authorization?: string): Promise<Response> =>
    fetch(`${challenge?.[1]}?service=${registry}&scope=repository:demo/images/api:pull`, {
      headers: authorization === undefined ? {} : { authorization },
    });
  const { token } = (await (await signIn(basic("oauth2accesstoken", cloud.token()))).json()) as { token: string };
  expect((await oci("", { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  expect((await signIn(basic("oauth2accesstoken", "ya29.nonsense"))).status).toBe(401);
  const nobody = (await (await signIn()).json()) as { token: string };
  expect(
    await errorOf(await oci("demo/images/x/manifests/v1", { headers: { authorization: `Bearer ${nobody.token}` } })),
  ).toMatchObject({ status: 403, code: "DENIED", message: expect.stringContaining("Unauthenticated request.") });

  await pushImage("demo/other/guarded", "v1", Buffer.from("layer"));
  const reader = "reader@demo.iam.gserviceaccount.com";
  const accounts = async (path: string, body: object): Promise<{ privateKeyData?: string }> => {
    const answer = await fetch(`${cloud.url}/iam.googleapis.com/v1/projects/demo/serviceAccounts${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${cloud.token()}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as { privateKeyData?: string };
  };
  await accounts("", { accountId: "reader" });
  const headers = { authorization: `Bearer ${cloud.token(reader)}` };
  expect(await errorOf(await oci("demo/other/guarded/manifests/v1", { headers }))).toEqual({
    status: 403,
    code: "DENIED",
    message:
      'Permission "artifactregistry.repositories.downloadArtifacts" denied on resource "projects/demo/locations/us-central1/repositories/other" (or it may not exist)',
  });
  const granted = await api("POST", "repositories/other:setIamPolicy", {
    policy: { bindings: [{ role: "roles/artifactregistry.reader", members: [`serviceAccount:${reader}`] }] },
  });
  expect(granted.status).toBe(200);
  expect((await oci("demo/other/guarded/manifests/v1", { headers })).status).toBe(200);
  const key = (await accounts(`/${reader}/keys`, {})).privateKeyData ?? "";
  const byKey = await signIn(basic("_json_key", Buffer.from(key, "base64").toString()));
  const { token: keyToken } = (await byKey.json()) as { token: string };
  const withKey = { authorization: `Bearer ${keyToken}` };
  expect((await oci("demo/other/guarded/manifests/v1", { headers: withKey })).status).toBe(200);
  expect((await signIn(basic("_json_key", '{"client_email":"x","private_key":"y"}'))).status).toBe(401);

  const push = await oci("demo/other/guarded/blobs/uploads/", { method: "POST", headers });
  expect(await errorOf(push)).toMatchObject({ code: "DENIED" });
});

test("locations: also under v1beta2, where gcloud asks for them before it lists all repositories", async () => {
  for (const version of ["v1", "v1beta2"]) {
    const url = `${cloud.url}/artifactregistry.googleapis.com/${version}/projects/demo/locations`;
    const answer = await fetch(url, { headers: { authorization: `Bearer ${cloud.token()}` } });
    const { locations } = (await answer.json()) as { locations: { locationId: string }[] };
    expect(locations.map(({ locationId }) => locationId)).toContain("us-central1");
  }
});
