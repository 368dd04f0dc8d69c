import {
  constants,
  createCipheriv,
  createHash,
  createPublicKey,
  encapsulate,
  publicEncrypt,
  randomBytes,
  verify,
} from "node:crypto";
import { crc32c } from "@aloft/kit/crc32c";
import { AutokeyAdminClient, AutokeyClient, KeyManagementServiceClient } from "@google-cloud/kms";
import { type Answer, equal, parent as project, refused, region, type Steps, truthy } from "./step.ts";

/** Cloud KMS, every method that takes no hardware. */
export async function kms({ door, tag, step, all }: Steps): Promise<void> {
  const client = new KeyManagementServiceClient({ fallback: door === "rest" });
  const ring = `${region}/keyRings/node-${tag}`;
  const key = (id: string): string => `${ring}/cryptoKeys/${id}`;
  const first = (id: string): { readonly name: string } => ({ name: `${key(id)}/cryptoKeyVersions/1` });
  const make = async (cryptoKeyId: string, purpose: string, algorithm?: string): Promise<void> => {
    const versionTemplate = algorithm === undefined ? {} : { versionTemplate: { algorithm } };
    await client.createCryptoKey({ parent: ring, cryptoKeyId, cryptoKey: { purpose, ...versionTemplate } as Answer });
  };
  const plaintext = Buffer.from("in the clear");

  await step("createKeyRing", async () => {
    equal((await client.createKeyRing({ parent: region, keyRingId: `node-${tag}` }))[0].name, ring);
  });
  await step("getKeyRing", async () => equal((await client.getKeyRing({ name: ring }))[0].name, ring));
  await step("listKeyRings", async () => {
    truthy(
      (await client.listKeyRings({ parent: region }))[0].some((each) => each.name === ring),
      "ours is listed",
    );
  });
  await step("createCryptoKey", async () => {
    await make("symmetric", "ENCRYPT_DECRYPT");
    equal((await client.getCryptoKey({ name: key("symmetric") }))[0].primary?.state, "ENABLED");
  });
  await step("getCryptoKey that is not there", async () => {
    await refused(client.getCryptoKey({ name: key("none") }), 5);
  });
  await step("getCryptoKey", async () => {
    equal((await client.getCryptoKey({ name: key("symmetric") }))[0].purpose, "ENCRYPT_DECRYPT");
  });
  await step("listCryptoKeys", async () => {
    equal(
      (await client.listCryptoKeys({ parent: ring }))[0].map((each) => each.name),
      [key("symmetric")],
    );
  });
  let ciphertext: Answer;
  const aad = Buffer.from("context");
  await step("encrypt", async () => {
    const checks = { plaintextCrc32c: { value: crc32c(plaintext) } };
    const request = { name: key("symmetric"), plaintext, additionalAuthenticatedData: aad, ...checks };
    const [found] = await client.encrypt(request);
    equal([found.verifiedPlaintextCrc32c, found.name], [true, first("symmetric").name]);
    ciphertext = found.ciphertext;
    equal(Number(found.ciphertextCrc32c?.value), crc32c(Buffer.from(ciphertext)));
  });
  await step("decrypt", async () => {
    const [found] = await client.decrypt({ name: key("symmetric"), ciphertext, additionalAuthenticatedData: aad });
    equal(Buffer.from(found.plaintext as Uint8Array).toString(), "in the clear");
    await refused(client.decrypt({ name: key("symmetric"), ciphertext }), 3);
  });
  await step("updateCryptoKey", async () => {
    const cryptoKey = { name: key("symmetric"), labels: { made: "by-node" } };
    const [found] = await client.updateCryptoKey({ cryptoKey, updateMask: { paths: ["labels"] } });
    equal(found.labels, { made: "by-node" });
  });
  await step("createCryptoKeyVersion", async () => {
    equal((await client.createCryptoKeyVersion({ parent: key("symmetric") }))[0].state, "ENABLED");
  });
  await step("updateCryptoKeyPrimaryVersion", async () => {
    const request = { name: key("symmetric"), cryptoKeyVersionId: "2" };
    equal(
      (await client.updateCryptoKeyPrimaryVersion(request))[0].primary?.name,
      `${key("symmetric")}/cryptoKeyVersions/2`,
    );
    const [old] = await client.decrypt({ name: key("symmetric"), ciphertext, additionalAuthenticatedData: aad });
    equal([Buffer.from(old.plaintext as Uint8Array).toString(), old.usedPrimary], ["in the clear", false]);
  });
  await step("getCryptoKeyVersion", async () => {
    equal((await client.getCryptoKeyVersion(first("symmetric")))[0].protectionLevel, "SOFTWARE");
  });
  await step("listCryptoKeyVersions", async () => {
    equal((await client.listCryptoKeyVersions({ parent: key("symmetric") }))[0].length, 2);
  });
  await step("updateCryptoKeyVersion", async () => {
    const change = (state: string): Answer => ({
      cryptoKeyVersion: { ...first("symmetric"), state },
      updateMask: { paths: ["state"] },
    });
    equal((await client.updateCryptoKeyVersion(change("DISABLED")))[0].state, "DISABLED");
    await refused(client.decrypt({ name: key("symmetric"), ciphertext, additionalAuthenticatedData: aad }), 9);
    equal((await client.updateCryptoKeyVersion(change("ENABLED")))[0].state, "ENABLED");
  });
  await step("destroyCryptoKeyVersion", async () => {
    equal((await client.destroyCryptoKeyVersion(first("symmetric")))[0].state, "DESTROY_SCHEDULED");
  });
  await step("restoreCryptoKeyVersion", async () => {
    equal((await client.restoreCryptoKeyVersion(first("symmetric")))[0].state, "DISABLED");
  });

  let pem = "";
  const digest = createHash("sha256").update(plaintext).digest();
  await step("getPublicKey", async () => {
    await make("signing", "ASYMMETRIC_SIGN", "EC_SIGN_P256_SHA256");
    pem = (await client.getPublicKey(first("signing")))[0].pem ?? "";
    equal(createPublicKey(pem).asymmetricKeyType, "ec");
  });
  await step("asymmetricSign", async () => {
    const [found] = await client.asymmetricSign({ ...first("signing"), digest: { sha256: digest } });
    truthy(verify("sha256", plaintext, pem, Buffer.from(found.signature as Uint8Array)), "a signature that holds");
  });
  await step("asymmetricDecrypt", async () => {
    await make("sealed", "ASYMMETRIC_DECRYPT", "RSA_DECRYPT_OAEP_2048_SHA256");
    const [{ pem: sealing }] = await client.getPublicKey(first("sealed"));
    const options = { key: sealing ?? "", padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };
    const [found] = await client.asymmetricDecrypt({
      ...first("sealed"),
      ciphertext: publicEncrypt(options, plaintext),
    });
    equal(Buffer.from(found.plaintext as Uint8Array).toString(), "in the clear");
  });
  let mac: Answer;
  await step("macSign", async () => {
    await make("mac", "MAC", "HMAC_SHA256");
    mac = (await client.macSign({ ...first("mac"), data: plaintext }))[0].mac;
    equal(mac.length, 32);
  });
  await step("macVerify", async () => {
    equal((await client.macVerify({ ...first("mac"), data: plaintext, mac }))[0].success, true);
    equal((await client.macVerify({ ...first("mac"), data: Buffer.from("other"), mac }))[0].success, false);
  });
  let raw: Answer;
  await step("rawEncrypt", async () => {
    await make("raw", "RAW_ENCRYPT_DECRYPT", "AES_256_GCM");
    raw = (await client.rawEncrypt({ ...first("raw"), plaintext }))[0];
    truthy(raw.initializationVector.length > 0, "an initialization vector");
  });
  await step("rawDecrypt", async () => {
    const { ciphertext: sealed, initializationVector, tagLength } = raw;
    const [found] = await client.rawDecrypt({ ...first("raw"), ciphertext: sealed, initializationVector, tagLength });
    equal(Buffer.from(found.plaintext as Uint8Array).toString(), "in the clear");
  });
  await step("generateRandomBytes", async () => {
    const request = { location: region, lengthBytes: 16, protectionLevel: "HSM" } as const;
    equal((await client.generateRandomBytes(request))[0].data?.length, 16);
  });
  const importJob = `${ring}/importJobs/job`;
  await step("createImportJob", async () => {
    const job = { importMethod: "RSA_OAEP_3072_SHA256", protectionLevel: "SOFTWARE" } as const;
    equal((await client.createImportJob({ parent: ring, importJobId: "job", importJob: job }))[0].name, importJob);
  });
  await step("getImportJob", async () => {
    equal((await client.getImportJob({ name: importJob }))[0].importMethod, "RSA_OAEP_3072_SHA256");
  });
  await step("listImportJobs", async () => {
    equal(
      (await client.listImportJobs({ parent: ring }))[0].map((each) => each.name),
      [importJob],
    );
  });
  await step("importCryptoKeyVersion", async () => {
    const cryptoKey = { purpose: "ENCRYPT_DECRYPT", importOnly: true } as const;
    await client.createCryptoKey({
      parent: ring,
      cryptoKeyId: "imported",
      cryptoKey,
      skipInitialVersionCreation: true,
    });
    const [{ publicKey }] = await client.getImportJob({ name: importJob });
    const options = { key: publicKey?.pem ?? "", padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };
    const wrappedKey = publicEncrypt(options, Buffer.alloc(32, 7));
    const algorithm = "GOOGLE_SYMMETRIC_ENCRYPTION";
    const [found] = await client.importCryptoKeyVersion({ parent: key("imported"), algorithm, importJob, wrappedKey });
    equal([found.importJob, found.state], [importJob, "PENDING_IMPORT"]);
    equal((await client.getCryptoKeyVersion({ name: found.name ?? "" }))[0].state, "ENABLED");
  });
  await step("importCryptoKeyVersion by AES key wrapping", async () => {
    const job = { importMethod: "RSA_OAEP_3072_SHA1_AES_256", protectionLevel: "SOFTWARE" } as const;
    const [{ name }] = await client.createImportJob({ parent: ring, importJobId: "aes", importJob: job });
    const [{ publicKey }] = await client.getImportJob({ name: name ?? "" });
    const options = { key: publicKey?.pem ?? "", padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" };
    const wrapping = randomBytes(32);
    const cipher = createCipheriv("id-aes256-wrap-pad", wrapping, Buffer.from("a65959a6", "hex"));
    const wrappedKey = Buffer.concat([
      publicEncrypt(options, wrapping),
      cipher.update(randomBytes(32)),
      cipher.final(),
    ]);
    const request = {
      parent: key("imported"),
      algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION",
      importJob: name ?? "",
    } as const;
    const [found] = await client.importCryptoKeyVersion({ ...request, wrappedKey });
    const [version] = await client.getCryptoKeyVersion({ name: found.name ?? "" });
    equal([version.state, version.importFailureReason], ["ENABLED", ""]);
  });
  await step("importTrustedKeyWrappedCryptoKeyVersion takes keys of a single-tenant HSM alone", async () => {
    const request = { parent: key("mac"), importingKey: first("mac").name, wrappedKey: Buffer.alloc(40) };
    await refused(client.importTrustedKeyWrappedCryptoKeyVersion({ ...request, algorithm: "HMAC_SHA256" }), 9);
  });
  await step("exportTrustedKeyWrappedCryptoKeyVersion takes keys of a single-tenant HSM alone", async () => {
    const wrappingKey = first("mac").name;
    await refused(client.exportTrustedKeyWrappedCryptoKeyVersion({ ...first("mac"), wrappingKey }), 9);
  });
  await step("decapsulate", async () => {
    await make("kem", "KEY_ENCAPSULATION", "ML_KEM_768");
    const [{ publicKey }] = await client.getPublicKey({ ...first("kem"), publicKeyFormat: "NIST_PQC" });
    const raw = Buffer.from(publicKey?.data as Uint8Array);
    const sealing = createPublicKey({ key: raw, format: "raw-public", asymmetricKeyType: "ml-kem-768" });
    const { sharedKey, ciphertext: capsule } = encapsulate(sealing);
    const [found] = await client.decapsulate({ ...first("kem"), ciphertext: Buffer.from(capsule) });
    truthy(Buffer.from(found.sharedSecret as Uint8Array).equals(Buffer.from(sharedKey)), "the same secret");
  });
  await step("deleteCryptoKeyVersion", async () => {
    const [failing] = await client.importCryptoKeyVersion({
      ...{ parent: key("imported"), algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION", importJob },
      wrappedKey: randomBytes(384),
    });
    const name = failing.name ?? "";
    equal((await client.getCryptoKeyVersion({ name }))[0].state, "IMPORT_FAILED");
    const [operation] = await client.deleteCryptoKeyVersion({ name });
    await operation.promise();
    await refused(client.getCryptoKeyVersion({ name }), 5);
    const alive = await client.deleteCryptoKeyVersion(first("symmetric")).catch((error: Answer) => error.code);
    equal(alive, 9);
  });
  let retired = "";
  await step("deleteCryptoKey", async () => {
    const cryptoKey = { purpose: "ENCRYPT_DECRYPT" } as const;
    const request = { parent: ring, cryptoKeyId: "gone", cryptoKey, skipInitialVersionCreation: true };
    await client.createCryptoKey(request);
    const [operation] = await client.deleteCryptoKey({ name: key("gone") });
    await operation.promise();
    retired = (operation.metadata as Answer).retiredResource;
    await refused(client.getCryptoKey({ name: key("gone") }), 5);
    await refused(client.createCryptoKey(request), 6);
    equal(await client.deleteCryptoKey({ name: key("symmetric") }).catch((error: Answer) => error.code), 9);
  });
  await step("getRetiredResource", async () => {
    equal((await client.getRetiredResource({ name: retired }))[0].originalResource, key("gone"));
  });
  await step("listRetiredResources", async () => {
    truthy(
      (await client.listRetiredResources({ parent: region }))[0].some((each) => each.name === retired),
      "ours is listed",
    );
  });
  const bindings = [{ role: "roles/cloudkms.viewer", members: ["user:you@local.aloft"] }];
  await step("setIamPolicy", async () => {
    equal((await client.setIamPolicy({ resource: ring, policy: { bindings } } as Answer))[0].bindings?.length, 1);
  });
  await step("getIamPolicy", async () => {
    equal((await client.getIamPolicy({ resource: ring } as Answer))[0].bindings?.[0]?.role, "roles/cloudkms.viewer");
  });
  await step("testIamPermissions", async () => {
    const permissions = ["cloudkms.keyRings.get"];
    equal((await client.testIamPermissions({ resource: ring, permissions } as Answer))[0].permissions, permissions);
  });
  await step("encrypt in a project whose API is off: reason and metadata", async () => {
    const name = `projects/api-off/locations/us-central1/keyRings/r/cryptoKeys/k`;
    const error = await refused(client.encrypt({ name, plaintext }), 7);
    equal([error.reason, error.errorInfoMetadata?.service], ["SERVICE_DISABLED", "cloudkms.googleapis.com"]);
  });
  all(KeyManagementServiceClient);
  await client.close();
  await autokey({ door, tag, step });
}

/** Keys that are made by themselves, in the project that asks for them. */
async function autokey({ door, tag, step }: Pick<Steps, "door" | "tag" | "step">): Promise<void> {
  const admin = new AutokeyAdminClient({ fallback: door === "rest" });
  const client = new AutokeyClient({ fallback: door === "rest" });
  const name = `${project}/autokeyConfig`;
  const keyHandle = { resourceTypeSelector: "compute.googleapis.com/Disk" };
  const resolve = async (mode: "RESOURCE_PROJECT" | "DISABLED"): Promise<Answer> => {
    const autokeyConfig = { name, keyProjectResolutionMode: mode };
    return (
      await admin.updateAutokeyConfig({ autokeyConfig, updateMask: { paths: ["key_project_resolution_mode"] } })
    )[0];
  };
  await step("updateAutokeyConfig", async () => {
    equal((await resolve("RESOURCE_PROJECT")).keyProjectResolutionMode, "RESOURCE_PROJECT");
  });
  await step("getAutokeyConfig", async () => {
    equal((await admin.getAutokeyConfig({ name }))[0].keyProjectResolutionMode, "RESOURCE_PROJECT");
  });
  await step("showEffectiveAutokeyConfig", async () => {
    equal((await admin.showEffectiveAutokeyConfig({ parent: project }))[0].keyProject, project);
  });
  const handle = `${region}/keyHandles/${tag}`;
  await step("createKeyHandle", async () => {
    const [operation] = await client.createKeyHandle({ parent: region, keyHandleId: tag, keyHandle });
    const [made] = await operation.promise();
    truthy(made.kmsKey?.startsWith(`${region}/keyRings/autokey/cryptoKeys/`), "a key of its own");
  });
  await step("getKeyHandle", async () => equal((await client.getKeyHandle({ name: handle }))[0].name, handle));
  await step("listKeyHandles", async () => {
    truthy(
      (await client.listKeyHandles({ parent: region }))[0].some((each) => each.name === handle),
      "ours is listed",
    );
  });
  await step("createKeyHandle where Autokey is off", async () => {
    await resolve("DISABLED");
    equal(await client.createKeyHandle({ parent: region, keyHandle }).catch((error: Answer) => error.code), 9);
  });
  await Promise.all([admin.close(), client.close()]);
}
