import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const emails = { target: "", middle: "" };
const scope = ["https://www.googleapis.com/auth/cloud-platform"];
const creator = "roles/iam.serviceAccountTokenCreator";

const act = (email: string, verb: string, body: object, as?: string) =>
  rest("POST", `iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${email}:${verb}`, {
    body,
    ...(as === undefined ? {} : { as }),
  });
const allow = (email: string, member: string) =>
  cloud.host.iam.setPolicy(`iam.googleapis.com/projects/demo/serviceAccounts/${email}`, {
    version: 1,
    bindings: [{ role: creator, members: [member] }],
  });

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  for (const api of ["iam", "iamcredentials"]) cloud.host.projects.setEnabled("demo", `${api}.googleapis.com`, true);
  for (const id of ["target", "middle"] as const) {
    const path = "iam.googleapis.com/v1/projects/demo/serviceAccounts";
    emails[id] = (await rest("POST", path, { body: { accountId: id } })).body.email ?? "";
  }
});
afterAll(() => cloud.close());

test("iamcredentials: even an owner needs to be a token creator to act as an account", async () => {
  const refused = await act(emails.target, "generateAccessToken", { scope });
  expect(refused.body.error?.message).toBe(
    "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist).",
  );
  allow(emails.target, "user:you@local.aloft");
  const granted = await act(emails.target, "generateAccessToken", { scope, lifetime: "300s", delegates: null });
  const token = granted.body.accessToken ?? "";
  expect(cloud.host.tokens.verifyAccess(token)).toMatchObject({
    email: emails.target,
    delegation: ["you@local.aloft"],
  });
  expect(Date.parse(granted.body.expireTime ?? "") - cloud.clock.now()).toBeLessThanOrEqual(300_000);

  const info = await fetch(`${cloud.url}/oauth2.googleapis.com/tokeninfo?access_token=${token}`);
  expect(await info.json()).toMatchObject({ email: emails.target, scope: scope[0] });
});

test("iamcredentials: a chain of delegates holds when each link may act for the next", async () => {
  allow(emails.target, `serviceAccount:${emails.middle}`);
  const body = { scope, delegates: [`projects/-/serviceAccounts/${emails.middle}`] };
  expect((await act(emails.target, "generateAccessToken", body)).status).toBe(403);
  allow(emails.middle, "user:you@local.aloft");
  const { body: granted } = await act(emails.target, "generateAccessToken", body);
  expect(cloud.host.tokens.verifyAccess(granted.accessToken ?? "")?.delegation).toEqual([
    "you@local.aloft",
    emails.middle,
  ]);
  expect((await act(emails.target, "generateAccessToken", { scope })).status).toBe(403);
});

test("iamcredentials: an ID token verifies by the keys that the discovery document names", async () => {
  allow(emails.target, "user:you@local.aloft");
  const body = { audience: "https://api.example.com", includeEmail: true };
  const { token = "" } = (await act(emails.target, "generateIdToken", body)).body;
  const document = await fetch(`${cloud.url}/accounts.google.com/.well-known/openid-configuration`);
  const { issuer, jwks_uri: keys } = (await document.json()) as { issuer: string; jwks_uri: string };
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(keys)), { issuer, audience: body.audience });
  expect(payload).toMatchObject({ email: emails.target, email_verified: true });
  const bare = (await act(emails.target, "generateIdToken", { audience: "x" })).body.token ?? "";
  expect(decodeJwt(bare)).not.toHaveProperty("email");
});

test("iamcredentials: what Google refuses is refused", async () => {
  allow(emails.target, "user:you@local.aloft");
  const status = async (verb: string, body: object) => (await act(emails.target, verb, body)).body.error?.status;
  expect(await status("generateAccessToken", {})).toBe("INVALID_ARGUMENT");
  expect(await status("generateAccessToken", { scope, lifetime: "7200s" })).toBe("INVALID_ARGUMENT");
  expect(await status("generateIdToken", {})).toBe("INVALID_ARGUMENT");
  expect(await status("signJwt", { payload: "no json" })).toBe("INVALID_ARGUMENT");
  const blob = (await act(emails.target, "signBlob", { payload: Buffer.from("text").toString("base64") })).body;
  expect(Buffer.from(blob.signedBlob ?? "", "base64")).toHaveLength(256);
  await rest("POST", `iam.googleapis.com/v1/projects/-/serviceAccounts/${emails.target}:disable`, { body: {} });
  expect(await status("generateAccessToken", { scope })).toBe("FAILED_PRECONDITION");
});

test("iamcredentials: an account signs for itself only when it is its own token creator", async () => {
  const sign = () => act(emails.middle, "signBlob", { payload: Buffer.from("text").toString("base64") }, emails.middle);
  allow(emails.middle, "user:you@local.aloft");
  const refused = await sign();
  expect([refused.status, refused.body.error?.message]).toEqual([
    403,
    "Permission 'iam.serviceAccounts.signBlob' denied on resource (or it may not exist).",
  ]);
  allow(emails.middle, `serviceAccount:${emails.middle}`);
  expect((await sign()).status).toBe(200);
});
