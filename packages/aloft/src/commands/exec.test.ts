import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { sandbox, secretsConfig } from "./cli.test-support.ts";

const box = await sandbox({ "aloft.config.ts": secretsConfig("execapp", "ONE") });
afterAll(() => box[Symbol.asyncDispose]());

const node = process.execPath;
/** Asks as a program with no endpoint settings would: by Google's own address, over TLS. */
const ask = `
const { credentials } = { credentials: JSON.parse(require("fs").readFileSync(process.env.GOOGLE_APPLICATION_CREDENTIALS, "utf8")) };
(async () => {
  const form = new URLSearchParams({ grant_type: "refresh_token", ...credentials });
  const granted = await (await fetch("https://oauth2.googleapis.com/token", { method: "POST", body: form })).json();
  const info = await (await fetch("https://oauth2.googleapis.com/tokeninfo?access_token=" + granted.access_token)).json();
  const project = await fetch("https://cloudresourcemanager.googleapis.com/v3/projects/" + process.env.GOOGLE_CLOUD_PROJECT, {
    headers: { authorization: "Bearer " + granted.access_token },
  });
  const who = await fetch("https://openidconnect.googleapis.com/v1/userinfo", {
    headers: { authorization: "Bearer " + granted.access_token },
  });
  const sql = await fetch("https://sqladmin.googleapis.com/v1/projects/p/instances");
  console.log(JSON.stringify({ email: info.email, who: (await who.json()).email, project: (await project.json()).projectId, sql: sql.status }));
})();`;

test("aloft exec: starts the cloud; an unmodified program reaches it by Google's addresses alone", async () => {
  const ran = await box.aloft(["exec", "--", node, "-e", ask]);
  expect(ran).toMatchObject({ code: 0, stderr: expect.stringContaining("The local cloud was not running") });
  expect(JSON.parse(ran.stdout)).toEqual({
    email: "you@local.aloft",
    who: "you@local.aloft",
    project: "execapp-local",
    sql: 501,
  });
  const as = "runner@another-project.iam.gserviceaccount.com";
  const other = await box.aloft(["exec", "--as", as, "--project", "execapp-local", "--", node, "-e", ask]);
  expect(JSON.parse(other.stdout)).toMatchObject({ email: as });
});

/** Google's own library, as it comes, over both of its transports. */
const useLibrary = `
const { SecretManagerServiceClient } = require(process.argv[1]);
(async () => {
  const said = [];
  for (const fallback of [false, true]) {
    const client = new SecretManagerServiceClient({ fallback });
    const parent = "projects/" + (await client.getProjectId());
    const secretId = fallback ? "REST" : "GRPC";
    const [{ name }] = await client.createSecret({ parent, secretId, secret: { replication: { automatic: {} } } });
    await client.addSecretVersion({ parent: name, payload: { data: Buffer.from(secretId) } });
    const [version] = await client.accessSecretVersion({ name: name + "/versions/latest" });
    const [missing] = await client.getSecret({ name: name + "x" }).then(() => [0], (error) => [error.code]);
    said.push([version.payload.data.toString(), missing]);
    await client.close();
  }
  console.log(JSON.stringify(said));
})();`;

test("aloft exec: the official Node client works over gRPC and REST by environment alone", async () => {
  const token = (await box.aloft(["cloud", "token"])).stdout.trim();
  const enabled = await fetch(
    `http://127.0.0.1:${box.port}/serviceusage.googleapis.com/v1/projects/execapp-local/services/secretmanager.googleapis.com:enable`,
    { method: "POST", headers: { authorization: `Bearer ${token}` } },
  );
  expect(enabled.status).toBe(200);
  const library = createRequire(import.meta.url).resolve("@google-cloud/secret-manager");
  const ran = await box.aloft(["exec", "--", node, "-e", useLibrary, library]);
  expect(ran.stderr).toBe("");
  expect(JSON.parse(ran.stdout)).toEqual([
    ["GRPC", 5],
    ["REST", 5],
  ]);
});

test("aloft exec: passes arguments, input, exit code and signals; a program that is none is told", async () => {
  const script =
    "process.stdin.pipe(process.stdout); process.stdin.on('end', () => process.exit(Number(process.argv[1])))";
  expect(await box.aloft(["exec", "--", node, "-e", script, "7", "--json"], { input: "through" })).toEqual({
    code: 7,
    stdout: "through",
    stderr: "",
  });
  expect(await box.aloft(["exec", "--", "no-such-program"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("error PROGRAM_MISSING  there is no program no-such-program"),
  });
  expect(await box.aloft(["exec"])).toMatchObject({ code: 2, stderr: expect.stringContaining("needs COMMAND") });
  const wait = "process.on('SIGTERM', () => process.exit(9)); console.log('up'); setInterval(() => {}, 1000)";
  const env = { ...process.env, ALOFT_CLOUD_DIR: box.state, ALOFT_CLOUD: `127.0.0.1:${box.port}` };
  const bin = join(import.meta.dirname, "../../bin/aloft.js");
  const child = spawn(node, [bin, "exec", "--", node, "-e", wait], { cwd: box.folder, env });
  const code = new Promise((resolve) => child.on("close", resolve));
  child.stdout.once("data", () => child.kill("SIGTERM"));
  expect(await code).toBe(9);
});

test("aloft cloud env: a shell gets the same, with the user's own ways to Google unset; files are the owner's alone", async () => {
  const STORAGE_EMULATOR_HOST = "http://elsewhere";
  const ran = await box.aloft(["cloud", "env", "--json", "--pass", "*.ai.example"], { env: { STORAGE_EMULATOR_HOST } });
  const { set, unset } = JSON.parse(ran.stdout) as { set: Record<string, string>; unset: string[] };
  expect(set).toMatchObject({
    HTTPS_PROXY: `http://127.0.0.1:${box.port}`,
    no_proxy: "localhost,127.0.0.1,::1,.ai.example",
    CLOUDSDK_CORE_PROJECT: "execapp-local",
    SSL_CERT_FILE: set.NODE_EXTRA_CA_CERTS,
  });
  const hasJava = (process.env.PATH ?? "").split(":").some((bin) => existsSync(join(bin, "keytool")));
  const store = /trustStore='([^']+)'/.exec(set.JAVA_TOOL_OPTIONS ?? "")?.[1];
  expect(store !== undefined && existsSync(store)).toBe(hasJava);
  expect(unset).toEqual(expect.arrayContaining(["GOOGLE_OAUTH_ACCESS_TOKEN", "STORAGE_EMULATOR_HOST"]));
  for (const name of ["GOOGLE_APPLICATION_CREDENTIALS", "BOTO_CONFIG", "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"]) {
    const file = set[name] ?? "";
    expect(statSync(file).mode & 0o777, name).toBe(0o600);
    expect(file.startsWith(box.state)).toBe(true);
    expect(ran.stdout).not.toContain(readFileSync(file, "utf8").trim());
  }
  const { stdout } = await box.aloft(["cloud", "env"]);
  const shell = spawn("sh", ["-c", `${stdout}\necho "$CLOUDSDK_CONFIG"`], { env: { PATH: process.env.PATH } });
  let said = "";
  for await (const chunk of shell.stdout) said += chunk;
  expect(said).toBe(`${set.CLOUDSDK_CONFIG}\n`);
});
