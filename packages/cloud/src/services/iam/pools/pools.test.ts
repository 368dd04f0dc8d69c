import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const pools = "iam.googleapis.com/v1/projects/demo/locations/global/workloadIdentityPools";
const numbered = "projects/123456789012/locations/global/workloadIdentityPools";
beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  for (const name of ["iam", "sts"]) cloud.host.projects.setEnabled("demo", `${name}.googleapis.com`, true);
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
  expect((await provide({ attributeMapping, x509: {} }))[0]).toBe(501);
  expect(await provide({ aws: { accountId: "1" } })).toEqual([400, expect.stringContaining("12 digits")]);
  expect(await provide({ attributeMapping, oidc, aws: { accountId: "123456789012" } })).toEqual([
    400,
    expect.stringContaining("one of"),
  ]);
  const attributeCondition = "assertion.repository_owner == 'acme'";
  expect(await provide({ attributeMapping, oidc, attributeCondition })).toEqual([200, undefined]);
});

test("workload identity pools: providers of AWS and SAML are kept as configuration; their credentials are not exchanged", async () => {
  await rest("POST", `${pools}?workloadIdentityPoolId=pool-three`, { body: {} });
  const at = `${pools}/pool-three/providers`;
  await rest("POST", `${at}?workloadIdentityPoolProviderId=aws-one`, { body: { aws: { accountId: "123456789012" } } });
  expect((await rest("GET", `${at}/aws-one`)).body).toMatchObject({
    aws: { accountId: "123456789012" },
    attributeMapping: { "google.subject": "assertion.arn", "attribute.aws_role": expect.stringContaining("extract(") },
  });
  const saml = { idpMetadataXml: "<md:EntityDescriptor entityID='x'/>" };
  const attributeMapping = { "google.subject": "assertion.subject" };
  await rest("POST", `${at}?workloadIdentityPoolProviderId=saml-one`, { body: { saml, attributeMapping } });
  expect((await rest("GET", `${at}/saml-one`)).body.saml).toEqual(saml);
  const answer = await fetch(`${cloud.url}/sts.googleapis.com/v1/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      audience: `//iam.googleapis.com/${numbered}/pool-three/providers/aws-one`,
      scope: "https://www.googleapis.com/auth/cloud-platform",
      requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      subject_token: "x",
    }),
  });
  expect(await answer.json()).toMatchObject({
    error_description: "The local cloud does not exchange credentials of aws providers of workload identity pools.",
  });
});
