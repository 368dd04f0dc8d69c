import { constants, createCipheriv, createPublicKey, generateKeyPairSync, publicEncrypt, verify } from "node:crypto";
import { createClock } from "@aloft/kit/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { localIam } from "../../chain/iam.ts";
import { type RestAnswer, restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";
import { cloudkms } from "./index.ts";

const clock = createClock({ frozenAt: Date.parse("2026-03-01T12:00:00Z") });
const day = 86_400_000;
const ring = "projects/demo/locations/us-central1/keyRings/ring";
let cloud: Cloud;
const rest = restOf(() => cloud);
const call = (verb: string, path: string, body?: unknown, as?: string): Promise<RestAnswer> =>
  rest(verb, `cloudkms.googleapis.com/v1/${path}`, { body, ...(as === undefined ? {} : { as }) });

beforeAll(async () => {
  cloud = await startCloud({ clock, services: [cloudkms], projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "cloudkms.googleapis.com", true);
  await call("POST", `${ring.replace("/ring", "")}?keyRingId=ring`);
});
afterAll(() => cloud.close());

const base64 = (data: Uint8Array | string): string => Buffer.from(data).toString("base64");

async function makeJob(id: string, importMethod: string): Promise<string> {
  const made = await call("POST", `${ring}/importJobs?importJobId=${id}`, {
    importMethod,
    protectionLevel: "SOFTWARE",
  });
  expect(made.body).toEqual({
    name: `${ring}/importJobs/${id}`,
    importMethod,
    protectionLevel: "SOFTWARE",
    createTime: expect.any(String),
    expireTime: new Date(clock.now() + 3 * day).toISOString().replace(".000", ""),
    state: "PENDING_GENERATION",
  });
  const { body } = await call("GET", `${ring}/importJobs/${id}`);
  expect(body).toMatchObject({ state: "ACTIVE", generateTime: expect.any(String) });
  expect(body).not.toHaveProperty("attestation");
  return String(body.publicKey?.pem);
}

async function makeKey(id: string, purpose: string, algorithm: string): Promise<string> {
  const made = await call("POST", `${ring}/cryptoKeys?cryptoKeyId=${id}&skipInitialVersionCreation=true`, {
    purpose,
    importOnly: true,
    versionTemplate: { algorithm },
  });
  expect(made.body.error).toBeUndefined();
  return `${ring}/cryptoKeys/${id}`;
}

const oaep = (pem: string, oaepHash: string, data: Uint8Array): Buffer =>
  publicEncrypt({ key: pem, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, data);

/** CKM_RSA_AES_KEY_WRAP, as `gcloud kms keys versions import` and openssl do it. */
function wrap(pem: string, hash: string, material: Uint8Array): Buffer {
  const key = Buffer.alloc(32, 9);
  const cipher = createCipheriv("id-aes256-wrap-pad", key, Buffer.from("a65959a6", "hex"));
  return Buffer.concat([oaep(pem, hash, key), cipher.update(material), cipher.final()]);
}

test("kms import: a wrapped private key signs here, by the public key that its owner has", async () => {
  const pem = await makeJob("signing", "RSA_OAEP_3072_SHA256_AES_256");
  const key = await makeKey("signer", "ASYMMETRIC_SIGN", "EC_SIGN_P256_SHA256");
  const pair = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const material = pair.privateKey.export({ format: "der", type: "pkcs8" });
  const importJob = `${ring}/importJobs/signing`;
  const request = { importJob, algorithm: "EC_SIGN_P256_SHA256", wrappedKey: base64(wrap(pem, "sha256", material)) };
  const { body } = await call("POST", `${key}/cryptoKeyVersions:import`, request);
  const version = `${key}/cryptoKeyVersions/1`;
  expect(body).toEqual({
    ...{ name: version, state: "PENDING_IMPORT", protectionLevel: "SOFTWARE", importJob },
    ...{ algorithm: "EC_SIGN_P256_SHA256", createTime: expect.any(String) },
  });
  expect((await call("GET", version)).body).toMatchObject({ state: "ENABLED", importTime: expect.any(String) });
  const signed = await call("POST", `${version}:asymmetricSign`, { data: base64("a story") });
  const signature = Buffer.from(String(signed.body.signature), "base64");
  expect(verify("sha256", Buffer.from("a story"), pair.publicKey, signature)).toBe(true);
  const { body: shown } = await call("GET", `${version}/publicKey?publicKeyFormat=DER`);
  const der = pair.publicKey.export({ format: "der", type: "spki" });
  expect([shown.publicKey?.data, shown.pem]).toEqual([base64(der), undefined]);
});

test("kms import: what cannot be unwrapped fails, says why, and can be tried again; destroyed material comes back", async () => {
  const pem = await makeJob("plain", "RSA_OAEP_3072_SHA256");
  const key = await makeKey("box", "ENCRYPT_DECRYPT", "GOOGLE_SYMMETRIC_ENCRYPTION");
  const version = `${key}/cryptoKeyVersions/1`;
  const material = Buffer.alloc(32, 7);
  const add = (wrappedKey: Uint8Array, more: object = {}): Promise<RestAnswer> =>
    call("POST", `${key}/cryptoKeyVersions:import`, {
      importJob: `${ring}/importJobs/plain`,
      algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION",
      wrappedKey: base64(wrappedKey),
      ...more,
    });

  expect((await add(Buffer.alloc(384, 1))).body.state).toBe("PENDING_IMPORT");
  expect((await call("GET", version)).body).toMatchObject({
    state: "IMPORT_FAILED",
    importFailureReason: expect.stringContaining("couldn't be unwrapped"),
    reimportEligible: true,
  });
  await add(oaep(pem, "sha256", material), { cryptoKeyVersion: version });
  expect((await call("GET", version)).body).toMatchObject({ state: "ENABLED", reimportEligible: true });
  await call("POST", `${key}:updatePrimaryVersion`, { cryptoKeyVersionId: "1" });
  const { ciphertext } = (await call("POST", `${key}:encrypt`, { plaintext: base64("kept") })).body;

  await call("POST", `${version}:destroy`, {});
  const early = await add(oaep(pem, "sha256", material), { cryptoKeyVersion: version });
  expect(early.body.error).toMatchObject({ status: "FAILED_PRECONDITION" });
  clock.advance(31 * day);
  expect((await call("GET", version)).body.state).toBe("DESTROYED");
  const late = await add(oaep(pem, "sha256", material), { cryptoKeyVersion: version });
  expect(late.body.error?.message).toContain("has expired");
  expect((await call("GET", `${ring}/importJobs/plain`)).body).toMatchObject({
    state: "EXPIRED",
    expireEventTime: expect.any(String),
  });
  expect((await call("GET", `${ring}/importJobs/plain`)).body).not.toHaveProperty("publicKey");

  const fresh = await makeJob("again", "RSA_OAEP_3072_SHA256");
  const again = { cryptoKeyVersion: version, importJob: `${ring}/importJobs/again` };
  await add(oaep(fresh, "sha256", Buffer.alloc(32, 8)), again);
  expect((await call("GET", version)).body).toMatchObject({
    state: "IMPORT_FAILED",
    importFailureReason: expect.stringContaining("first import"),
  });
  await add(oaep(fresh, "sha256", material), again);
  const opened = await call("POST", `${key}:decrypt`, { ciphertext });
  expect(opened.body.plaintext).toBe(base64("kept"));
  expect((await call("DELETE", version)).body.error).toMatchObject({ status: "FAILED_PRECONDITION" });
});

test("kms import: jobs are listed, have policies, take their own permission, and refuse what Google refuses", async () => {
  const { body } = await call("GET", `${ring}/importJobs`);
  expect(body.importJobs?.map((job) => job.name)).toContain(`${ring}/importJobs/again`);
  const job = `${ring}/importJobs/again`;
  const members = ["user:you@local.aloft"];
  const policy = { bindings: [{ role: "roles/cloudkms.importer", members }] };
  expect((await call("POST", `${job}:setIamPolicy`, { policy })).body).toMatchObject(policy);
  expect((await call("GET", `${job}:getIamPolicy`)).body).toMatchObject(policy);

  const emptied = await call("POST", `${job}:setIamPolicy`, { policy: {} });
  expect(emptied.body).toEqual({ version: 1, etag: expect.any(String) });
  expect((await call("GET", `${job}:getIamPolicy`)).body).toEqual(emptied.body);

  const der = await call("GET", `${job}?publicKeyFormat=DER`);
  const key = { key: Buffer.from(String(der.body.publicKey?.data), "base64"), format: "der", type: "spki" } as const;
  expect(createPublicKey(key).asymmetricKeyDetails?.modulusLength).toBe(3072);
  const importing = { importJob: `${ring}/importJobs/none`, algorithm: "AES_256_GCM", wrappedKey: "AAAA" };
  for (const [answer, status] of [
    [call("POST", `${ring}/importJobs?importJobId=x`, { protectionLevel: "SOFTWARE" }), "INVALID_ARGUMENT"],
    [call("POST", `${ring}/importJobs?importJobId=no%20id`, {}), "INVALID_ARGUMENT"],
    [call("GET", `${ring}/importJobs/none`), "NOT_FOUND"],
    [call("POST", `${ring}/cryptoKeys/box/cryptoKeyVersions:import`, importing), "INVALID_ARGUMENT"],
  ] as const) {
    expect((await answer).body.error).toMatchObject({ status });
  }
  const email = "importer@demo.iam.gserviceaccount.com";
  localIam(cloud.host.iam).accounts.create({ email, projectId: "demo" });
  const admin = { bindings: [{ role: "roles/cloudkms.admin", members: [`serviceAccount:${email}`] }] };
  await call("POST", `${ring}/cryptoKeys/box:setIamPolicy`, { policy: admin });
  const mine = { importJob: job, algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION", wrappedKey: "AAAA" };
  const asked = await call("POST", `${ring}/cryptoKeys/box/cryptoKeyVersions:import`, mine, email);
  expect(asked.body.error).toMatchObject({
    status: "PERMISSION_DENIED",
    message: expect.stringContaining("cloudkms.importJobs.useToImport"),
  });
  const twice = { importMethod: "RSA_OAEP_3072_SHA256", protectionLevel: "SOFTWARE" };
  expect((await call("POST", `${ring}/importJobs?importJobId=again`, twice)).body.error).toMatchObject({
    status: "ALREADY_EXISTS",
    message: `ImportJob ${job} already exists.`,
  });
});
