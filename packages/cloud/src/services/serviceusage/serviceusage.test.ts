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
  expect(begun.body).toEqual({ name: expect.stringMatching(/^operations\//) });
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
