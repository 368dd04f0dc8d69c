import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const pools = "iam.googleapis.com/v1/projects/demo/locations/global/workloadIdentityPools";
const numbered = "projects/123456789012/locations/global/workloadIdentityPools";
beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "iam.googleapis.com", true);
});
afterAll(() => cloud.close());

test("workload identity pools: made and changed by operations, deleted for 30 days", async () => {
  const body = { displayName: "One", disabled: false, description: "what for" };
  const started = await rest("POST", `${pools}?workloadIdentityPoolId=pool-one`, { body });
  expect(started.body).toEqual({ name: expect.stringMatching(new RegExp(`^${numbered}/pool-one/operations/\\w+$`)) });
  const operation = await rest("GET", `iam.googleapis.com/v1/${started.body.name}`);
  expect(operation.body).toEqual({ name: started.body.name, done: true });
  const shown = { name: `${numbered}/pool-one`, displayName: "One", description: "what for", state: "ACTIVE" };
  expect((await rest("GET", `${pools}/pool-one`)).body).toEqual(shown);
  await rest("PATCH", `${pools}/pool-one?updateMask=display_name`, { body: { displayName: "Uno", description: "no" } });
  expect((await rest("GET", `${pools}/pool-one`)).body).toEqual({ ...shown, displayName: "Uno" });

  await rest("DELETE", `${pools}/pool-one`);
  expect((await rest("GET", `${pools}/pool-one`)).body.state).toBe("DELETED");
  expect((await rest("GET", pools)).body).toEqual({});
  const again = () => rest("POST", `${pools}?workloadIdentityPoolId=pool-one`, { body: {} });
  expect((await again()).body.error).toMatchObject({ code: 409, message: "Requested entity already exists" });
  await rest("POST", `${pools}/pool-one:undelete`, { body: {} });
  expect((await rest("GET", pools)).body.workloadIdentityPools).toHaveLength(1);
  await rest("DELETE", `${pools}/pool-one`);
  cloud.clock.advance(30 * 24 * 3_600_000);
  expect((await rest("GET", `${pools}/pool-one`)).body.error).toMatchObject({
    message: "Requested entity was not found.",
  });
  expect((await again()).status).toBe(200);
});

test("workload identity pools: a provider that Google refuses is refused", async () => {
  await rest("POST", `${pools}?workloadIdentityPoolId=pool-two`, { body: {} });
  const provide = async (body: object) => {
    const answer = await rest("POST", `${pools}/pool-two/providers?workloadIdentityPoolProviderId=github`, { body });
    return [answer.status, answer.body.error?.message];
  };
  const attributeMapping = { "google.subject": "assertion.sub" };
  const oidc = { issuerUri: "https://token.actions.githubusercontent.com" };
  const needed = expect.stringContaining("The attribute condition must reference one of the provider's claims.");
  expect(await provide({ attributeMapping, oidc })).toEqual([400, needed]);
  expect(await provide({ attributeMapping, oidc, attributeCondition: "true" })).toEqual([400, needed]);
  const bad = { attributeMapping: { "google.subject": "asserton.sub" }, oidc };
  expect(await provide(bad)).toEqual([400, expect.stringContaining("undeclared reference to 'asserton'")]);
  expect(await provide({ attributeMapping, oidc: { issuerUri: "http://x.com" } })).toEqual([400, expect.any(String)]);
  expect(await provide({ attributeMapping: {}, oidc })).toEqual([400, expect.stringContaining("google.subject")]);
  expect((await provide({ attributeMapping, aws: {} }))[0]).toBe(501);
  const attributeCondition = "assertion.repository_owner == 'acme'";
  expect(await provide({ attributeMapping, oidc, attributeCondition })).toEqual([200, undefined]);
});
