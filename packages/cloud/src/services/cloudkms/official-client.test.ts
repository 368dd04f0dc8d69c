import { createHash, verify } from "node:crypto";
import { crc32c } from "@aloft/kit/crc32c";
import { KeyManagementServiceClient } from "@google-cloud/kms";
import { credentials } from "@grpc/grpc-js";
import { OAuth2Client } from "google-auth-library";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../../cloud.ts";
import { cloudkms } from "./index.ts";

// Else the library looks for the metadata server of a machine at Google.
process.env.METADATA_SERVER_DETECTION = "none";

let cloud: Cloud;
let client: KeyManagementServiceClient;
let options: object;

beforeAll(async () => {
  cloud = await startCloud({ services: [cloudkms], projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "cloudkms.googleapis.com", true);
  client = new KeyManagementServiceClient({
    apiEndpoint: "127.0.0.1",
    port: cloud.port,
    projectId: "demo",
    sslCreds: credentials.combineChannelCredentials(credentials.createInsecure()),
  });
  options = { otherArgs: { headers: { authorization: `Bearer ${cloud.token()}` } } };
});
afterAll(async () => {
  await client.close();
  await cloud.close();
});

const place = "projects/demo/locations/europe-west1";

test("kms: the official client over gRPC, from a ring to a destroyed version", async () => {
  const [ring] = await client.createKeyRing({ parent: place, keyRingId: "ring", keyRing: {} }, options);
  const [key] = await client.createCryptoKey(
    { parent: ring.name, cryptoKeyId: "key", cryptoKey: { purpose: "ENCRYPT_DECRYPT" } },
    options,
  );
  const plaintext = Buffer.from("over grpc");
  const [sealed] = await client.encrypt(
    { name: key.name, plaintext, plaintextCrc32c: { value: crc32c(plaintext) } },
    options,
  );
  expect(sealed.verifiedPlaintextCrc32c).toBe(true);
  expect(Number(sealed.ciphertextCrc32c?.value)).toBe(crc32c(sealed.ciphertext as Uint8Array));
  const [opened] = await client.decrypt({ name: key.name, ciphertext: sealed.ciphertext }, options);
  expect(Buffer.from(opened.plaintext as Uint8Array)).toEqual(plaintext);
  expect(opened.usedPrimary).toBe(true);
  await expect(client.decrypt({ name: key.name, ciphertext: Buffer.from("nothing") }, options)).rejects.toMatchObject({
    code: 3,
    details: "Decryption failed: the ciphertext is invalid.",
  });

  const [patched] = await client.updateCryptoKey(
    { cryptoKey: { name: key.name, labels: { tier: "gold" } }, updateMask: { paths: ["labels"] } },
    options,
  );
  expect(patched.labels).toEqual({ tier: "gold" });
  const version = `${key.name}/cryptoKeyVersions/1`;
  const [destroyed] = await client.destroyCryptoKeyVersion({ name: version }, options);
  expect(destroyed.state).toBe("DESTROY_SCHEDULED");
  await expect(client.encrypt({ name: key.name, plaintext }, options)).rejects.toMatchObject({ code: 9 });
  const [listed] = await client.listCryptoKeys({ parent: ring.name }, options);
  expect(listed.map((each) => each.primary?.state)).toEqual(["DESTROY_SCHEDULED"]);
  await expect(client.getKeyRing({ name: `${place}/keyRings/none` }, options)).rejects.toMatchObject({ code: 5 });
  await expect(client.createImportJob({ parent: ring.name, importJobId: "i" }, options)).rejects.toMatchObject({
    code: 3,
  });
});

test("kms: the official client signs, reads policies and lists places", async () => {
  const [ring] = await client.createKeyRing({ parent: place, keyRingId: "signing", keyRing: {} }, options);
  const [key] = await client.createCryptoKey(
    {
      parent: ring.name,
      cryptoKeyId: "signer",
      cryptoKey: { purpose: "ASYMMETRIC_SIGN", versionTemplate: { algorithm: "EC_SIGN_P384_SHA384" } },
    },
    options,
  );
  const name = `${key.name}/cryptoKeyVersions/1`;
  const sha384 = createHash("sha384").update("statement").digest();
  const [signed] = await client.asymmetricSign({ name, digest: { sha384 } }, options);
  const [{ pem }] = await client.getPublicKey({ name }, options);
  expect(verify("sha384", Buffer.from("statement"), pem ?? "", signed.signature as Uint8Array)).toBe(true);

  const member = "user:you@local.aloft";
  const bindings = [{ role: "roles/cloudkms.signer", members: [member] }];
  // Their types ask for whole messages; plain objects do.
  await client.setIamPolicy({ resource: key.name, policy: { bindings } } as never, options);
  const [policy] = await client.getIamPolicy({ resource: key.name } as never, options);
  expect(policy.bindings).toMatchObject(bindings);
  const places: (string | null | undefined)[] = [];
  for await (const each of client.listLocationsAsync({ name: "projects/demo" }, options)) places.push(each.locationId);
  expect(places).toContain("global");
});

test("kms: the official client over its REST fallback", async () => {
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: cloud.token() });
  const plain = authClient.fetch.bind(authClient);
  // The client has no setting for a path prefix: it is put before what it asks for.
  authClient.fetch = ((input: string | URL, init) => {
    const url = new URL(input);
    url.pathname = `/cloudkms.googleapis.com${url.pathname}`;
    return plain(url, init);
  }) as typeof plain;
  const rest = new KeyManagementServiceClient({
    fallback: true,
    protocol: "http",
    apiEndpoint: "127.0.0.1",
    port: cloud.port,
    projectId: "demo",
    authClient,
  } as never);
  const [ring] = await rest.createKeyRing({ parent: place, keyRingId: "by-rest", keyRing: {} });
  const [key] = await rest.createCryptoKey({
    parent: ring.name,
    cryptoKeyId: "key",
    cryptoKey: { purpose: "ENCRYPT_DECRYPT" },
  });
  await rest.createCryptoKeyVersion({ parent: key.name, cryptoKeyVersion: {} });
  const [moved] = await rest.updateCryptoKeyPrimaryVersion({ name: key.name, cryptoKeyVersionId: "2" });
  expect(moved.primary?.name).toBe(`${key.name}/cryptoKeyVersions/2`);
  const [sealed] = await rest.encrypt({ name: key.name, plaintext: Buffer.from("over rest") });
  const [opened] = await rest.decrypt({ name: key.name, ciphertext: sealed.ciphertext });
  expect(Buffer.from(opened.plaintext as Uint8Array).toString()).toBe("over rest");
  const [policy] = await rest.getIamPolicy({ resource: key.name } as never);
  expect(policy.bindings).toEqual([]);
  await expect(rest.decrypt({ name: key.name, ciphertext: Buffer.from("no") })).rejects.toMatchObject({ code: 3 });
  await rest.close();
});
