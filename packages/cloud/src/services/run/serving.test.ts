import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { localIam } from "../../chain/iam.ts";
import { type Cloud, startCloud } from "../../cloud.ts";
import { runningServices } from "./running.ts";
import { type RunClient, runClient } from "./testing/client.ts";
import { pushServer } from "./testing/image.ts";

const parent = "projects/demo/locations/us-central1";
const api = `${parent}/services/api`;
const account = "api@demo.iam.gserviceaccount.com";
let cloud: Cloud;
let run: RunClient;
let image: string;

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  for (const name of ["run", "artifactregistry", "secretmanager"]) {
    cloud.host.projects.setEnabled("demo", `${name}.googleapis.com`, true);
  }
  localIam(cloud.host.iam).accounts.create({ email: account, projectId: "demo" });
  run = runClient(cloud.url, cloud.token());
  await google("artifactregistry", `v1/${parent}/repositories?repositoryId=apps`, { format: "DOCKER" });
  await google("secretmanager", "v1/projects/demo/secrets?secretId=token", { replication: { automatic: {} } });
  const data = Buffer.from("a secret value").toString("base64");
  await google("secretmanager", "v1/projects/demo/secrets/token:addVersion", { payload: { data } });
  image = await pushServer(cloud.url, cloud.token());
});
afterAll(() => cloud.close());

async function google(name: string, path: string, body: object): Promise<void> {
  const answer = await fetch(`${cloud.url}/${name}.googleapis.com/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${cloud.token()}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
}

/** GET at a host of the cloud's doors, as a client that resolved it to the cloud sends it. */
function get(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const { host, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: cloud.port, path: pathname, headers: { host } }, (answer) => {
      let text = "";
      answer.on("data", (part) => {
        text += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    sent.on("error", reject);
    sent.end();
  });
}

const template = (env: readonly object[] = [], more: object = {}): object => ({
  serviceAccount: account,
  containers: [{ image, env, ...more }],
});
const secret = { name: "TOKEN", valueSource: { secretKeyRef: { secret: "token", version: "1" } } };

test("run: a real container answers at its hosts and its loopback port; a broken one leaves it so", async () => {
  const created = await run.settle("POST", `${parent}/services?serviceId=api`, {
    invokerIamDisabled: true,
    template: template([{ name: "NAME", value: "one" }]),
  });
  const service = created.response;
  expect(created.error).toBeUndefined();
  const revision = (await run.call("GET", service.latestReadyRevision)).body;
  expect(revision.containers[0].image).toMatch(/^us-central1-docker\.pkg\.dev\/demo\/apps\/app@sha256:[0-9a-f]{64}$/);
  const id = service.latestReadyRevision.split("/").at(-1);
  for (const url of service.urls) {
    const { status, text } = await get(`${url}/env`);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ NAME: "one", K_SERVICE: "api", K_REVISION: id, K_CONFIGURATION: "api" });
  }
  const [running] = runningServices(cloud.host);
  expect(running).toMatchObject({ service: api, url: service.uri, ready: true, instances: 1 });
  expect((await fetch(`${running?.localUrl}/health`)).status).toBe(200);

  const crashed = await run.settle("PATCH", `${api}?updateMask=template`, {
    template: template([{ name: "CRASH", value: "no database" }]),
  });
  expect(crashed.error).toMatchObject({
    code: 9,
    message: expect.stringMatching(/^Revision 'api-00002-.{3}' is not ready/),
  });
  expect(crashed.error.message).toContain("cannot start: no database");
  const missing = await run.settle("PATCH", `${api}?updateMask=template`, {
    template: { containers: [{ image: `${image}-none` }], serviceAccount: account },
  });
  expect(missing.error).toMatchObject({
    code: 5,
    message: expect.stringContaining(`Image '${image}-none' not found.`),
  });
  expect(JSON.parse((await get(`${service.uri}/env`)).text)).toMatchObject({ NAME: "one", K_REVISION: id });
}, 60_000);

test("run: a secret is read as the service's own account, and without the grant the revision fails", async () => {
  const name = `${parent}/services/keeper`;
  const body = { invokerIamDisabled: true, template: template([secret]) };
  const refused = await run.settle("POST", `${parent}/services?serviceId=keeper`, body);
  expect(refused.error).toMatchObject({
    code: 13,
    message: expect.stringContaining(
      `Permission denied on secret: projects/123456789012/secrets/token/versions/1 for Revision service account ${account}.`,
    ),
  });
  const resource = "secretmanager.googleapis.com/projects/demo/secrets/token";
  const members = [`serviceAccount:${account}`];
  cloud.host.iam.setPolicy(resource, {
    version: 1,
    bindings: [{ role: "roles/secretmanager.secretAccessor", members }],
  });
  const again = { ...body, template: { ...body.template, annotations: { attempt: "2" } } };
  const service = (await run.settle("PATCH", name, again)).response;
  expect(JSON.parse((await get(`${service.uri}/env`)).text)).toMatchObject({ TOKEN: "a secret value" });
  await run.settle("DELETE", name);
  expect((await get(`${service.uri}/env`)).status).toBe(404);
}, 60_000);
