import { createPrivateKey, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
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
