import { SecretManagerServiceClient } from "@google-cloud/secret-manager";
import { credentials } from "@grpc/grpc-js";
import { OAuth2Client } from "google-auth-library";
import { expect, test } from "vitest";
import { startCloud } from "../cloud.ts";

/** The client has no setting for a path prefix: it is put before what it asks for. */
function prefixed(token: string): OAuth2Client {
  const client = new OAuth2Client();
  client.setCredentials({ access_token: token });
  const plain = client.fetch.bind(client);
  client.fetch = ((input: string | URL, init) => {
    const url = new URL(input);
    url.pathname = `/secretmanager.googleapis.com${url.pathname}`;
    return plain(url, init);
  }) as typeof plain;
  return client;
}

process.env.METADATA_SERVER_DETECTION = "none";

test("official client: secrets over gRPC and over its REST fallback", async () => {
  await using cloud = await startCloud({ log: () => undefined, projects: { "demo-project": 123456789012 } });
  const authorization = `Bearer ${cloud.token()}`;
  const enable = `${cloud.url}/serviceusage.googleapis.com/v1/projects/demo-project/services/secretmanager.googleapis.com:enable`;
  await fetch(enable, { method: "POST", headers: { authorization } });

  const grpc = new SecretManagerServiceClient({
    servicePath: "127.0.0.1",
    port: cloud.port,
    projectId: "demo-project",
    sslCreds: credentials.combineChannelCredentials(credentials.createInsecure()),
  });
  const options = { otherArgs: { headers: { authorization } } };
  const [secret] = await grpc.createSecret(
    {
      parent: "projects/demo-project",
      secretId: "key",
      secret: { replication: { automatic: {} }, labels: { a: "b" } },
    },
    options,
  );
  expect(secret.name).toBe("projects/123456789012/secrets/key");
  await grpc.addSecretVersion({ parent: secret.name, payload: { data: Buffer.from("value") } }, options);
  const [version] = await grpc.accessSecretVersion({ name: `${secret.name}/versions/latest` }, options);
  expect(Buffer.from(version.payload?.data as Uint8Array).toString()).toBe("value");
  const [patched] = await grpc.updateSecret(
    { secret: { name: secret.name, labels: { a: "c" } }, updateMask: { paths: ["labels"] } },
    options,
  );
  expect(patched.labels).toEqual({ a: "c" });
  await expect(grpc.getSecret({ name: "projects/demo-project/secrets/none" }, options)).rejects.toMatchObject({
    code: 5,
  });
  await expect(grpc.getSecret({ name: "projects/demo-project/secrets/key" })).rejects.toMatchObject({ code: 16 });
  await grpc.close();

  const rest = new SecretManagerServiceClient({
    fallback: true,
    protocol: "http",
    servicePath: "127.0.0.1",
    port: cloud.port,
    authClient: prefixed(cloud.token()),
  } as never);
  const [listed] = await rest.listSecrets({ parent: "projects/demo-project" });
  expect(listed.map((each) => [each.name, each.labels])).toEqual([[secret.name, { a: "c" }]]);
  const [again] = await rest.accessSecretVersion({ name: `${secret.name}/versions/1` });
  expect(Buffer.from(again.payload?.data as Uint8Array).toString()).toBe("value");
  await expect(rest.getSecret({ name: "projects/demo-project/secrets/none" })).rejects.toMatchObject({ code: 5 });
  await rest.close();
});
