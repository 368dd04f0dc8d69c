import { SecretManagerServiceClient } from "@google-cloud/secret-manager";
import { type Answer, equal, parent, refused, type Steps, truthy } from "./step.ts";

/** Secret Manager, every method. */
export async function secretmanager({ door, tag, step, all }: Steps): Promise<void> {
  const client = new SecretManagerServiceClient({ fallback: door === "rest" });
  const id = `node-${tag}`;
  const name = `${parent}/secrets/${id}`;
  const canonical = `projects/123456789012/secrets/${id}`;
  const version = (n: number | string): { readonly name: string } => ({ name: `${name}/versions/${n}` });
  await step("createSecret", async () => {
    const secret = { replication: { automatic: {} }, labels: { made: "by-node" } };
    const [made] = await client.createSecret({ parent, secretId: id, secret });
    equal([made.name, made.labels], [canonical, { made: "by-node" }]);
    truthy(made.etag && made.createTime, "an etag and a time");
  });
  await step("createSecret again", async () => {
    await refused(client.createSecret({ parent, secretId: id, secret: { replication: { automatic: {} } } }), 6);
  });
  await step("addSecretVersion", async () => {
    const [made] = await client.addSecretVersion({ parent: name, payload: { data: Buffer.from("one") } });
    equal([made.name, made.state], [`${canonical}/versions/1`, "ENABLED"]);
    await client.addSecretVersion({ parent: name, payload: { data: Buffer.from("two") } });
  });
  await step("addSecretVersion with a wrong checksum", async () => {
    await refused(
      client.addSecretVersion({ parent: name, payload: { data: Buffer.from("three"), dataCrc32c: "1" } }),
      3,
    );
  });
  await step("getSecret", async () => equal((await client.getSecret({ name }))[0].name, canonical));
  await step("getSecretVersion", async () => {
    equal((await client.getSecretVersion(version("latest")))[0].name, `${canonical}/versions/2`);
  });
  await step("accessSecretVersion", async () => {
    const [found] = await client.accessSecretVersion(version("latest"));
    equal(Buffer.from(found.payload?.data as Uint8Array).toString(), "two");
    truthy(found.payload?.dataCrc32c, "a checksum");
  });
  await step("listSecrets", async () => {
    const [found] = await client.listSecrets({ parent, filter: `name:${id}` });
    equal(
      found.map((each) => each.name),
      [canonical],
    );
  });
  await step("listSecretVersions", async () => {
    const [found] = await client.listSecretVersions({ parent: name, pageSize: 1 });
    equal(
      found.map((each) => each.name),
      [`${canonical}/versions/2`, `${canonical}/versions/1`],
    );
  });
  await step("updateSecret", async () => {
    const secret = { name, labels: { made: "again" }, versionAliases: { blue: 1 } };
    const [found] = await client.updateSecret({ secret, updateMask: { paths: ["labels", "version_aliases"] } });
    equal(found.labels, { made: "again" });
    const [blue] = await client.accessSecretVersion(version("blue"));
    equal(Buffer.from(blue.payload?.data as Uint8Array).toString(), "one");
  });
  await step("disableSecretVersion", async () => {
    equal((await client.disableSecretVersion(version(2)))[0].state, "DISABLED");
    const error = await refused(client.accessSecretVersion(version("latest")), 9);
    truthy(error.message.includes("DISABLED"), error.message);
  });
  await step("enableSecretVersion", async () => {
    equal((await client.enableSecretVersion(version(2)))[0].state, "ENABLED");
  });
  await step("destroySecretVersion", async () => {
    equal((await client.destroySecretVersion(version(1)))[0].state, "DESTROYED");
    await refused(client.accessSecretVersion(version(1)), 9);
  });
  const bindings = [{ role: "roles/secretmanager.secretAccessor", members: ["user:you@local.aloft"] }];
  await step("setIamPolicy", async () => {
    const [policy] = await client.setIamPolicy({ resource: name, policy: { bindings } });
    equal(policy.bindings?.[0]?.members, bindings[0]?.members);
  });
  await step("getIamPolicy", async () => {
    equal((await client.getIamPolicy({ resource: name }))[0].bindings?.[0]?.role, bindings[0]?.role);
  });
  await step("testIamPermissions", async () => {
    const permissions = ["secretmanager.versions.access"];
    equal((await client.testIamPermissions({ resource: name, permissions }))[0].permissions, permissions);
  });
  await step("getLocation", async () => {
    const [found]: Answer = await client.getLocation({ name: `${parent}/locations/us-central1` });
    equal(found.locationId, "us-central1");
  });
  await step("getSecret of a project whose API is off: reason and metadata", async () => {
    const error = await refused(client.getSecret({ name: "projects/api-off/secrets/none" }), 7);
    equal([error.reason, error.domain], ["SERVICE_DISABLED", "googleapis.com"]);
    equal(error.errorInfoMetadata.service, "secretmanager.googleapis.com");
  });
  await step("deleteSecret", async () => {
    await client.deleteSecret({ name });
    await refused(client.getSecret({ name }), 5);
  });
  all(SecretManagerServiceClient, ["enableManagedRotation", "rotateSecret"]);
  await client.close();
}
