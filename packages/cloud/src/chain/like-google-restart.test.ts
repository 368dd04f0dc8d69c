import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClock } from "@aloft/kit/clock";
import { seededIds } from "@aloft/kit/ids";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import { restOf } from "./testing/rest.ts";

const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";
const minute = 60_000;
const email = "runtime@demo.iam.gserviceaccount.com";
const clock = createClock({ frozenAt: Date.parse("2026-11-21T08:00:00Z") });
let dir: string;
let cloud: Cloud;
const rest = restOf(() => cloud);
const start = async (): Promise<void> => {
  const options = { projects: { demo: 123456789012 }, clock, ids: seededIds("test"), log: () => undefined };
  cloud = await startCloud({ ...options, dir: join(dir, "state"), likeGoogle: true, quotas: false });
};
/** Another process over the same state. */
const restart = async (): Promise<void> => {
  await cloud.close();
  await start();
};
const fault = async (body: object): Promise<void> => {
  const headers = { authorization: `Bearer ${cloud.adminToken}` };
  await fetch(`${cloud.url}/_aloft/v1/faults`, { method: "POST", headers, body: JSON.stringify(body) });
};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "aloft-late-"));
  await start();
});
afterAll(async () => {
  await cloud.close();
  rmSync(dir, { recursive: true, force: true });
});

test("like google: what was on its way before a restart is still on its way after it, and arrives", async () => {
  const enable = "serviceusage.googleapis.com/v1/projects/demo/services/secretmanager.googleapis.com:enable";
  await rest("POST", enable, { body: {} });
  await restart();
  expect((await rest("GET", secrets)).body.error?.details?.[0]).toMatchObject({ reason: "SERVICE_DISABLED" });
  clock.advance(4 * minute);
  expect((await rest("GET", secrets)).status).toBe(200);

  cloud.host.projects.setEnabled("demo", "iam.googleapis.com", true);
  clock.advance(4 * minute);
  await rest("POST", `${secrets}?secretId=s`, { body: { replication: { automatic: {} } } });
  await rest("POST", "iam.googleapis.com/v1/projects/demo/serviceAccounts", { body: { accountId: "runtime" } });
  await restart();
  const role = "roles/secretmanager.viewer";
  const bind = (members: readonly string[]) =>
    rest("POST", `${secrets}/s:setIamPolicy`, { body: { policy: { bindings: [{ role, members }] } } });
  expect((await bind([`serviceAccount:${email}`])).body.error?.message).toBe(
    `Service account ${email} does not exist.`,
  );
  clock.advance(2 * minute);
  expect((await bind([`serviceAccount:${email}`])).status).toBe(200);
  await restart();
  const seen = async () => (await rest("GET", `${secrets}/s`, { as: email })).status;
  expect(await seen()).toBe(403);
  clock.advance(7 * minute);
  expect(await seen()).toBe(200);

  // A second change while the first is on its way: neither is lost, nor early.
  await bind([]);
  await bind(["user:ann@example.com"]);
  await restart();
  expect(await seen()).toBe(200);
  clock.advance(7 * minute);
  expect(await seen()).toBe(403);
  expect((await rest("GET", `${secrets}/s`, { as: "ann@example.com" })).status).toBe(200);
});

test("faults: those that are left, and what they have met, outlive a restart; the same calls meet the same ones", async () => {
  const outcomes = async (times: number): Promise<boolean[]> => {
    const found: boolean[] = [];
    for (let i = 0; i < times; i++) found.push((await rest("GET", `${secrets}/s`)).status === 503);
    return found;
  };
  await fault({ api: "secretmanager", method: "GetSecret", code: 503, rate: 0.5, count: 7 });
  const before = await outcomes(4);
  await restart();
  const after = await outcomes(30);
  expect([...before, ...after].filter(Boolean)).toHaveLength(7);
  expect(await outcomes(5)).toEqual([false, false, false, false, false]);
  expect(before.concat(after)).not.toEqual([...before, ...after].sort());
});

test("like google: a service cannot run as an account made just now", async () => {
  for (const api of ["run", "artifactregistry"]) cloud.host.projects.setEnabled("demo", `${api}.googleapis.com`, true);
  clock.advance(5 * minute);
  const accountId = "newcomer";
  await rest("POST", "iam.googleapis.com/v1/projects/demo/serviceAccounts", { body: { accountId } });
  const template = {
    serviceAccount: `${accountId}@demo.iam.gserviceaccount.com`,
    containers: [{ image: "us-central1-docker.pkg.dev/demo/apps/api:1" }],
  };
  const deploy = () =>
    rest("POST", "run.googleapis.com/v2/projects/demo/locations/us-central1/services?serviceId=api&validateOnly=true", {
      body: { template },
    });
  expect((await deploy()).body.error).toMatchObject({
    status: "PERMISSION_DENIED",
    message: `Permission 'iam.serviceaccounts.actAs' denied on service account ${template.serviceAccount} (or it may not exist).`,
  });
  clock.advance(2 * minute);
  expect((await deploy()).status).toBe(200);
});

test("like google: kill -9 of the cloud's process loses neither a fault nor what is on its way", async () => {
  const state = join(dir, "killed");
  const program = `
    import { startCloud } from ${JSON.stringify(join(import.meta.dirname, "../cloud.ts"))};
    const cloud = await startCloud({ dir: ${JSON.stringify(state)}, projects: { demo: 123456789012 }, likeGoogle: true, log: () => undefined });
    cloud.host.projects.setEnabled("demo", "secretmanager.googleapis.com", true);
    console.log(cloud.url + " " + cloud.adminToken);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--no-warnings", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [url = "", adminToken = ""] = String((await once(child.stdout, "data"))[0])
    .trim()
    .split(" ");
  const body = JSON.stringify({ api: "secretmanager", code: 503, count: 3 });
  const added = await fetch(`${url}/_aloft/v1/faults`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}` },
    body,
  });
  expect(added.status).toBe(200);
  child.kill("SIGKILL");
  await once(child, "exit");
  await using next = await startCloud({ dir: state, likeGoogle: true, log: () => undefined });
  const ask = restOf(() => next);
  expect((await ask("GET", secrets)).body.error?.details?.[0]).toMatchObject({ reason: "SERVICE_DISABLED" });
  next.clock.advance(4 * minute);
  const statuses: number[] = [];
  for (let n = 0; n < 4; n++) statuses.push((await ask("GET", secrets)).status);
  expect(statuses).toEqual([503, 503, 503, 200]);
});
