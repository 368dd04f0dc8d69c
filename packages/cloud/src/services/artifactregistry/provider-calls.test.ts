import { afterAll, beforeAll, expect, test } from "vitest";
import { type RestAnswer, restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";
import { artifactregistry } from "./index.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const parent = "projects/demo/locations/us-central1";
const name = `${parent}/repositories/images`;
const call = (verb: string, path: string, body?: unknown): Promise<RestAnswer> =>
  rest(verb, `artifactregistry.googleapis.com/v1/${path}`, { body });

beforeAll(async () => {
  cloud = await startCloud({
    services: [artifactregistry],
    projects: { demo: 123456789012 },
    log: () => undefined,
  });
  cloud.host.projects.setEnabled("demo", "artifactregistry.googleapis.com", true);
});
afterAll(() => cloud.close());

/** An operation's answer, when it is done. */
async function done(begun: RestAnswer): Promise<RestAnswer["body"]> {
  expect(begun.status).toBe(200);
  for (;;) {
    const { body } = await call("GET", `${begun.body.name}?alt=json`);
    if (body.done) return body;
  }
}

test("artifactregistry: a repository as Terraform's provider makes, reads, changes and deletes it", async () => {
  const cleanupPolicies = {
    keep: {
      id: "keep",
      action: "KEEP",
      mostRecentVersions: { packageNamePrefixes: ["api"], keepCount: 5 },
    },
    old: { id: "old", action: "DELETE", condition: { tagState: "UNTAGGED", olderThan: "2592000s" } },
  };
  const sent = {
    format: "DOCKER",
    description: "images",
    mode: "STANDARD_REPOSITORY",
    dockerConfig: { immutableTags: true },
    cleanupPolicyDryRun: true,
    cleanupPolicies,
    labels: { "goog-terraform-provisioned": "true", team: "platform" },
    vulnerabilityScanningConfig: { enablementConfig: "INHERITED" },
  };
  const begun = await call("POST", `${parent}/repositories?alt=json&repository_id=images`, sent);
  expect(await done(begun)).toMatchObject({ response: { name } });

  const { body } = await call("GET", `${name}?alt=json`);
  expect(body).toEqual({
    ...sent,
    name,
    vulnerabilityScanningConfig: {
      ...sent.vulnerabilityScanningConfig,
      enablementState: "SCANNING_DISABLED",
      enablementStateReason: "API containerscanning.googleapis.com is not enabled.",
      lastEnableTime: body.createTime,
    },
    registryUri: "us-central1-docker.pkg.dev/demo/images",
    satisfiesPzi: true,
    createTime: expect.any(String),
    updateTime: expect.any(String),
  });

  const masks = "description,dockerConfig,cleanupPolicies,cleanupPolicyDryRun,vulnerabilityScanningConfig,labels";
  const changed = {
    description: "of the last nine builds",
    dockerConfig: { immutableTags: false },
    cleanupPolicies: { keep: { ...cleanupPolicies.keep, mostRecentVersions: { keepCount: 9 } } },
    vulnerabilityScanningConfig: { enablementConfig: "DISABLED" },
    labels: { team: "data" },
  };
  const patched = await call("PATCH", `${name}?alt=json&updateMask=${masks.replaceAll(",", "%2C")}`, changed);
  expect(patched.body).toMatchObject({ name, ...changed, dockerConfig: {} });
  expect(patched.body).not.toHaveProperty("cleanupPolicyDryRun");
  expect(patched.body).not.toHaveProperty("done");
  expect(patched.body.cleanupPolicies).not.toHaveProperty("old");

  const member = { role: "roles/artifactregistry.reader", members: ["user:you@local.aloft"] };
  const before = await call("GET", `${name}:getIamPolicy?alt=json&options.requestedPolicyVersion=3`);
  const policy = { bindings: [member], etag: before.body.etag, version: 3 };
  const set = await call("POST", `${name}:setIamPolicy?alt=json`, { policy });
  expect(set.body).toMatchObject({ bindings: [member], version: 1 });

  await done(await call("DELETE", `${name}?alt=json`));
  expect(await call("GET", `${name}?alt=json`)).toEqual({
    status: 404,
    body: { error: expect.objectContaining({ status: "NOT_FOUND", message: "Requested entity was not found." }) },
  });
});
