import { constants, createHash, privateDecrypt, publicEncrypt, randomBytes, verify } from "node:crypto";
import { createClock } from "@aloft/kit/clock";
import { crc32c } from "@aloft/kit/crc32c";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RestAnswer, restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";
import { cloudkms } from "./index.ts";

const start = Date.parse("2026-03-01T12:00:00Z");
const day = 86_400_000;
const clock = createClock({ frozenAt: start });
const canary = "canary-8d31-never-in-a-log";
let cloud: Cloud;
const rest = restOf(() => cloud);
const place = "projects/demo/locations/global";
const ring = `${place}/keyRings/ring`;

beforeAll(async () => {
  cloud = await startCloud({ clock, services: [cloudkms], projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "cloudkms.googleapis.com", true);
  await call("POST", `${place}/keyRings?keyRingId=ring`);
});
afterAll(() => cloud.close());

const call = (verb: string, path: string, body?: unknown, as?: string) =>
  rest(verb, `cloudkms.googleapis.com/v1/${path}`, { body, ...(as === undefined ? {} : { as }) });
const base64 = (data: string | Uint8Array): string => Buffer.from(data).toString("base64");
const bytes = (text: unknown): Buffer => Buffer.from(String(text), "base64");

async function makeKey(id: string, purpose = "ENCRYPT_DECRYPT", algorithm?: string, more: object = {}) {
  const body = { purpose, ...(algorithm === undefined ? {} : { versionTemplate: { algorithm } }), ...more };
  const made = await call("POST", `${ring}/cryptoKeys?cryptoKeyId=${id}`, body);
  expect(made.body.error).toBeUndefined();
  return { name: `${ring}/cryptoKeys/${id}`, version: `${ring}/cryptoKeys/${id}/cryptoKeyVersions/1`, body: made.body };
}

test("kms: a ring and a key are made, as Google answers them, and nothing twice", async () => {
  const { body } = await makeKey("plain", "ENCRYPT_DECRYPT", undefined, { labels: { team: "eng" } });
  const at = "2026-03-01T12:00:00Z";
  const template = { protectionLevel: "SOFTWARE", algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION" };
  const primary = { name: `${ring}/cryptoKeys/plain/cryptoKeyVersions/1`, state: "ENABLED", createTime: at };
  const key = {
    name: `${ring}/cryptoKeys/plain`,
    primary: { ...primary, generateTime: at, ...template },
    purpose: "ENCRYPT_DECRYPT",
    createTime: at,
    labels: { team: "eng" },
    versionTemplate: template,
    destroyScheduledDuration: "2592000s",
  };
  expect(body).toEqual(key);
  expect((await call("GET", `${ring}/cryptoKeys`)).body).toEqual({ cryptoKeys: [key], totalSize: 1 });
  expect((await call("GET", `${place.replace("global", "us")}/keyRings`)).body).toEqual({});
  // A number stands for the project's id.
  expect((await call("GET", `${ring.replace("demo", "123456789012")}`)).body).toEqual({ name: ring, createTime: at });

  const again = await call("POST", `${place}/keyRings?keyRingId=ring`, {});
  expect(again.status).toBe(409);
  expect(again.body.error).toMatchObject({ status: "ALREADY_EXISTS", message: `KeyRing ${ring} already exists.` });
  const twice = await call("POST", `${ring}/cryptoKeys?cryptoKeyId=plain`, { purpose: "ENCRYPT_DECRYPT" });
  expect(twice.body.error?.message).toBe(`CryptoKey ${ring}/cryptoKeys/plain already exists.`);
  const none = await call("GET", `${ring}/cryptoKeys/none`);
  expect(none.status).toBe(404);
  expect(none.body.error?.message).toBe(`CryptoKey ${ring}/cryptoKeys/none not found.`);
});

test("kms: what is encrypted comes back by its key and authenticated data alone", async () => {
  const { name, version } = await makeKey("box");
  await makeKey("other");
  const [plaintext, aad] = [base64(canary), base64("for whom")];
  const sealed = await call("POST", `${name}:encrypt`, {
    plaintext,
    plaintextCrc32c: String(crc32c(Buffer.from(canary))),
    additionalAuthenticatedData: aad,
    additionalAuthenticatedDataCrc32c: String(crc32c(Buffer.from("for whom"))),
  });
  const { ciphertext } = sealed.body;
  expect(sealed.body).toEqual({
    name: version,
    ciphertext: expect.stringMatching(/^CiQA/),
    ciphertextCrc32c: String(crc32c(bytes(ciphertext))),
    verifiedPlaintextCrc32c: true,
    verifiedAdditionalAuthenticatedDataCrc32c: true,
    protectionLevel: "SOFTWARE",
  });

  // Another primary version changes nothing for what is there.
  await call("POST", `${name}/cryptoKeyVersions`, {});
  const promoted = await call("POST", `${name}:updatePrimaryVersion`, { cryptoKeyVersionId: "2" });
  expect(promoted.body.primary?.name).toBe(`${name}/cryptoKeyVersions/2`);
  const opened = await call("POST", `${name}:decrypt`, { ciphertext, additionalAuthenticatedData: aad });
  expect(opened.body).toEqual({
    plaintext,
    plaintextCrc32c: String(crc32c(Buffer.from(canary))),
    protectionLevel: "SOFTWARE",
  });

  const damaged = bytes(ciphertext);
  damaged[damaged.length - 1] = (damaged[damaged.length - 1] as number) ^ 1;
  const refusals: [string, object, string][] = [
    [name, { ciphertext }, "Decryption failed: the ciphertext is invalid."],
    [
      name,
      { ciphertext: base64(damaged), additionalAuthenticatedData: aad },
      "Decryption failed: the ciphertext is invalid.",
    ],
    [name, { ciphertext: base64("InvalidKMSData") }, "Decryption failed: the ciphertext is invalid."],
    [
      `${ring}/cryptoKeys/other`,
      { ciphertext, additionalAuthenticatedData: aad },
      "Decryption failed: verify that 'name' refers to the correct CryptoKey.",
    ],
    [
      name,
      { ciphertext, ciphertextCrc32c: "1" },
      "The checksum in field ciphertext_crc32c did not match the data in field ciphertext.",
    ],
  ];
  for (const [key, body, message] of refusals) {
    expect((await call("POST", `${key}:decrypt`, body)).body.error).toMatchObject({
      status: "INVALID_ARGUMENT",
      message,
    });
  }

  await call("PATCH", `${version}?updateMask=state`, { state: "DISABLED" });
  const disabled = await call("POST", `${name}:decrypt`, { ciphertext, additionalAuthenticatedData: aad });
  expect(disabled.body.error).toMatchObject({
    status: "FAILED_PRECONDITION",
    message: `${version} is not enabled, current state is: DISABLED.`,
    details: [{ violations: [{ type: "KEY_DISABLED", subject: version }] }],
  });
});

test("kms: a version is destroyed when its time comes, and its material is gone; before that it can be restored", async () => {
  const { name, version } = await makeKey("mortal", "ENCRYPT_DECRYPT", undefined, {
    destroyScheduledDuration: "172800s",
  });
  const { ciphertext } = (await call("POST", `${name}:encrypt`, { plaintext: base64(canary) })).body;
  const scheduled = await call("POST", `${version}:destroy`, {});
  expect(scheduled.body).toMatchObject({ state: "DESTROY_SCHEDULED", destroyTime: "2026-03-03T12:00:00Z" });
  expect((await call("GET", name)).body.primary?.state).toBe("DESTROY_SCHEDULED");
  expect((await call("POST", `${version}:destroy`, {})).body.error?.status).toBe("FAILED_PRECONDITION");
  const restored = (await call("POST", `${version}:restore`, {})).body;
  expect(restored.state).toBe("DISABLED");
  expect(restored).not.toHaveProperty("destroyTime");
  await call("PATCH", `${version}?updateMask=state`, { state: "ENABLED" });
  expect((await call("POST", `${name}:decrypt`, { ciphertext })).body.plaintext).toBe(base64(canary));

  await call("POST", `${version}:destroy`, {});
  clock.advance(2 * day);
  const gone = (await call("GET", version)).body;
  expect(gone).toMatchObject({ state: "DESTROYED", destroyEventTime: "2026-03-03T12:00:00Z" });
  expect(gone).not.toHaveProperty("destroyTime");
  expect((await call("POST", `${name}:decrypt`, { ciphertext })).body.error?.message).toContain("state is: DESTROYED");
  expect((await call("POST", `${version}:restore`, {})).body.error?.status).toBe("FAILED_PRECONDITION");
  const kept = cloud.host.db.prepare("SELECT count(*) AS n FROM kms_versions WHERE key = ? AND sealed IS NOT NULL");
  expect(kept.get(name)).toEqual({ n: 0 });
});

test("kms: a key is rotated by the clock, in step with its first time", async () => {
  const next = new Date(clock.now() + day).toISOString();
  const { name } = await makeKey("turning", "ENCRYPT_DECRYPT", undefined, {
    rotationPeriod: "172800s",
    nextRotationTime: next,
  });
  clock.advance(1.5 * day);
  const once = (await call("GET", name)).body;
  expect(once.primary).toMatchObject({ name: `${name}/cryptoKeyVersions/2`, createTime: next.replace(".000Z", "Z") });
  expect(Date.parse(String(once.nextRotationTime))).toBe(Date.parse(next) + 2 * day);
  clock.advance(4 * day);
  expect((await call("GET", name)).body.primary?.name).toBe(`${name}/cryptoKeyVersions/4`);
  await call("PATCH", `${name}?updateMask=rotationPeriod,nextRotationTime`, {});
  clock.advance(9 * day);
  const stopped = (await call("GET", `${name}/cryptoKeyVersions?pageSize=3`)).body;
  expect(stopped.totalSize).toBe(4);
  const rest = await call("GET", `${name}/cryptoKeyVersions?pageSize=3&pageToken=${stopped.nextPageToken}`);
  expect(rest.body.cryptoKeyVersions?.map((each) => each.name)).toEqual([`${name}/cryptoKeyVersions/4`]);
});

test("kms: what Google refuses in a key is refused", async () => {
  const create = (id: string, body: object) => call("POST", `${ring}/cryptoKeys?cryptoKeyId=${id}`, body);
  const signing = { purpose: "ASYMMETRIC_SIGN", versionTemplate: { algorithm: "EC_SIGN_P256_SHA256" } };
  const period = { rotationPeriod: "86400s", nextRotationTime: "2030-01-01T00:00:00Z" };
  const cases: [Promise<RestAnswer>, string][] = [
    [create("no.dots", signing), "crypto_key_id"],
    [create("a", {}), "CryptoKey.purpose must be provided"],
    [create("a", { purpose: "ASYMMETRIC_SIGN" }), "algorithm must be provided"],
    [create("a", { ...signing, purpose: "ASYMMETRIC_DECRYPT" }), "cannot be used with the purpose ASYMMETRIC_DECRYPT"],
    [create("a", { ...signing, ...period }), "do not support automatic rotation"],
    [create("a", { purpose: "ENCRYPT_DECRYPT", ...period, rotationPeriod: "60s" }), "at least 24 hours"],
    [create("a", { purpose: "ENCRYPT_DECRYPT", destroyScheduledDuration: "60s" }), "between 24 hours and 120 days"],
    [create("a", { purpose: "ENCRYPT_DECRYPT", labels: { UPPER: "x" } }), "Invalid label key"],
    [call("POST", `projects/demo/locations/mars/keyRings?keyRingId=r`), "not a location"],
    [call("PATCH", `${ring}/cryptoKeys/plain?updateMask=purpose`, signing), "cannot be updated"],
    [
      call("POST", `${ring}/cryptoKeys/plain:encrypt`, { plaintext: base64(Buffer.alloc(65_537)) }),
      "but not more than 65536",
    ],
  ];
  for (const [answer, message] of cases) {
    expect((await answer).body.error).toMatchObject({
      status: "INVALID_ARGUMENT",
      message: expect.stringContaining(message),
    });
  }
  expect((await call("GET", `${ring}/cryptoKeys/a`)).status).toBe(404);
  const sign = await call("POST", `${ring}/cryptoKeys/plain/cryptoKeyVersions/1:asymmetricSign`, {});
  expect(sign.body.error?.status).toBe("FAILED_PRECONDITION");
  const missing = { purpose: "KEY_ENCAPSULATION", versionTemplate: { algorithm: "KEM_XWING" } };
  const hpke = { importMethod: "HPKE_KEM_XWING_HKDF_SHA256_AES_256_GCM", protectionLevel: "SOFTWARE" };
  for (const [answer, name] of [
    [create("a", missing), "KEM_XWING"],
    [call("POST", `${ring}/importJobs?importJobId=i`, hpke), hpke.importMethod],
    [call("GET", `${place}/ekmConfig`), "EkmService.GetEkmConfig"],
  ] as const) {
    const { body } = await answer;
    expect(body.error).toMatchObject({ status: "UNIMPLEMENTED", message: expect.stringContaining(name) });
  }
});

test.each([
  ["EC_SIGN_P256_SHA256", "sha256"],
  ["EC_SIGN_P384_SHA384", "sha384"],
  ["RSA_SIGN_PKCS1_2048_SHA256", "sha256"],
  ["RSA_SIGN_PSS_2048_SHA256", "sha256"],
] as const)("kms: a signature by %s is verified with the public key", async (algorithm, hash) => {
  const { version, body } = await makeKey(algorithm, "ASYMMETRIC_SIGN", algorithm);
  expect(body).not.toHaveProperty("primary");
  const digest = createHash(hash).update(canary).digest();
  const signed = (
    await call("POST", `${version}:asymmetricSign`, {
      digest: { [hash]: base64(digest) },
      digestCrc32c: String(crc32c(digest)),
    })
  ).body;
  expect(signed).toMatchObject({ name: version, verifiedDigestCrc32c: true, protectionLevel: "SOFTWARE" });
  const signature = bytes(signed.signature);
  expect(signed.signatureCrc32c).toBe(String(crc32c(signature)));
  const shown = (await call("GET", `${version}/publicKey`)).body;
  expect(shown).toMatchObject({ name: version, algorithm, pemCrc32c: String(crc32c(Buffer.from(String(shown.pem)))) });
  const padding = algorithm.includes("PSS") ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
  expect(verify(hash, Buffer.from(canary), { key: String(shown.pem), ...padding }, signature)).toBe(true);

  const other = hash === "sha256" ? "sha512" : "sha256";
  for (const wrong of [{ [other]: base64(digest) }, { [hash]: base64(digest.subarray(1)) }]) {
    const refused = await call("POST", `${version}:asymmetricSign`, { digest: wrong });
    expect(refused.body.error?.status).toBe("INVALID_ARGUMENT");
  }
});

test("kms: what is encrypted to a public key is decrypted by its version", async () => {
  const { version } = await makeKey("oaep", "ASYMMETRIC_DECRYPT", "RSA_DECRYPT_OAEP_2048_SHA256");
  const { pem } = (await call("GET", `${version}/publicKey`)).body;
  const options = { key: String(pem), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };
  const ciphertext = publicEncrypt(options, Buffer.from(canary));
  const opened = await call("POST", `${version}:asymmetricDecrypt`, {
    ciphertext: base64(ciphertext),
    ciphertextCrc32c: String(crc32c(ciphertext)),
  });
  expect(opened.body).toMatchObject({ plaintext: base64(canary), verifiedCiphertextCrc32c: true });
  const refused = await call("POST", `${version}:asymmetricDecrypt`, { ciphertext: base64(randomBytes(256)) });
  expect(refused.body.error).toMatchObject({ status: "INVALID_ARGUMENT", message: "Decryption failed." });
  expect(() => privateDecrypt(options, ciphertext)).toThrow();
});

test("kms: MACs, raw AES and random bytes", async () => {
  const mac = await makeKey("mac", "MAC", "HMAC_SHA256");
  const data = base64("authentic");
  const tag = (await call("POST", `${mac.version}:macSign`, { data })).body.mac;
  const checked = (await call("POST", `${mac.version}:macVerify`, { data, mac: tag })).body;
  expect(checked).toMatchObject({ success: true, verifiedSuccessIntegrity: true });
  const wrong = (await call("POST", `${mac.version}:macVerify`, { data: base64("other"), mac: tag })).body;
  expect(wrong).not.toHaveProperty("success");

  for (const [algorithm, plaintext] of [
    ["AES_256_GCM", canary],
    ["AES_128_CTR", canary],
    ["AES_256_CBC", "sixteen bytes it"],
  ] as const) {
    const { version } = await makeKey(algorithm, "RAW_ENCRYPT_DECRYPT", algorithm);
    const sealed = (await call("POST", `${version}:rawEncrypt`, { plaintext: base64(plaintext) })).body;
    const { ciphertext, initializationVector } = sealed;
    const opened = await call("POST", `${version}:rawDecrypt`, { ciphertext, initializationVector });
    expect(bytes(opened.body.plaintext).toString()).toBe(plaintext);
  }
  const random = await call("POST", `${place}:generateRandomBytes`, { lengthBytes: 32, protectionLevel: "HSM" });
  expect(bytes(random.body.data)).toHaveLength(32);
});

test("kms: places are Google's, with `global` and what each offers", async () => {
  const { locations } = (await call("GET", "projects/demo/locations")).body;
  expect(locations?.map((each) => each.locationId)).toEqual(expect.arrayContaining(["global", "us", "us-central1"]));
  expect((await call("GET", "projects/demo/locations/us-central1")).body).toMatchObject({
    name: "projects/demo/locations/us-central1",
    metadata: { "@type": "type.googleapis.com/google.cloud.kms.v1.LocationMetadata", hsmAvailable: true },
  });
});

test("kms: a grant on the ring holds for its keys, one on a key for that key alone", async () => {
  const editor = "123456789012-compute@developer.gserviceaccount.com";
  const { name } = await makeKey("granted");
  const encrypt = (key: string) => call("POST", `${key}:encrypt`, { plaintext: base64("x") }, editor);
  expect((await encrypt(name)).body.error).toMatchObject({
    status: "PERMISSION_DENIED",
    message: `Permission 'cloudkms.cryptoKeyVersions.useToEncrypt' denied on resource '${name}' (or it may not exist).`,
  });
  const grant = (on: string, role: string) =>
    call("POST", `${on}:setIamPolicy`, { policy: { bindings: [{ role, members: [`serviceAccount:${editor}`] }] } });
  await grant(name, "roles/cloudkms.cryptoKeyEncrypter");
  expect((await encrypt(name)).status).toBe(200);
  expect((await encrypt(`${ring}/cryptoKeys/plain`)).status).toBe(403);
  const set = await grant(ring, "roles/cloudkms.cryptoKeyEncrypterDecrypter");
  expect((await encrypt(`${ring}/cryptoKeys/plain`)).status).toBe(200);
  expect((await call("GET", `${ring}:getIamPolicy?options.requestedPolicyVersion=3`)).body).toEqual(set.body);
  expect((await call("GET", `${ring}/cryptoKeys/other:getIamPolicy`)).body).toEqual({ etag: "ACAB" });
  const asked = ["cloudkms.cryptoKeyVersions.useToDecrypt", "cloudkms.cryptoKeyVersions.destroy"];
  const held = await call("POST", `${name}:testIamPermissions`, { permissions: asked }, editor);
  expect(held.body).toEqual({ permissions: asked.slice(0, 1) });
  expect((await call("GET", `${ring}/cryptoKeys/none:getIamPolicy`)).status).toBe(404);
});

test("kms: neither keys nor plain texts are at rest or in logs", async () => {
  const everything = { service: "cloudkms.googleapis.com", auditLogConfigs: [{ logType: "DATA_READ" }] };
  const policy = cloud.host.iam.policy("projects/demo");
  cloud.host.iam.setPolicy("projects/demo", { ...policy, auditConfigs: [everything] });
  const { name } = await makeKey("quiet");
  await call("POST", `${name}:encrypt`, { plaintext: base64(canary), additionalAuthenticatedData: base64(canary) });
  cloud.host.logs.flush();
  const written: string[] = [];
  for (const { name: table } of cloud.host.db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()) {
    for (const row of cloud.host.db.sql.prepare(`SELECT * FROM "${table}"`).all()) {
      for (const value of Object.values(row)) {
        written.push(value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : String(value));
      }
    }
  }
  const all = written.join("\n");
  expect(all).toContain(`"methodName":"Encrypt"`);
  expect(all).toContain("cloudkms_cryptokey");
  for (const form of [canary, base64(canary), "PRIVATE KEY", "\x2a\x86\x48\xce\x3d\x02\x01"])
    expect(all).not.toContain(form);
});
