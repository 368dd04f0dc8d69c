import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const policies =
  "iam.googleapis.com/v2/policies/cloudresourcemanager.googleapis.com%252Fprojects%252Fdemo/denypolicies";
const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";
const numbered = "policies/cloudresourcemanager.googleapis.com%2Fprojects%2F123456789012/denypolicies";
const ann = "ann@example.com";
const ci = "ci-runner@demo.iam.gserviceaccount.com";

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  for (const api of ["iam", "secretmanager"]) cloud.host.projects.setEnabled("demo", `${api}.googleapis.com`, true);
  await rest("POST", "iam.googleapis.com/v1/projects/demo/serviceAccounts", { body: { accountId: "ci-runner" } });
  const members = [`user:${ann}`, `serviceAccount:${ci}`];
  const bindings = [...cloud.host.iam.policy("projects/demo").bindings, { role: "roles/secretmanager.admin", members }];
  cloud.host.iam.setPolicy("projects/demo", { version: 1, bindings });
});
afterAll(() => cloud.close());

const create = (policyId: string, denyRule: object, as?: string) =>
  rest("POST", `${policies}?policyId=${policyId}`, { body: { rules: [{ denyRule }] }, ...(as ? { as } : {}) });
const tries = async (as: string) => {
  const made = await rest("POST", `${secrets}?secretId=tried`, { body: { replication: { automatic: {} } }, as });
  const deleted = await rest("DELETE", `${secrets}/tried`, { as });
  if (deleted.status !== 200) await rest("DELETE", `${secrets}/tried`);
  return [made.status, deleted.status];
};

test("deny policies: what one forbids nobody grants, but for its exceptions", async () => {
  const rule = {
    deniedPrincipals: ["principalSet://goog/public:all"],
    exceptionPrincipals: [
      "principal://goog/subject/you@local.aloft",
      `principal://iam.googleapis.com/projects/-/serviceAccounts/${ci}`,
    ],
    deniedPermissions: ["secretmanager.googleapis.com/secrets.delete"],
  };
  const { body } = await create("keep-secrets", rule);
  expect(body).toMatchObject({
    name: expect.stringMatching(`^${numbered}/keep-secrets/operations/.+`),
    done: true,
    metadata: { "@type": "type.googleapis.com/google.iam.v2.PolicyOperationMetadata" },
    response: { name: `${numbered}/keep-secrets`, kind: "DenyPolicy", rules: [{ denyRule: rule }] },
  });
  expect((await rest("GET", `iam.googleapis.com/v2/${String(body.name).replaceAll("%", "%25")}`)).body.done).toBe(true);
  expect([await tries(ann), await tries(ci), await tries("you@local.aloft")]).toEqual([
    [200, 403],
    [200, 200],
    [200, 200],
  ]);

  const policy = (await rest("GET", `${policies}/keep-secrets`)).body;
  const rules = [{ denyRule: { ...rule, deniedPermissions: ["secretmanager.googleapis.com/secrets.*"] } }];
  const put = (etag: unknown) => rest("PUT", `${policies}/keep-secrets`, { body: { etag, displayName: "All", rules } });
  expect((await put(policy.etag)).body.response?.displayName).toBe("All");
  expect(await tries(ann)).toEqual([403, 403]);
  expect((await put(policy.etag)).body.error?.status).toBe("ABORTED");
  expect((await rest("GET", policies)).body.policies?.map(({ rules: listed }) => listed)).toEqual([undefined]);
  expect((await rest("DELETE", `${policies}/keep-secrets`)).body.response?.deleteTime).toEqual(expect.any(String));
  expect(await tries(ann)).toEqual([200, 200]);
  expect((await rest("GET", `${policies}/keep-secrets`)).body.error?.message).toBe(
    `Policy "${numbered}/keep-secrets" not found.`,
  );
});

test("deny policies: a condition asks for tags, which this resource has not", async () => {
  const rule = {
    deniedPrincipals: [`principal://goog/subject/${ann}`],
    deniedPermissions: ["secretmanager.googleapis.com/*.*"],
  };
  const at = (expression: string) => create("tagged", { ...rule, denialCondition: { title: "t", expression } });
  expect((await at("resource.matchTag('123/env', 'prod')")).status).toBe(200);
  expect(await tries(ann)).toEqual([200, 200]);
  await rest("DELETE", `${policies}/tagged`);
  expect((await at("!resource.matchTag('123/env', 'dev')")).status).toBe(200);
  expect(await tries(ann)).toEqual([403, 403]);
  await rest("DELETE", `${policies}/tagged`);
  expect((await at("request.time < timestamp('2030-01-01T00:00:00Z')")).body.error?.message).toContain(
    "is not supported",
  );
});

test("deny policies: what is no rule, or not the caller's to make is refused", async () => {
  const deniedPrincipals = ["principalSet://goog/public:all"];
  const said = async (rule: object, as?: string) => (await create("bad-one", rule, as)).body.error?.message;
  const deniedPermissions = ["secretmanager.googleapis.com/secrets.delete"];
  expect(await said({ deniedPrincipals, deniedPermissions: ["secretmanager.secrets.delete"] })).toContain(
    "Invalid permission: secretmanager.secrets.delete",
  );
  expect(await said({ deniedPrincipals: ["user:a@b.c"], deniedPermissions })).toBe("Invalid principal: user:a@b.c.");
  expect(await said({ deniedPrincipals, deniedPermissions }, ann)).toBe(
    "Permission iam.googleapis.com/denypolicies.create denied on resource cloudresourcemanager.googleapis.com/projects/demo",
  );
  const above = await rest("GET", policies.replace("projects%252Fdemo", "folders%252F1"));
  expect([above.status, above.body]).toEqual([200, {}]);
});

test("deny policies: a folder's counts in all projects that are in it", async () => {
  const parent = { type: "folder", id: "4242" };
  const project = { projectId: "in-folder", parent };
  await rest("POST", "cloudresourcemanager.googleapis.com/v1/projects", { body: project });
  cloud.host.projects.setEnabled("in-folder", "secretmanager.googleapis.com", true);
  const listed = () => rest("GET", "secretmanager.googleapis.com/v1/projects/in-folder/secrets");
  expect((await listed()).status).toBe(200);
  const folder = policies.replace("projects%252Fdemo", "folders%252F4242");
  const denyRule = {
    deniedPrincipals: ["principalSet://goog/public:all"],
    deniedPermissions: ["secretmanager.googleapis.com/secrets.list"],
  };
  const made = await rest("POST", `${folder}?policyId=none-lists`, { body: { rules: [{ denyRule }] } });
  expect(made.body.response?.name).toBe(
    "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F4242/denypolicies/none-lists",
  );
  expect((await listed()).status).toBe(403);
  expect((await rest("GET", secrets)).status).toBe(200);
  await rest("DELETE", `${folder}/none-lists`);
  expect((await listed()).status).toBe(200);
});
