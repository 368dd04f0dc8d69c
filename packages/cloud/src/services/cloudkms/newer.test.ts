import { createPublicKey, encapsulate, verify } from "node:crypto";
import { createClock } from "@aloft/kit/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RestAnswer, restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";
import type { StoredProjects } from "../../store/projects.ts";
import { cloudkms } from "./index.ts";

const clock = createClock({ frozenAt: Date.parse("2026-03-01T12:00:00Z") });
const place = "projects/demo/locations/us-central1";
const ring = `${place}/keyRings/ring`;
let cloud: Cloud;
const rest = restOf(() => cloud);
const call = (verb: string, path: string, body?: unknown): Promise<RestAnswer> =>
  rest(verb, `cloudkms.googleapis.com/v1/${path}`, { body });

beforeAll(async () => {
  cloud = await startCloud({ clock, services: [cloudkms], projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "cloudkms.googleapis.com", true);
  await call("POST", `${place}/keyRings?keyRingId=ring`);
});
afterAll(() => cloud.close());

const bytes = (text: unknown): Buffer => Buffer.from(String(text), "base64");
const makeKey = (id: string, purpose: string, algorithm: string): Promise<RestAnswer> =>
  call("POST", `${ring}/cryptoKeys?cryptoKeyId=${id}`, { purpose, versionTemplate: { algorithm } });

/** The SubjectPublicKeyInfo of raw bytes: what stands before them is the same for all keys of a type. */
function publicKeyOf(raw: Buffer, type: "ml-dsa-65" | "ml-kem-768") {
  return createPublicKey({ key: raw, format: "raw-public", asymmetricKeyType: type });
}

test("kms: keys and rings in use cannot be deleted; a key without versions can, and its name is not used again", async () => {
  await makeKey("old", "ENCRYPT_DECRYPT", "GOOGLE_SYMMETRIC_ENCRYPTION");
  const [key, version] = [`${ring}/cryptoKeys/old`, `${ring}/cryptoKeys/old/cryptoKeyVersions/1`];
  expect((await call("DELETE", ring)).status).toBe(404);
  expect((await call("GET", ring)).status).toBe(200);
  expect((await call("DELETE", key)).body.error).toMatchObject({ status: "FAILED_PRECONDITION" });
  expect((await call("DELETE", version)).body.error).toMatchObject({
    message: `${version} cannot be deleted, current state is: ENABLED.`,
  });
  await call("POST", `${version}:destroy`, {});
  clock.advance(31 * 86_400_000);
  const gone = await call("DELETE", version);
  expect(gone.body).toMatchObject({ done: true, name: expect.stringContaining(`${place}/operations/`) });
  expect((await call("GET", version)).status).toBe(404);
  expect((await call("GET", key)).body).not.toHaveProperty("primary");

  const deleted = await call("DELETE", key);
  const record = String(deleted.body.metadata?.retiredResource);
  expect((await call("GET", record)).body).toEqual({
    name: record,
    originalResource: key,
    resourceType: "cloudkms.googleapis.com/CryptoKey",
    deleteTime: "2026-04-01T12:00:00Z",
  });
  expect((await call("GET", `${place}/retiredResources`)).body).toMatchObject({ totalSize: "1" });
  expect((await call("GET", key)).status).toBe(404);
  expect((await makeKey("old", "ENCRYPT_DECRYPT", "GOOGLE_SYMMETRIC_ENCRYPTION")).status).toBe(409);
});

test("kms: post-quantum keys sign and decapsulate, by raw public keys", async () => {
  await makeKey("pq", "ASYMMETRIC_SIGN", "PQ_SIGN_ML_DSA_65");
  const version = `${ring}/cryptoKeys/pq/cryptoKeyVersions/1`;
  expect((await call("GET", `${version}/publicKey`)).body.error).toMatchObject({ status: "INVALID_ARGUMENT" });
  const { body } = await call("GET", `${version}/publicKey?publicKeyFormat=NIST_PQC`);
  const raw = bytes(body.publicKey?.data);
  expect([raw.length, body.pem]).toEqual([1952, undefined]);
  const data = Buffer.from("a story");
  const signed = await call("POST", `${version}:asymmetricSign`, { data: data.toString("base64") });
  expect(verify(null, data, publicKeyOf(raw, "ml-dsa-65"), bytes(signed.body.signature))).toBe(true);

  await makeKey("kem", "KEY_ENCAPSULATION", "ML_KEM_768");
  const kem = `${ring}/cryptoKeys/kem/cryptoKeyVersions/1`;
  const key = bytes((await call("GET", `${kem}/publicKey?publicKeyFormat=NIST_PQC`)).body.publicKey?.data);
  const { sharedKey, ciphertext } = encapsulate(publicKeyOf(key, "ml-kem-768"));
  const opened = await call("POST", `${kem}:decapsulate`, { ciphertext: Buffer.from(ciphertext).toString("base64") });
  expect(bytes(opened.body.sharedSecret).equals(Buffer.from(sharedKey))).toBe(true);
  expect((await call("POST", `${kem}:decapsulate`, { ciphertext: "AAAA" })).body.error).toMatchObject({
    status: "INVALID_ARGUMENT",
  });
  expect((await call("POST", `${version}:decapsulate`, { ciphertext: "AAAA" })).body.error).toMatchObject({
    status: "FAILED_PRECONDITION",
  });
});

test("kms: Autokey makes a key for each handle, with its service's agent on it, unless it is off", async () => {
  const config = "projects/123456789012/autokeyConfig";
  const { etag } = (await call("GET", config)).body;
  expect((await call("GET", "projects/demo:showEffectiveAutokeyConfig")).body).toEqual({});
  const own = { etag, keyProjectResolutionMode: "RESOURCE_PROJECT" };
  expect((await call("PATCH", `${config}?updateMask=keyProjectResolutionMode`, own)).body).toMatchObject({
    ...{ name: config, state: "ACTIVE", keyProjectResolutionMode: "RESOURCE_PROJECT" },
  });
  const late = await call("PATCH", `${config}?updateMask=keyProjectResolutionMode`, own);
  expect(late.body.error).toMatchObject({ status: "ABORTED" });
  expect((await call("GET", "projects/demo:showEffectiveAutokeyConfig")).body).toEqual({ keyProject: "projects/demo" });

  const begun = await call("POST", `${place}/keyHandles?keyHandleId=disk`, {
    resourceTypeSelector: "compute.googleapis.com/Disk",
  });
  expect(begun.body).toMatchObject({
    metadata: { "@type": "type.googleapis.com/google.cloud.kms.v1.CreateKeyHandleMetadata" },
  });
  const { body } = await call("GET", String(begun.body.name));
  expect(body).toMatchObject({ done: true, response: { name: `${place}/keyHandles/disk` } });
  const kmsKey = String(body.response?.kmsKey);
  expect(kmsKey).toMatch(
    /^projects\/demo\/locations\/us-central1\/keyRings\/autokey\/cryptoKeys\/123456789012-compute-disk-[0-9a-f]{16}$/,
  );
  expect((await call("GET", kmsKey)).body).toMatchObject({
    rotationPeriod: "31536000s",
    primary: { state: "ENABLED", protectionLevel: "HSM" },
  });
  expect((await call("GET", `${kmsKey}:getIamPolicy`)).body.bindings?.[0]?.members).toEqual([
    "serviceAccount:service-123456789012@compute-system.iam.gserviceaccount.com",
  ]);
  const filter = encodeURIComponent('resource_type_selector="compute.googleapis.com/Disk"');
  expect((await call("GET", `${place}/keyHandles?filter=${filter}`)).body.keyHandles).toHaveLength(1);

  await call("PATCH", `${config}?updateMask=keyProjectResolutionMode`, { keyProjectResolutionMode: "DISABLED" });
  const off = await call("POST", `${place}/keyHandles`, { resourceTypeSelector: "storage.googleapis.com/Bucket" });
  expect(off.body.error).toMatchObject({ status: "FAILED_PRECONDITION" });
});

test("kms: a folder's Autokey config says where the keys of its projects are made", async () => {
  const projects = cloud.host.projects as StoredProjects;
  const { name: folder } = projects.hierarchy.ensure("folders/123456789");
  for (const id of ["keys", "member"]) {
    projects.ensure(id);
    projects.setEnabled(id, "cloudkms.googleapis.com", true);
  }
  projects.change("member", { parent: folder });
  const config = `${folder}/autokeyConfig`;
  expect((await call("GET", config)).body).toEqual({ name: config, state: "UNINITIALIZED", etag: expect.any(String) });
  const none = { keyProjectResolutionMode: "DEDICATED_KEY_PROJECT" };
  expect((await call("PATCH", `${config}?updateMask=keyProjectResolutionMode`, none)).status).toBe(400);
  const set = await call("PATCH", `${config}?updateMask=keyProject`, { keyProject: "projects/keys" });
  expect(set.body).toMatchObject({ name: config, state: "ACTIVE", keyProject: "projects/keys" });
  expect((await call("GET", "projects/member:showEffectiveAutokeyConfig")).body).toEqual({
    keyProject: "projects/keys",
  });
  const parent = "projects/member/locations/us-central1";
  const selector = { resourceTypeSelector: "storage.googleapis.com/Bucket" };
  const { name } = (await call("POST", `${parent}/keyHandles`, selector)).body;
  expect((await call("GET", String(name))).body.response).toMatchObject({
    name: expect.stringContaining(`${parent}/keyHandles/`),
    kmsKey: expect.stringContaining("projects/keys/locations/us-central1/keyRings/autokey/cryptoKeys/"),
  });
});

test("kms: lists are in the order that is asked for, page by page", async () => {
  const other = `${place}/keyRings/ordered`;
  await call("POST", `${place}/keyRings?keyRingId=ordered`);
  for (const [id, purpose, algorithm] of [
    ["b", "MAC", "HMAC_SHA256"],
    ["a", "ENCRYPT_DECRYPT", "GOOGLE_SYMMETRIC_ENCRYPTION"],
    ["c", "ENCRYPT_DECRYPT", "GOOGLE_SYMMETRIC_ENCRYPTION"],
  ]) {
    await call("POST", `${other}/cryptoKeys?cryptoKeyId=${id}`, { purpose, versionTemplate: { algorithm } });
    clock.advance(1000);
  }
  const ids = async (order: string, more = ""): Promise<[(string | undefined)[], string]> => {
    const { body } = await call("GET", `${other}/cryptoKeys?orderBy=${encodeURIComponent(order)}${more}`);
    return [body.cryptoKeys?.map((key) => key.name?.split("/").at(-1)) ?? [], String(body.nextPageToken)];
  };
  expect((await ids("name desc"))[0]).toEqual(["c", "b", "a"]);
  expect((await ids("createTime"))[0]).toEqual(["b", "a", "c"]);
  const [first, token] = await ids("purpose desc, create_time desc", "&pageSize=2");
  expect(first).toEqual(["b", "c"]);
  expect((await ids("purpose desc, create_time desc", `&pageSize=2&pageToken=${token}`))[0]).toEqual(["a"]);
  for (let i = 0; i < 2; i++) await call("POST", `${other}/cryptoKeys/a/cryptoKeyVersions`, {});
  const { body } = await call("GET", `${other}/cryptoKeys/a/cryptoKeyVersions?orderBy=name%20desc`);
  expect(body.cryptoKeyVersions?.map((version) => version.name?.split("/").at(-1))).toEqual(["3", "2", "1"]);
  const refused = await call("GET", `${other}/cryptoKeys?orderBy=labels`);
  expect(refused.body.error).toMatchObject({ status: "INVALID_ARGUMENT" });
});

test("kms: wrapping by a trusted key is refused for keys of any other level than a single-tenant HSM's", async () => {
  await makeKey("soft", "MAC", "HMAC_SHA256");
  const version = `${ring}/cryptoKeys/soft/cryptoKeyVersions/1`;
  const exported = await call("GET", `${version}:exportTrustedKeyWrappedCryptoKeyVersion?wrappingKey=${version}`);
  const path = `${ring}/cryptoKeys/soft/cryptoKeyVersions:importTrustedKeyWrappedCryptoKeyVersion`;
  const imported = await call("POST", path, { importingKey: version, wrappedKey: "AAAA", algorithm: "HMAC_SHA256" });
  for (const { body } of [exported, imported]) {
    expect(body.error).toMatchObject({
      status: "FAILED_PRECONDITION",
      message: expect.stringContaining("HSM_SINGLE_TENANT"),
    });
  }
});
