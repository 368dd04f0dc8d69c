import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import { restOf } from "./testing/rest.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";
beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "secretmanager.googleapis.com", true);
  await rest("POST", `${secrets}?secretId=s`, { body: { replication: { automatic: {} } } });
});
afterAll(() => cloud.close());

const read = async (filter: string) => {
  const body = { resourceNames: ["projects/demo"], filter };
  return (await rest("POST", "logging.googleapis.com/v2/entries:list", { body })).body.entries ?? [];
};

test("audit: a change of a policy is told member by member", async () => {
  const set = (bindings: readonly object[]) =>
    rest("POST", `${secrets}/s:setIamPolicy`, { body: { policy: { bindings, version: 3 } } });
  const role = "roles/secretmanager.viewer";
  await set([{ role, members: ["user:ann@example.com"] }]);
  const condition = { title: "for now", expression: "request.time < timestamp('2030-01-01T00:00:00Z')" };
  await set([{ role, members: ["user:bob@example.com"], condition }]);
  const entries = await read('protoPayload.methodName:"SetIamPolicy"');
  expect(entries.map(({ protoPayload }) => protoPayload?.serviceData)).toEqual([
    {
      "@type": "type.googleapis.com/google.iam.v1.logging.AuditData",
      policyDelta: { bindingDeltas: [{ action: "ADD", role, member: "user:ann@example.com" }] },
    },
    {
      "@type": "type.googleapis.com/google.iam.v1.logging.AuditData",
      policyDelta: {
        bindingDeltas: [
          { action: "REMOVE", role, member: "user:ann@example.com" },
          { action: "ADD", role, member: "user:bob@example.com", condition },
        ],
      },
    },
  ]);
});

test("audit: a federated caller goes by its subject", async () => {
  const pool = "iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/ci";
  const name = `principal://${pool}/subject/main`;
  const bindings = [{ role: "roles/secretmanager.admin", members: [name] }];
  cloud.host.iam.setPolicy("secretmanager.googleapis.com/projects/demo/secrets/s", { version: 1, bindings });
  const { token } = cloud.host.tokens.access({ principal: { kind: "federated", email: name } });
  const patch = `${secrets}/s?updateMask=labels`;
  expect((await rest("PATCH", patch, { body: { labels: { a: "b" } }, bearer: token })).status).toBe(200);
  const [entry] = await read('protoPayload.methodName:"UpdateSecret"');
  expect(entry?.protoPayload?.authenticationInfo).toEqual({ principalSubject: name });
});

test("audit: reads that are alike are told one by one, by what they were and for whom", async () => {
  const project = "cloudresourcemanager.googleapis.com/v1/projects/demo";
  const ask = (auditConfigs: readonly object[]) =>
    rest("POST", `${project}:setIamPolicy`, { body: { policy: { auditConfigs }, updateMask: "auditConfigs" } });
  for (const data of ["Zm9v", "YmFy"]) {
    await rest("POST", `${secrets}/s:addVersion`, { body: { payload: { data } } });
  }
  const count = async () => (await read('protoPayload.methodName:"AccessSecretVersion"')).length;
  const access = async (version: string, bearer?: string) =>
    (await rest("GET", `${secrets}/s/versions/${version}:access`, bearer === undefined ? {} : { bearer })).status;
  await access("1");
  expect(await count()).toBe(0);
  await ask([{ service: "secretmanager.googleapis.com", auditLogConfigs: [{ logType: "DATA_READ" }] }]);
  for (const version of ["1", "1", "latest", "1", "2", "1", "1"]) expect(await access(version)).toBe(200);
  const { token } = cloud.host.tokens.access({ principal: { kind: "user", email: "eve@example.com" } });
  expect(await access("1", token)).toBe(403);
  const entries = (await read('protoPayload.methodName:"AccessSecretVersion"')).map(({ protoPayload }) => protoPayload);
  expect(entries.map((entry) => [entry?.resourceName, entry?.status, entry?.response])).toMatchObject([
    ...["1", "1", "latest", "1", "2", "1", "1"].map((version) => [
      `projects/demo/secrets/s/versions/${version}`,
      {},
      { name: `projects/123456789012/secrets/s/versions/${version === "latest" ? "2" : version}` },
    ]),
    ["projects/demo/secrets/s/versions/1", { code: 7 }, undefined],
  ]);
  expect(JSON.stringify(entries)).not.toMatch(/Zm9v|YmFy/);
  await ask([]);
  await access("1");
  expect(await count()).toBe(8);
});
