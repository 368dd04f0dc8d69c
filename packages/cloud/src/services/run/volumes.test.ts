import { afterAll, beforeAll, expect, test } from "vitest";
import { localIam } from "../../chain/iam.ts";
import { type Cloud, startCloud } from "../../cloud.ts";
import { runningServices } from "./running.ts";
import { pushServer } from "./testing/image.ts";

const parent = "projects/demo/locations/us-central1";
const account = "api@demo.iam.gserviceaccount.com";
const bucket = "storage.googleapis.com/storage/v1/b/files";
/** Answers what is asked of its files: `GET /read?PATH`, `POST /write?PATH`, `POST /remove?PATH`, `GET /list?PATH`. */
const program = `
const fs = require("node:fs");
require("node:http").createServer((req, res) => {
  const { pathname, search } = new URL(req.url, "http://x");
  const path = decodeURIComponent(search.slice(1));
  const chunks = [];
  req.on("data", (chunk) => chunks.push(chunk)).on("end", () => {
    try {
      if (pathname === "/read") return res.end(fs.readFileSync(path));
      if (pathname === "/mode") return res.end((fs.statSync(path).mode & 0o777).toString(8));
      if (pathname === "/list") return res.end(JSON.stringify(fs.readdirSync(path, { recursive: true }).sort()));
      if (pathname === "/remove") fs.rmSync(path, { recursive: true });
      if (pathname === "/write") {
        fs.mkdirSync(require("node:path").dirname(path), { recursive: true });
        fs.writeFileSync(path, Buffer.concat(chunks));
      }
      res.end("ok");
    } catch (thrown) {
      res.writeHead(500).end(thrown.code);
    }
  });
}).listen(process.env.PORT ?? process.argv[2]);
if (process.env.CLOUD_RUN_JOB) {
  fs.writeFileSync("/mnt/files/job.txt", fs.readFileSync("/etc/sec/token"));
  process.exit(0);
}`;
let cloud: Cloud;
let image: string;

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  for (const name of ["run", "artifactregistry", "secretmanager", "storage"]) {
    cloud.host.projects.setEnabled("demo", `${name}.googleapis.com`, true);
  }
  localIam(cloud.host.iam).accounts.create({ email: account, projectId: "demo" });
  await google("POST", `artifactregistry.googleapis.com/v1/${parent}/repositories?repositoryId=apps`, {
    format: "DOCKER",
  });
  image = await pushServer(cloud.url, cloud.token(), { program });
  await google("POST", "secretmanager.googleapis.com/v1/projects/demo/secrets?secretId=token", {
    replication: { automatic: {} },
  });
  await addVersion("first");
  await google("POST", "storage.googleapis.com/storage/v1/b?project=demo", { name: "files" });
});
afterAll(() => cloud.close());

// biome-ignore lint/suspicious/noExplicitAny: JSON as an API answered it
async function google(verb: string, path: string, body?: object | string): Promise<any> {
  const answer = await fetch(`${cloud.url}/${path}`, {
    method: verb,
    headers: { authorization: `Bearer ${cloud.token()}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${verb} ${path}: ${answer.status} ${text}`);
  return text.startsWith("{") ? JSON.parse(text) : text;
}

const addVersion = (value: string) =>
  google("POST", "secretmanager.googleapis.com/v1/projects/demo/secrets/token:addVersion", {
    payload: { data: Buffer.from(value).toString("base64") },
  });
const grant = (api: string, resource: string, role: string): void => {
  const place = `${api}.googleapis.com/${resource}`;
  const { bindings } = cloud.host.iam.policy(place);
  cloud.host.iam.setPolicy(place, {
    version: 1,
    bindings: [...bindings, { role, members: [`serviceAccount:${account}`] }],
  });
};
const put = (name: string, data: string) =>
  google(
    "POST",
    `storage.googleapis.com/upload/storage/v1/b/files/o?uploadType=media&name=${encodeURIComponent(name)}`,
    data,
  );
const objects = async (): Promise<string[]> =>
  ((await google("GET", `${bucket}/o`)).items ?? []).map((each: { readonly name: string }) => each.name);

/** Deploys, and answers the operation's error, or nothing. */
async function deploy(id: string, template: object): Promise<string | undefined> {
  const service = { invokerIamDisabled: true, template: { serviceAccount: account, ...template } };
  const { name } = await google("POST", `run.googleapis.com/v2/${parent}/services?serviceId=${id}`, service);
  return (await google("POST", `run.googleapis.com/v2/${name}:wait`, { timeout: "60s" })).error?.message;
}

/** Calls the program at the service's own loopback port. */
async function ask(id: string, verb: string, path: string, body?: string): Promise<string> {
  const running = runningServices(cloud.host).find(({ service }) => service === `${parent}/services/${id}`);
  return (await fetch(`${running?.localUrl}${path}`, { method: verb, ...(body === undefined ? {} : { body }) })).text();
}

async function until<T>(look: () => Promise<T>, wanted: T): Promise<void> {
  for (const end = performance.now() + 8000; ; ) {
    const found = await look();
    if (JSON.stringify(found) === JSON.stringify(wanted)) return;
    if (performance.now() > end) expect(found).toEqual(wanted);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

const secretVolume = { name: "sec", secret: { secret: "token", items: [{ path: "token", version: "latest" }] } };
const filesVolume = { name: "files", gcs: { bucket: "files" } };
const mounts = (...of: readonly (readonly [name: string, path: string])[]) => ({
  containers: [{ image, volumeMounts: of.map(([name, mountPath]) => ({ name, mountPath })) }],
});

test("volumes: a secret that the identity may not read keeps the revision from starting, in Cloud Run's words", async () => {
  const failed = await deploy("denied", { volumes: [secretVolume], ...mounts(["sec", "/etc/sec"]) });
  expect(failed).toContain(
    `Permission denied on secret: projects/123456789012/secrets/token/versions/latest for Revision service account ${account}.`,
  );
});

test("volumes: a bucket that the identity may not list, or that is not there, keeps the revision from starting", async () => {
  const failed = await deploy("unlisted", { volumes: [filesVolume], ...mounts(["files", "/mnt/files"]) });
  expect(failed).toContain('failed to mount volume "files" of Cloud Storage bucket "files"');
  expect(failed).toContain("storage.objects.list");
  const none = { name: "files", gcs: { bucket: "there-is-none" } };
  expect(await deploy("none", { volumes: [none], ...mounts(["files", "/mnt/files"]) })).toContain("does not exist");
});

test("volumes: mounted secrets follow `latest`, memory is shared, a bucket's objects are files both ways", async () => {
  grant("secretmanager", "projects/demo/secrets/token", "roles/secretmanager.secretAccessor");
  grant("storage", "projects/demo/buckets/files", "roles/storage.objectAdmin");
  await put("a/one.txt", "one");
  await put("dir/", "");
  const volumes = [secretVolume, filesVolume, { name: "tmp", emptyDir: { medium: "MEMORY", sizeLimit: "64Mi" } }];
  const at = mounts(["sec", "/etc/sec"], ["files", "/mnt/files"], ["tmp", "/scratch"]);
  expect(await deploy("files", { volumes, ...at })).toBeUndefined();

  expect(await ask("files", "GET", "/read?/etc/sec/token")).toBe("first");
  expect(await ask("files", "GET", "/mode?/etc/sec/token")).toBe("444");
  expect(await ask("files", "POST", "/write?/etc/sec/token", "mine")).toBe("EROFS");
  expect(await ask("files", "POST", "/write?/scratch/x", "kept")).toBe("ok");
  expect(await ask("files", "GET", "/read?/scratch/x")).toBe("kept");
  expect(JSON.parse(await ask("files", "GET", "/list?/mnt/files"))).toEqual(["a", "a/one.txt", "dir"]);
  expect(await ask("files", "GET", "/read?/mnt/files/a/one.txt")).toBe("one");

  await Promise.all([addVersion("second"), put("a/one.txt", "other"), put("b.txt", "new")]);
  await until(() => ask("files", "GET", "/read?/etc/sec/token"), "second");
  await until(() => ask("files", "GET", "/read?/mnt/files/a/one.txt"), "other");
  expect(await ask("files", "GET", "/read?/mnt/files/b.txt")).toBe("new");

  await ask("files", "POST", "/write?/mnt/files/new/deep/c.txt", "from inside");
  await ask("files", "POST", "/write?/mnt/files/b.txt", "overwritten");
  await ask("files", "POST", "/remove?/mnt/files/a/one.txt");
  await until(objects, ["b.txt", "dir/", "new/deep/c.txt"]);
  await until(() => google("GET", `${bucket}/o/b.txt?alt=media`), "overwritten");
  expect(await google("GET", `${bucket}/o/new%2Fdeep%2Fc.txt?alt=media`)).toBe("from inside");
  await google("DELETE", `${bucket}/o/b.txt`);
  await until(() => ask("files", "GET", "/list?/mnt/files").then((text) => text.includes("b.txt")), false);
});

test("volumes: only a folder of a bucket, read-only", async () => {
  await put("part/inner.txt", "inner");
  const volume = { name: "part", gcs: { bucket: "files", readOnly: true, mountOptions: ["only-dir=part"] } };
  expect(await deploy("part", { volumes: [volume], ...mounts(["part", "/data"]) })).toBeUndefined();
  expect(await ask("part", "GET", "/read?/data/inner.txt")).toBe("inner");
  expect(await ask("part", "POST", "/write?/data/x", "x")).toBe("EROFS");
});

test("volumes: what a job's task wrote is in the bucket when it has ended", async () => {
  const task = { serviceAccount: account, volumes: [secretVolume, filesVolume], maxRetries: 0 };
  const template = { template: { ...task, ...mounts(["sec", "/etc/sec"], ["files", "/mnt/files"]) } };
  const made = await google("POST", `run.googleapis.com/v2/${parent}/jobs?jobId=copy`, { template });
  await google("POST", `run.googleapis.com/v2/${made.name}:wait`, { timeout: "60s" });
  const { name } = await google("POST", `run.googleapis.com/v2/${parent}/jobs/copy:run`, {});
  const done = await google("POST", `run.googleapis.com/v2/${name}:wait`, { timeout: "60s" });
  expect(done.response?.succeededCount).toBe(1);
  expect(await google("GET", `${bucket}/o/job.txt?alt=media`)).toBe("second");
});

test("volumes: what cannot be mounted is refused by field", async () => {
  const refused = (template: object): Promise<unknown> => deploy("refused", template).catch((thrown) => String(thrown));
  expect(await refused(mounts(["no", "/x"]))).toContain("volume 'no' does not exist.");
  const volumes = [filesVolume];
  expect(await refused({ volumes, ...mounts(["files", "x"]) })).toContain("should be a valid unix absolute path.");
  expect(await refused({ volumes, ...mounts(["files", "/proc/x"]) })).toContain("path '/proc/x' is reserved.");
  const sql = [{ name: "sql", cloudSqlInstance: { instances: ["demo:us-central1:db"] } }];
  expect(await refused({ volumes: sql, ...mounts(["sql", "/cloudsql"]) })).toContain(
    "Not implemented by the local Cloud Run: template.volumes[0].cloud_sql_instance.",
  );
});
