import { afterAll, beforeAll, expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const api = "serviceusage.googleapis.com/v1";
const run = "run.googleapis.com";

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
});
afterAll(() => cloud.close());

test("serviceusage: an API is off with Google's 403 and its link, until it is turned on by an operation", async () => {
  const path = "secretmanager.googleapis.com/v1/projects/demo/secrets";
  const off = await rest("GET", path);
  const url =
    "https://console.developers.google.com/apis/api/secretmanager.googleapis.com/overview?project=123456789012";
  expect(off.status).toBe(403);
  expect(off.body.error).toMatchObject({
    status: "PERMISSION_DENIED",
    message: `Secret Manager API has not been used in project 123456789012 before or it is disabled. Enable it by visiting ${url} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.`,
  });
  expect(off.body.error?.details).toMatchObject([
    { reason: "SERVICE_DISABLED", domain: "googleapis.com", metadata: { consumer: "projects/123456789012" } },
    { locale: "en-US" },
    { links: [{ url }] },
  ]);

  const begun = await rest("POST", `${api}/projects/demo/services/secretmanager.googleapis.com:enable`, { body: {} });
  expect(begun.body).toEqual({ name: expect.stringMatching(/^operations\/acf\.p2-123456789012-[0-9a-f-]{36}$/) });
  const done = await rest("GET", `${api}/${begun.body.name}`);
  expect(done.body).toMatchObject({
    done: true,
    response: {
      "@type": "type.googleapis.com/google.api.serviceusage.v1.EnableServiceResponse",
      service: {
        name: "projects/123456789012/services/secretmanager.googleapis.com",
        parent: "projects/123456789012",
        state: "ENABLED",
      },
    },
  });
  expect((await rest("GET", path)).status).toBe(200);
});

test("serviceusage: several are turned on at once, with what they need and their agents' roles", async () => {
  const body = { serviceIds: [run, "iam.googleapis.com"] };
  const { name } = (await rest("POST", `${api}/projects/123456789012/services:batchEnable`, { body })).body;
  expect((await rest("GET", `${api}/${name}`)).body.response?.services).toHaveLength(2);
  const listed = await rest("GET", `${api}/projects/demo/services?filter=state:ENABLED&pageSize=200`);
  const names = (listed.body.services ?? []).map(({ config }) => config?.name);
  expect(names).toEqual(expect.arrayContaining([run, "iam.googleapis.com", "iamcredentials.googleapis.com"]));
  const policy = cloud.host.iam.policy("projects/demo");
  expect(policy.bindings).toContainEqual({
    role: "roles/run.serviceAgent",
    members: ["serviceAccount:service-123456789012@serverless-robot-prod.iam.gserviceaccount.com"],
  });
});

test("serviceusage: what others lean on is turned off with them alone", async () => {
  const path = `${api}/projects/demo/services/iam.googleapis.com`;
  const refused = await rest("POST", `${path}:disable`, { body: {} });
  expect(refused.body.error).toMatchObject({
    status: "FAILED_PRECONDITION",
    message: expect.stringContaining(
      "is depended on by the following active service(s): iamcredentials.googleapis.com",
    ),
  });
  await rest("POST", `${path}:disable`, { body: { disableDependentServices: true } });
  const both = await rest(
    "GET",
    `${api}/projects/demo/services:batchGet?names=projects/demo/services/iam.googleapis.com&names=projects/demo/services/iamcredentials.googleapis.com`,
  );
  expect((both.body.services ?? []).map(({ state }) => state)).toEqual(["DISABLED", "DISABLED"]);
});

test("serviceusage: a service that nobody published, a filter of another form and a stranger are refused", async () => {
  const unknown = await rest("POST", `${api}/projects/demo/services/rum.googleapis.com:enable`, { body: {} });
  expect(unknown.body.error?.message).toBe("Not found or permission denied for service(s): rum.googleapis.com.");
  const filter = await rest("GET", `${api}/projects/demo/services?filter=name:run`);
  expect(filter.body.error?.status).toBe("INVALID_ARGUMENT");
  const stranger = await rest("GET", `${api}/projects/demo/services/${run}`, { as: "eve@example.com" });
  expect(stranger.body.error?.status).toBe("PERMISSION_DENIED");
});

test("serviceusage: pages cover every service once", async () => {
  const names: unknown[] = [];
  let token = "";
  do {
    const page = await rest("GET", `${api}/projects/demo/services?pageSize=25&pageToken=${token}`);
    names.push(...(page.body.services ?? []).map(({ name }) => name));
    token = page.body.nextPageToken ?? "";
  } while (token !== "");
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(50);
});

test("serviceusage: a service's identity is made by version 1beta1, the same each time", async () => {
  const beta = "serviceusage.googleapis.com/v1beta1/projects/demo/services";
  const made = await rest("POST", `${beta}/pubsub.googleapis.com:generateServiceIdentity`);
  expect(made.body).toEqual({
    name: "operations/finished.DONE_OPERATION",
    done: true,
    response: {
      "@type": "type.googleapis.com/google.api.serviceusage.v1beta1.ServiceIdentity",
      email: "service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com",
      uniqueId: expect.stringMatching(/^1\d{20}$/),
    },
  });
  const again = await rest("POST", `${beta}/pubsub.googleapis.com:generateServiceIdentity`, { body: {} });
  expect(again.body).toEqual(made.body);
  const foreign = await rest("POST", `${beta}/places.googleapis.com:generateServiceIdentity`);
  expect([foreign.status, foreign.body.error?.message]).toEqual([
    501,
    "The local cloud does not know the service identity of places.googleapis.com.",
  ]);
});

test("serviceusage: version 1beta1 turns APIs on and off, and shows them alike", async () => {
  const beta = "serviceusage.googleapis.com/v1beta1";
  const service = `${beta}/projects/demo/services/vision.googleapis.com`;
  const body = { serviceIds: ["vision.googleapis.com", "speech.googleapis.com"] };
  const { name } = (await rest("POST", `${beta}/projects/demo/services:batchEnable`, { body })).body;
  expect(name).toMatch(/^operations\/acat\.p2-123456789012-/);
  const ended = { done: true, response: { "@type": "type.googleapis.com/google.protobuf.Empty" } };
  expect((await rest("GET", `${beta}/${name}`)).body).toMatchObject(ended);
  expect((await rest("GET", service)).body).toMatchObject({ state: "ENABLED", config: { title: "Cloud Vision API" } });
  await rest("POST", `${service}:disable`, { body: {} });
  const enabled = await rest("GET", `${beta}/projects/demo/services?filter=state:ENABLED&pageSize=200`);
  const names = (enabled.body.services ?? []).map(({ config }) => config?.name);
  expect(names).toContain("speech.googleapis.com");
  expect(names).not.toContain("vision.googleapis.com");
});

test("serviceusage: a provider that asks for names alone gets these, and a page's token only where there is more", async () => {
  const ask = `${api}/projects/demo/services?filter=state:ENABLED&pageSize=200&fields=services/name,nextPageToken`;
  const { body } = await rest("GET", ask);
  expect(Object.keys(body)).toEqual(["services"]);
  expect(new Set((body.services ?? []).map((each) => Object.keys(each).join()))).toEqual(new Set(["name"]));
  const small = await rest("GET", ask.replace("pageSize=200", "pageSize=2"));
  expect([small.body.services?.length, typeof small.body.nextPageToken]).toEqual([2, "string"]);
});
