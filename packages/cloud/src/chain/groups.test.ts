import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import { localIam } from "./iam.ts";
import { restOf } from "./testing/rest.ts";

const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";
const devs = "devs@example.com";
const runtime = "runtime@demo.iam.gserviceaccount.com";
let dir: string;
let cloud: Cloud;
const said: string[] = [];
const rest = restOf(() => cloud);
const start = async (): Promise<void> => {
  const log = (line: string): void => void said.push(line);
  cloud = await startCloud({ projects: { demo: 123456789012 }, dir: join(dir, "state"), log });
};
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "aloft-groups-"));
  await start();
  for (const api of ["secretmanager", "iam"]) cloud.host.projects.setEnabled("demo", `${api}.googleapis.com`, true);
  await rest("POST", `${secrets}?secretId=s`, { body: { replication: { automatic: {} } } });
  await rest("POST", "iam.googleapis.com/v1/projects/demo/serviceAccounts", { body: { accountId: "runtime" } });
});
afterAll(async () => {
  await cloud.close();
  rmSync(dir, { recursive: true, force: true });
});

const admin = async (verb: string, body?: object) => {
  const answer = await fetch(`${cloud.url}/_aloft/v1/groups`, {
    method: verb,
    headers: { authorization: `Bearer ${cloud.adminToken}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as object };
};
const bind = (member: string) =>
  rest("POST", `${secrets}/s:setIamPolicy`, {
    body: { policy: { bindings: [{ role: "roles/secretmanager.viewer", members: [member] }] } },
  });
const reads = async (as: string): Promise<number> => (await rest("GET", `${secrets}/s`, { as })).status;

test("groups: a binding for one lets its members in, also those of a group in it, also after a restart", async () => {
  await bind(`group:${devs}`);
  expect(said.some((line) => line.includes(`aloft cloud groups add ${devs} MEMBER`))).toBe(true);
  expect(await reads("ann@example.com")).toBe(403);
  const leads = "leads@example.com";
  await admin("POST", { group: devs, add: ["ann@example.com", runtime, `group:${leads}`] });
  await admin("POST", { group: leads, add: ["user:bob@example.com", `group:${devs}`] });
  expect((await admin("GET")).body).toEqual({
    groups: [
      { group: devs, members: [`group:${leads}`, `serviceAccount:${runtime}`, "user:ann@example.com"] },
      { group: leads, members: [`group:${devs}`, "user:bob@example.com"] },
    ],
  });
  await cloud.close();
  await start();
  for (const email of ["ann@example.com", "bob@example.com", runtime])
    expect([email, await reads(email)]).toEqual([email, 200]);
  expect(await reads("eve@example.com")).toBe(403);
  await admin("POST", { group: devs, remove: ["ann@example.com"] });
  expect([await reads("ann@example.com"), await reads(runtime)]).toEqual([403, 200]);
  await admin("DELETE", { group: leads });
  expect(await reads("bob@example.com")).toBe(403);
  expect((await admin("DELETE", { group: leads })).status).toBe(404);
  expect((await admin("POST", { group: "devs", add: [] })).status).toBe(400);
  expect((await admin("POST", { group: devs, add: ["allUsers"] })).status).toBe(400);
});

test("groups: a deny policy means them too", async () => {
  await bind(`serviceAccount:${runtime}`);
  expect(await reads(runtime)).toBe(200);
  const rule = { description: "", exceptionPrincipals: [], exceptionPermissions: [] };
  const rules = [
    {
      ...rule,
      deniedPrincipals: [`principalSet://goog/group/${devs}`],
      deniedPermissions: ["secretmanager.googleapis.com/secrets.*"],
    },
  ];
  const { deny } = localIam(cloud.host.iam);
  deny.put("demo", "devs", { displayName: "", annotations: {}, rules });
  expect(await reads(runtime)).toBe(403);
  deny.remove("demo", "devs");
});

test("members: all service accounts of a project are one set", async () => {
  const all = "principalSet://cloudresourcemanager.googleapis.com/projects/123456789012/type/ServiceAccount";
  expect((await bind(all)).status).toBe(200);
  expect([await reads(runtime), await reads("ann@example.com")]).toEqual([200, 403]);
  expect((await bind(all.replace("123456789012", "210987654321"))).status).toBe(200);
  expect(await reads(runtime)).toBe(403);
  expect((await bind("principalSet://example.com/x")).status).toBe(400);
});
