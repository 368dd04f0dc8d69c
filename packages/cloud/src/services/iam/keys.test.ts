import { createPrivateKey, generateKeyPairSync, type KeyObject, X509Certificate } from "node:crypto";
import { SignJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { selfSignedCertificate } from "../../chain/key-certificate.ts";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const accounts = "iam.googleapis.com/v1/projects/demo/serviceAccounts";
const email = "signer@demo.iam.gserviceaccount.com";
beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "iam.googleapis.com", true);
  await rest("POST", accounts, { body: { accountId: "signer" } });
});
afterAll(() => cloud.close());

test("iam: a key's public half is a certificate that the key signed", async () => {
  const made = (await rest("POST", `${accounts}/${email}/keys`, { body: {} })).body;
  const file = JSON.parse(Buffer.from(String(made.privateKeyData), "base64").toString()) as { private_key: string };
  const path = `iam.googleapis.com/v1/${made.name}?publicKeyType=TYPE_X509_PEM_FILE`;
  const data = String((await rest("GET", path)).body.publicKeyData);
  const certificate = new X509Certificate(Buffer.from(data, "base64"));
  expect(certificate.subject).toBe(`CN=${email}`);
  expect(certificate.checkPrivateKey(createPrivateKey(file.private_key))).toBe(true);
});

test("iam: a key made elsewhere is uploaded as its certificate, once, and signs for its account", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const text = (key: KeyObject, type: "pkcs8" | "spki"): string => String(key.export({ format: "pem", type }));
  const certificate = await selfSignedCertificate({
    privateKey: text(privateKey, "pkcs8"),
    publicKey: text(publicKey, "spki"),
    name: "elsewhere",
    serialNumber: "01",
    fromMs: Date.now() - 60_000,
  });
  const upload = (data: string) =>
    rest("POST", `${accounts}/${email}/keys:upload`, { body: { publicKeyData: Buffer.from(data).toString("base64") } });
  expect((await upload("no certificate")).status).toBe(400);
  const { body } = await upload(certificate);
  expect(body).toMatchObject({ keyOrigin: "USER_PROVIDED", keyType: "USER_MANAGED" });
  expect((await upload(certificate)).status).toBe(409);

  const now = Math.floor(cloud.host.clock.now() / 1000);
  const claims = { iss: email, scope: "x", aud: "https://oauth2.googleapis.com/token", iat: now, exp: now + 600 };
  const kid = String(body.name).split("/").at(-1) ?? "";
  const assertion = await new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(privateKey);
  const grant = { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion };
  const answer = await fetch(`${cloud.url}/oauth2.googleapis.com/token`, {
    method: "POST",
    body: new URLSearchParams(grant),
  });
  expect(answer.status).toBe(200);
});

test("iam: errors over REST carry the list of the older APIs", async () => {
  const { body } = await rest("GET", `${accounts}/nobody@demo.iam.gserviceaccount.com`);
  const message = "Unknown service account";
  expect(body.error).toEqual({
    code: 404,
    message,
    errors: [{ message, domain: "global", reason: "notFound" }],
    status: "NOT_FOUND",
  });
});
