import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import { localIam } from "./iam.ts";
import { restOf } from "./testing/rest.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";
const accounts = "iam.googleapis.com/v1/projects/demo/serviceAccounts";
const email = "runtime@demo.iam.gserviceaccount.com";
beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, presets: ["org"], log: () => undefined });
  for (const api of ["secretmanager", "iam", "iamcredentials", "storage"]) {
    cloud.host.projects.setEnabled("demo", `${api}.googleapis.com`, true);
  }
  await rest("POST", `${secrets}?secretId=s`, { body: { replication: { automatic: {} } } });
  await rest("POST", accounts, { body: { accountId: "runtime" } });
});
afterAll(() => cloud.close());

const read = async (filter: string) => {
  const body = { resourceNames: ["projects/demo"], filter };
  return (await rest("POST", "logging.googleapis.com/v2/entries:list", { body })).body.entries ?? [];
};
const policyLog = 'logName="projects/demo/logs/cloudaudit.googleapis.com%2Fpolicy"';

test("audit: what an organisation's constraint refuses stands in Admin Activity and among the Policy Denied", async () => {
  const policy = { bindings: [{ role: "roles/secretmanager.viewer", members: ["allUsers"] }] };
  expect((await rest("POST", `${secrets}/s:setIamPolicy`, { body: { policy } })).status).toBe(400);
  expect((await rest("POST", `${accounts}/${email}/keys`, { body: {} })).status).toBe(400);
  const entries = await read(policyLog);
  expect(entries.map(({ protoPayload }) => protoPayload?.methodName)).toEqual([
    "google.cloud.secretmanager.v1.SecretManagerService.SetIamPolicy",
    "google.iam.admin.v1.CreateServiceAccountKey",
  ]);
  expect(entries[0]).toMatchObject({
    severity: "ERROR",
    protoPayload: {
      status: { code: 9, message: "One or more users named in the policy do not belong to a permitted customer." },
      authenticationInfo: { principalEmail: "you@local.aloft" },
      policyViolationInfo: {
        orgPolicyViolationInfo: {
          violationInfo: [
            {
              constraint: "constraints/iam.allowedPolicyMemberDomains",
              errorMessage: "User allUsers is not in permitted organization.",
              policyType: "LIST_CONSTRAINT",
            },
          ],
        },
      },
    },
  });
  const activity = await read('logName:"activity" AND severity=ERROR');
  expect(activity).toHaveLength(2);
  expect(activity[0]?.protoPayload).not.toHaveProperty("policyViolationInfo");
});

test("audit: what a deny policy refuses is Policy Denied, also a read that no one asked to log; a lack of grants is not", async () => {
  const before = (await read(policyLog)).length;
  expect((await rest("GET", `${secrets}/s`, { as: email })).status).toBe(403);
  expect(await read(policyLog)).toHaveLength(before);
  localIam(cloud.host.iam).deny.put("demo", "no-reads", {
    displayName: "",
    annotations: {},
    rules: [
      {
        description: "",
        deniedPrincipals: ["principal://goog/subject/you@local.aloft"],
        exceptionPrincipals: [],
        deniedPermissions: ["secretmanager.googleapis.com/secrets.get"],
        exceptionPermissions: [],
      },
    ],
  });
  expect((await rest("GET", `${secrets}/s`)).status).toBe(403);
  const entries = await read(policyLog);
  expect(entries).toHaveLength(before + 1);
  expect(entries[before]?.protoPayload).toMatchObject({
    methodName: "google.cloud.secretmanager.v1.SecretManagerService.GetSecret",
    status: { code: 7 },
    resourceName: "projects/demo/secrets/s",
    authorizationInfo: [{ permission: "secretmanager.secrets.get" }],
  });
  expect(await read('logName:"data_access"')).toEqual([]);
});

test("audit: methods go by the names that Google's entries have", async () => {
  const storage = "storage.googleapis.com/storage/v1/b";
  await rest("POST", `${storage}?project=demo`, { body: { name: "audited-bucket" } });
  await rest("PATCH", `${storage}/audited-bucket`, { body: { labels: { a: "b" } } });
  const pools = "iam.googleapis.com/v1/projects/demo/locations/global/workloadIdentityPools";
  await rest("POST", `${pools}?workloadIdentityPoolId=audited`, { body: {} });
  await rest("POST", `${accounts}/${email}:setIamPolicy`, { body: { policy: { bindings: [] } } });
  const { bindings, etag } = cloud.host.iam.policy("projects/demo");
  const policy = { bindings, etag };
  await rest("POST", "cloudresourcemanager.googleapis.com/v1/projects/demo:setIamPolicy", { body: { policy } });
  for (const [name, type] of [
    ["storage.buckets.create", "gcs_bucket"],
    ["storage.buckets.update", "gcs_bucket"],
    ["google.iam.v1.WorkloadIdentityPools.CreateWorkloadIdentityPool", "audited_resource"],
    ["google.iam.admin.v1.CreateServiceAccount", "service_account"],
    ["google.iam.admin.v1.SetIAMPolicy", "service_account"],
    ["SetIamPolicy", "project"],
  ]) {
    const found = await read(`protoPayload.methodName="${name}"`);
    expect([name, found.length >= 1]).toEqual([name, true]);
    if (type === "service_account") expect(found[0]?.resource?.type).toBe(type);
  }
});

test("audit: credentials of service accounts are IAM's to ask for, and go by the account's number", async () => {
  const place = `iam.googleapis.com/projects/demo/serviceAccounts/${email}`;
  const members = ["user:you@local.aloft"];
  cloud.host.iam.setPolicy(place, {
    version: 1,
    bindings: [{ role: "roles/iam.serviceAccountTokenCreator", members }],
  });
  const act = () =>
    rest("POST", `iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${email}:generateAccessToken`, {
      body: { scope: ["https://www.googleapis.com/auth/cloud-platform"] },
    });
  const found = () => read('protoPayload.methodName="GenerateAccessToken"');
  await act();
  expect(await found()).toEqual([]);
  const { bindings } = cloud.host.iam.policy("projects/demo");
  const auditConfigs = [{ service: "iam.googleapis.com", auditLogConfigs: [{ logType: "ADMIN_READ" }] }];
  cloud.host.iam.setPolicy("projects/demo", { version: 1, bindings, auditConfigs });
  const { accessToken = "" } = (await act()).body;
  const [entry] = await found();
  const uniqueId = localIam(cloud.host.iam).accounts.get(email)?.uniqueId;
  expect(entry).toMatchObject({
    logName: "projects/demo/logs/cloudaudit.googleapis.com%2Fdata_access",
    resource: { type: "service_account", labels: { email_id: email, unique_id: uniqueId, project_id: "demo" } },
    protoPayload: {
      serviceName: "iamcredentials.googleapis.com",
      resourceName: `projects/-/serviceAccounts/${uniqueId}`,
    },
  });
  expect(JSON.stringify(entry)).not.toContain(accessToken);
});
