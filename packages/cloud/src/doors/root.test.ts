import { SecretManagerServiceClient } from "@google-cloud/secret-manager";
import { credentials } from "@grpc/grpc-js";
import { PassThroughClient } from "google-auth-library";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";

let cloud: Cloud;
beforeAll(async () => {
  cloud = await startCloud({ iam: "off", log: () => undefined });
  cloud.host.projects.ensure("demo-app");
  for (const api of ["secretmanager", "logging", "storage"]) {
    cloud.host.projects.setEnabled("demo-app", `${api}.googleapis.com`, true);
  }
});
afterAll(() => cloud.close());

const ask = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(`${cloud.url}${path}`, init);
  return { status: response.status, text: await response.text() };
};
const post = (path: string, body: object) => ask(path, { method: "POST", body: JSON.stringify(body) });

test("root: where the path alone tells the API it is found, and with permissions off nobody says who calls", async () => {
  const made = await post("/v1/projects/demo-app/secrets?secretId=ONE", { replication: { automatic: {} } });
  expect(made.status).toBe(200);
  expect((await ask("/v1/projects/demo-app/secrets")).text).toContain("secrets/ONE");
  expect((await post("/v2/entries:list", { resourceNames: ["projects/demo-app"] })).text).toContain("CreateSecret");
  expect((await post("/storage/v1/b?project=demo-app", { name: "root-bucket-1" })).status).toBe(200);
  const upload = "/upload/storage/v1/b/root-bucket-1/o?uploadType=media&name=a.txt";
  expect((await ask(upload, { method: "POST", body: "hello" })).status).toBe(200);
  expect((await ask("/root-bucket-1/a.txt")).text).toBe("hello");
});

test("root: what several APIs have, and what none has, is told", async () => {
  const several = await ask("/v1/projects/demo-app/locations");
  expect(several.status).toBe(404);
  expect(several.text).toMatch(
    /Several APIs have GET \/v1\/projects\/demo-app\/locations \(.*secretmanager\.googleapis/,
  );
  expect((await ask("/v9/nothing/here")).text).toContain("name an API in the path");
  expect((await ask("/")).status).toBe(404);
});

test("root: an official client with a plain endpoint works, over gRPC in the clear and over REST", async () => {
  const at = { apiEndpoint: "127.0.0.1", port: cloud.port, projectId: "demo-app" };
  const clients = [
    new SecretManagerServiceClient({ ...at, sslCreds: credentials.createInsecure() }),
    new SecretManagerServiceClient({
      ...at,
      fallback: true,
      protocol: "http",
      authClient: new PassThroughClient() as never,
    }),
  ];
  for (const client of clients) {
    const [secrets] = await client.listSecrets({ parent: "projects/demo-app" });
    expect(secrets.map(({ name }) => name?.split("/").at(-1))).toEqual(["ONE"]);
    await client.close();
  }
});
