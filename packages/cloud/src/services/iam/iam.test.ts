import { createSign } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const v1 = "iam.googleapis.com/v1";
const accounts = `${v1}/projects/demo/serviceAccounts`;

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  for (const api of ["iam", "iamcredentials", "secretmanager"]) {
    cloud.host.projects.setEnabled("demo", `${api}.googleapis.com`, true);
  }
});
afterAll(() => cloud.close());

const make = async (accountId: string): Promise<{ readonly email: string; readonly uniqueId: string }> => {
  const made = (await rest("POST", accounts, { body: { accountId } })).body;
  return { email: made.email ?? "", uniqueId: made.uniqueId ?? "" };
};

test("iam: a service account goes through its life as Google tells it", async () => {
  const email = "runtime@demo.iam.gserviceaccount.com";
  const any = `${v1}/projects/-/serviceAccounts/${email}`;
  expect((await rest("GET", any)).body.error).toMatchObject({ code: 404, message: "Unknown service account" });

  const serviceAccount = { displayName: "Runtime", description: "what it is for" };
  const made = await rest("POST", accounts, { body: { accountId: "runtime", serviceAccount } });
  expect(made.body).toEqual({
    ...serviceAccount,
    name: `projects/demo/serviceAccounts/${email}`,
    projectId: "demo",
    email,
    uniqueId: expect.stringMatching(/^1\d{20}$/),
    oauth2ClientId: made.body.uniqueId,
    etag: expect.any(String),
  });
  const twice = await rest("POST", accounts, { body: { accountId: "runtime" } });
  expect([twice.status, twice.body.error?.message]).toEqual([
    409,
    "Service account runtime already exists within project projects/demo.",
  ]);
  const body = { serviceAccount: { description: "new" }, updateMask: "description" };
  expect((await rest("PATCH", any, { body })).body).toEqual({ name: made.body.name, description: "new" });
  expect((await rest("GET", any)).body).toMatchObject({ displayName: "Runtime", description: "new" });

  await rest("POST", `${any}:disable`, { body: {} });
  expect((await rest("GET", `${v1}/projects/-/serviceAccounts/${made.body.uniqueId}`)).body.disabled).toBe(true);
  await rest("POST", `${any}:enable`, { body: {} });
  const listed = (await rest("GET", accounts)).body.accounts ?? [];
  expect(listed.map(({ email: each }) => each)).toEqual(["123456789012-compute@developer.gserviceaccount.com", email]);

  expect((await rest("DELETE", any)).body).toEqual({});
  expect((await rest("GET", any)).body.error?.message).toBe(`Account deleted: ${made.body.uniqueId}`);
});

test("iam: a deleted account's bindings are no later one's, and come back with it", async () => {
  const first = await make("coming-back");
  const member = `serviceAccount:${first.email}`;
  const secret = "secretmanager.googleapis.com/projects/demo/secrets/s";
  const bindings = [{ role: "roles/secretmanager.secretAccessor", members: [member] }];
  cloud.host.iam.setPolicy(secret, { version: 1, bindings });
  const members = () => cloud.host.iam.policy(secret).bindings[0]?.members;

  await rest("DELETE", `${accounts}/${first.email}`);
  expect(members()).toEqual([`deleted:${member}?uid=${first.uniqueId}`]);
  await make("coming-back");
  expect(members()).toEqual([`deleted:${member}?uid=${first.uniqueId}`]);
  const blocked = await rest("POST", `${accounts}/${first.uniqueId}:undelete`, { body: {} });
  expect(blocked.body.error?.status).toBe("ALREADY_EXISTS");
  await rest("DELETE", `${accounts}/${first.email}`);
  const back = await rest("POST", `${accounts}/${first.uniqueId}:undelete`, { body: {} });
  expect(back.body.restoredAccount?.uniqueId).toBe(first.uniqueId);
  expect(members()).toEqual([member]);
});

test("iam: names and masks that Google refuses are refused", async () => {
  const short = await rest("POST", accounts, { body: { accountId: "abc" } });
  expect(short.body.error?.message).toBe('The account ID "abc" does not have a length between 6 and 30.');
  expect((await rest("POST", accounts, { body: { accountId: "Has-Capitals" } })).status).toBe(400);
  const { email } = await make("masked");
  const body = { serviceAccount: { email: "x" }, updateMask: "email" };
  expect((await rest("PATCH", `${accounts}/${email}`, { body })).status).toBe(400);
  expect((await rest("GET", `${accounts}/${email}`, { as: "eve@example.com" })).body.error?.message).toBe(
    "Permission 'iam.serviceAccounts.get' denied on resource (or it may not exist).",
  );
});

test("iam: predefined roles are told with their permissions", async () => {
  expect((await rest("GET", `${v1}/roles/run.servicesInvoker`)).body).toMatchObject({
    title: "Cloud Run Service Invoker",
    includedPermissions: ["run.routes.invoke"],
    stage: "GA",
  });
  expect((await rest("GET", `${v1}/roles/run.nobody`)).status).toBe(404);
  const body = { fullResourceName: "//secretmanager.googleapis.com/projects/demo/secrets/s" };
  const grantable = await rest("POST", `${v1}/roles:queryGrantableRoles`, { body });
  expect((grantable.body.roles ?? []).map(({ name }) => name)).toContain("roles/secretmanager.secretAccessor");
});

test("iam: a key's private half is told once, and signs its account in until it is disabled", async () => {
  const { email } = await make("with-key");
  const path = `${accounts}/${email}/keys`;
  const made = (await rest("POST", path, { body: {} })).body;
  expect(made).toMatchObject({ keyType: "USER_MANAGED", validBeforeTime: "9999-12-31T23:59:59Z" });
  const file = JSON.parse(Buffer.from(made.privateKeyData ?? "", "base64").toString());
  expect(file).toMatchObject({ type: "service_account", client_email: email, project_id: "demo" });
  expect((await rest("GET", path)).body.keys).toMatchObject([{ name: made.name }]);
  expect(JSON.stringify((await rest("GET", path)).body)).not.toContain("privateKey");

  const nowS = Math.floor(cloud.clock.now() / 1000);
  const jwt = (claims: object, kid: string | undefined = file.private_key_id): string => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const text = `${part({ alg: "RS256", ...(kid === "" ? {} : { kid }) })}.${part({ iss: email, iat: nowS, exp: nowS + 600, ...claims })}`;
    return `${text}.${createSign("sha256").update(text).sign(file.private_key, "base64url")}`;
  };
  const grant = async (assertion: string) => {
    const grantType = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    const form = new URLSearchParams({ grant_type: grantType, assertion });
    const answer = await fetch(`${cloud.url}/oauth2.googleapis.com/token`, { method: "POST", body: form });
    return (await answer.json()) as { access_token?: string; id_token?: string; error?: string };
  };
  const aud = "https://oauth2.googleapis.com/token";
  const scope = "https://www.googleapis.com/auth/cloud-platform";
  const { access_token: token = "" } = await grant(jwt({ aud, scope }));
  expect(cloud.host.tokens.verifyAccess(token)?.email).toBe(email);
  // Google's Node library names no key in its assertions.
  expect((await grant(jwt({ aud, scope }, ""))).access_token).toBeTypeOf("string");
  expect((await grant(jwt({ aud, scope }, "another"))).error).toBe("invalid_grant");
  const { id_token: idToken = "" } = await grant(jwt({ aud, target_audience: "https://api" }));
  expect(await cloud.host.tokens.verifyId(idToken)).toMatchObject({ claims: { email, aud: "https://api" } });
  expect((await grant(jwt({ aud: "https://else", scope }))).error).toBe("invalid_grant");
  expect((await grant(`${jwt({ aud, scope })}x`)).error).toBe("invalid_grant");

  // What the official libraries send: no exchange, the assertion itself.
  const own = jwt({ sub: email, aud: "https://secretmanager.googleapis.com/" });
  const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";
  expect((await rest("GET", secrets, { bearer: own })).status).toBe(403);
  expect((await rest("GET", secrets, { bearer: jwt({ sub: email, aud: "https://run.googleapis.com/" }) })).status).toBe(
    401,
  );
  await rest("POST", `${v1}/${made.name}:disable`, { body: {} });
  expect((await rest("GET", secrets, { bearer: own })).status).toBe(401);
  expect((await grant(jwt({ aud, scope }))).error).toBe("invalid_grant");
});
