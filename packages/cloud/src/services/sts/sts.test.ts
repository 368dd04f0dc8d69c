import { ExternalAccountClient } from "google-auth-library";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const number = "123456789012";
const pools = "iam.googleapis.com/v1/projects/demo/locations/global/workloadIdentityPools";
const github = "https://token.actions.githubusercontent.com";
const poolName = `projects/${number}/locations/global/workloadIdentityPools/ci-pool`;
const audience = `//iam.googleapis.com/${poolName}/providers/github`;
const account = "deployer@demo.iam.gserviceaccount.com";
const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";

let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let jwksJson = "";
beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: Number(number) }, log: () => undefined });
  for (const api of ["iam", "iamcredentials", "secretmanager", "sts"]) {
    cloud.host.projects.setEnabled("demo", `${api}.googleapis.com`, true);
  }
  keys = await generateKeyPair("ES256");
  jwksJson = JSON.stringify({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: "k1", alg: "ES256", use: "sig" }] });
  await rest("POST", `${pools}?workloadIdentityPoolId=ci-pool`, { body: { displayName: "CI" } });
  await provide("github", {
    attributeMapping: {
      "google.subject": "assertion.sub",
      "attribute.repository": "assertion.repository",
      "attribute.owner": "assertion.repository.extract('{owner}/')",
    },
    attributeCondition: "assertion.repository_owner == 'acme'",
    oidc: { issuerUri: github, jwksJson },
  });
  await rest("POST", "iam.googleapis.com/v1/projects/demo/serviceAccounts", { body: { accountId: "deployer" } });
});
afterAll(() => cloud.close());

const provide = (id: string, body: object) =>
  rest("POST", `${pools}/ci-pool/providers?workloadIdentityPoolProviderId=${id}`, { body });
const claims = { sub: "repo:acme/app:ref:refs/heads/main", repository: "acme/app", repository_owner: "acme" };
const signed = (more: JWTPayload = {}) => {
  const nowS = Math.floor(cloud.clock.now() / 1000);
  return new SignJWT({ iss: github, aud: `https:${audience}`, iat: nowS, exp: nowS + 300, ...claims, ...more })
    .setProtectedHeader({ alg: "ES256", kid: "k1" })
    .sign(keys.privateKey);
};
const exchange = async (subjectToken: string, more: object = {}) =>
  rest("POST", "sts.googleapis.com/v1/token", {
    body: {
      audience,
      grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
      requestedTokenType: "urn:ietf:params:oauth:token-type:access_token",
      scope: "https://www.googleapis.com/auth/cloud-platform",
      subjectToken,
      subjectTokenType: "urn:ietf:params:oauth:token-type:jwt",
      ...more,
    },
    as: "",
  });
const grant = (resource: string, role: string, member: string) =>
  cloud.host.iam.setPolicy(resource, { version: 1, bindings: [{ role, members: [member] }] });

describe("sts: token exchange", () => {
  test("a trusted token opens what is granted to its subject, and to those of its repository", async () => {
    await rest("POST", `${secrets}?secretId=s`, { body: { replication: { automatic: {} } } });
    const { status, body } = await exchange(await signed());
    expect([status, body]).toEqual([
      200,
      {
        access_token: expect.stringMatching(/^ya29\./),
        issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
        token_type: "Bearer",
        expires_in: 3600,
      },
    ]);
    const get = async () => (await rest("GET", `${secrets}/s`, { bearer: String(body.access_token) })).status;
    expect(await get()).toBe(403);
    const secret = "secretmanager.googleapis.com/projects/demo/secrets/s";
    for (const member of [
      `principal://iam.googleapis.com/${poolName}/subject/${claims.sub}`,
      `principalSet://iam.googleapis.com/${poolName}/attribute.repository/acme/app`,
      `principalSet://iam.googleapis.com/${poolName}/attribute.owner/acme`,
      `principalSet://iam.googleapis.com/${poolName}/*`,
    ]) {
      grant(secret, "roles/secretmanager.viewer", member);
      expect([member, await get()]).toEqual([member, 200]);
    }
    grant(secret, "roles/secretmanager.viewer", `principalSet://iam.googleapis.com/${poolName}/attribute.owner/other`);
    expect(await get()).toBe(403);
  });

  test("Google's own library gets a service account's token with it", async () => {
    const resource = `iam.googleapis.com/projects/demo/serviceAccounts/${account}`;
    const repository = `principalSet://iam.googleapis.com/${poolName}/attribute.repository/acme/app`;
    grant(resource, "roles/iam.workloadIdentityUser", repository);
    const client = ExternalAccountClient.fromJSON({
      type: "external_account",
      audience,
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: `${cloud.url}/sts.googleapis.com/v1/token`,
      service_account_impersonation_url: `${cloud.url}/iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${account}:generateAccessToken`,
      subject_token_supplier: { getSubjectToken: () => signed() },
    });
    const { token } = (await client?.getAccessToken()) ?? {};
    expect(cloud.host.tokens.verifyAccess(token ?? "")).toMatchObject({
      email: account,
      delegation: [`principal://iam.googleapis.com/${poolName}/subject/${claims.sub}`],
    });
  });

  test.each([
    ["another owner", { repository_owner: "evil" }, "unauthorized_client", "rejected by the attribute condition"],
    ["another issuer", { iss: "https://evil.example" }, "invalid_grant", "The issuer in ID Token https://evil.example"],
    ["another audience", { aud: "x" }, "invalid_grant", "The audience in ID Token [x] does not match"],
    ["an old token", { exp: 1000 }, "invalid_grant", "is stale to sign-in"],
    ["a missing claim", { repository: undefined }, "invalid_grant", "attribute.repository"],
  ])("%s is refused", async (_, more, error, words) => {
    const { status, body } = await exchange(await signed(more));
    expect([status, body.error]).toEqual([400, error]);
    expect(body.error_description).toContain(words);
  });

  test("a forged token, an unknown or disabled provider, and an issuer out of reach are told apart", async () => {
    const forger = await generateKeyPair("ES256");
    const forged = new SignJWT({ ...claims, iss: github, aud: `https:${audience}`, exp: 4_102_444_800 });
    const token = await forged.setProtectedHeader({ alg: "ES256", kid: "k1" }).sign(forger.privateKey);
    expect((await exchange(token)).body.error_description).toContain("Invalid ID Token signature");
    const away = { audience: audience.replace("github", "nothing") };
    expect((await exchange(await signed(), away)).body.error).toBe("invalid_target");

    await provide("remote", {
      attributeMapping: { "google.subject": "assertion.sub" },
      oidc: { issuerUri: "https://ex.com" },
    });
    const remote = audience.replace("github", "remote");
    const said = await exchange(await signed({ iss: "https://ex.com", aud: `https:${remote}` }), { audience: remote });
    expect(said.body.error_description).toMatch(/^Error connecting to the given credential's issuer\..*oidc\.jwksJson/);

    await rest("PATCH", `${pools}/ci-pool/providers/github?updateMask=disabled`, { body: { disabled: true } });
    expect((await exchange(await signed())).body.error).toBe("invalid_target");
    await rest("PATCH", `${pools}/ci-pool/providers/github?updateMask=disabled`, { body: {} });
    expect((await exchange(await signed())).status).toBe(200);
  });

  test("an exchange is audited where the project asks for it, without the token; so is one that fails", async () => {
    const { bindings } = cloud.host.iam.policy("projects/demo");
    const auditConfigs = [{ service: "sts.googleapis.com", auditLogConfigs: [{ logType: "ADMIN_READ" }] }];
    cloud.host.iam.setPolicy("projects/demo", { version: 1, bindings, auditConfigs });
    const token = await signed();
    await exchange(token);
    await exchange(await signed({ repository_owner: "evil" }));
    const name = "google.identity.sts.v1.SecurityTokenService.ExchangeToken";
    const filter = `protoPayload.methodName="${name}"`;
    const body = { resourceNames: ["projects/demo"], filter };
    const entries = (await rest("POST", "logging.googleapis.com/v2/entries:list", { body })).body.entries ?? [];
    const resourceName = `${poolName}/providers/github`;
    expect(entries.map(({ protoPayload }) => protoPayload)).toMatchObject([
      {
        serviceName: "sts.googleapis.com",
        status: {},
        authenticationInfo: { principalSubject: claims.sub },
        metadata: { mapped_principal: `principal://iam.googleapis.com/${poolName}/subject/${claims.sub}` },
        request: { audience, subjectTokenType: "urn:ietf:params:oauth:token-type:jwt" },
        resourceName,
      },
      { status: { code: 3, message: "The given credential is rejected by the attribute condition." }, resourceName },
    ]);
    expect(JSON.stringify(entries)).not.toContain(token);
  });
});
