import { expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { startCloud } from "../../cloud.ts";

const host = "cloudbilling.googleapis.com/v1";

test("cloudbilling: a project is on the one account, which its owner sees", async () => {
  await using cloud = await startCloud({ projects: { demo: 123456789012 } });
  const call = restOf(() => cloud);
  const info = await call("GET", `${host}/projects/demo/billingInfo`);
  const { billingAccountName } = info.body;
  expect(info).toEqual({
    status: 200,
    body: { name: "projects/demo/billingInfo", projectId: "demo", billingAccountName, billingEnabled: true },
  });
  expect(billingAccountName).toMatch(/^billingAccounts\/[0-9A-F]{6}(-[0-9A-F]{6}){2}$/);
  expect((await call("GET", `${host}/projects/123456789012/billingInfo`)).body).toEqual(info.body);

  const accounts = await call("GET", `${host}/billingAccounts`);
  expect(accounts.body.billingAccounts).toMatchObject([{ name: billingAccountName, open: true }]);
  expect((await call("GET", `${host}/${billingAccountName}`)).body).toEqual(accounts.body.billingAccounts?.[0]);
  expect((await call("GET", `${host}/${billingAccountName}/projects`)).body.projectBillingInfo).toEqual([info.body]);
});

test("cloudbilling: another sees no account, and no project that it has no role in", async () => {
  await using cloud = await startCloud({ projects: { demo: 123456789012 } });
  const call = restOf(() => cloud);
  const made = await call("POST", "iam.googleapis.com/v1/projects/demo/serviceAccounts", {
    body: { accountId: "nobody" },
  });
  expect(made.status).toBe(403);
  cloud.host.projects.setEnabled("demo", "iam.googleapis.com", true);
  await call("POST", "iam.googleapis.com/v1/projects/demo/serviceAccounts", { body: { accountId: "nobody" } });
  const as = "nobody@demo.iam.gserviceaccount.com";
  expect((await call("GET", `${host}/projects/demo/billingInfo`, { as })).status).toBe(403);
  expect((await call("GET", `${host}/billingAccounts`, { as })).body).toEqual({});
  const { body } = await call("GET", `${host}/billingAccounts`);
  expect((await call("GET", `${host}/${body.billingAccounts?.[0]?.name}`, { as })).status).toBe(403);
});

test("cloudbilling: without billing, a project has no account and nobody has one to give", async () => {
  await using cloud = await startCloud({ projects: { demo: 123456789012 }, presets: ["no-billing"] });
  const call = restOf(() => cloud);
  expect((await call("GET", `${host}/projects/demo/billingInfo`)).body).toEqual({
    name: "projects/demo/billingInfo",
    projectId: "demo",
  });
  expect((await call("GET", `${host}/billingAccounts`)).body).toEqual({});
});

test("cloudbilling: a project that was created has no account until it gets one", async () => {
  await using cloud = await startCloud({ projects: { demo: 123456789012 } });
  const call = restOf(() => cloud);
  await call("POST", "cloudresourcemanager.googleapis.com/v1/projects", { body: { projectId: "made-new" } });
  const info = `${host}/projects/made-new/billingInfo`;
  expect((await call("GET", info)).body.billingEnabled).toBeUndefined();
  const billingAccountName = "billingAccounts/000000-111111-222222";
  const put = await call("PUT", info, { body: { billingAccountName } });
  expect(put.body).toMatchObject({ billingAccountName, billingEnabled: true });
  expect((await call("GET", info)).body).toEqual(put.body);
  expect((await call("PUT", info, { body: { billingAccountName: "" } })).body.billingEnabled).toBeUndefined();
  expect((await call("PUT", info, { body: { billingAccountName: "mine" } })).status).toBe(400);
});
