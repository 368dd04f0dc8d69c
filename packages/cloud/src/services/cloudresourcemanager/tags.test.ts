import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answered, restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const crm = "cloudresourcemanager.googleapis.com";
const v3 = `${crm}/v3`;

/** The resource that an operation ends with. */
async function ended(answer: { readonly body: Answered }): Promise<Answered> {
  return (await rest("GET", `${v3}/${answer.body.name}`)).body;
}

async function tag(parent: string, key: string, ...values: readonly string[]): Promise<readonly string[]> {
  const made = await ended(await rest("POST", `${v3}/tagKeys`, { body: { parent, shortName: key } }));
  const name = made.response?.name ?? "";
  const names = [name];
  for (const shortName of values) {
    const value = await ended(await rest("POST", `${v3}/tagValues`, { body: { parent: name, shortName } }));
    names.push(value.response?.name ?? "");
  }
  return names;
}

beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, log: () => undefined });
  for (const api of ["secretmanager", "storage"]) cloud.host.projects.setEnabled("demo", `${api}.googleapis.com`, true);
});
afterAll(() => cloud.close());

test("tags: a key and its values are found by their names, changed with their etags, and deleted in order", async () => {
  const [key = "", value = ""] = await tag("projects/demo", "env", "prod");
  const shown = (await rest("GET", `${v3}/tagKeys/namespaced?name=demo%2Fenv`)).body;
  expect(shown).toMatchObject({ name: key, namespacedName: "demo/env", parent: "projects/123456789012" });
  expect((await rest("GET", `${v3}/tagValues/namespaced?name=123456789012/env/prod`)).body.name).toBe(value);
  expect((await rest("GET", `${v3}/tagValues?parent=${key}`)).body.tagValues).toHaveLength(1);
  expect((await rest("GET", `${v3}/tagKeys/1`)).body.error?.message).toBe("The caller does not have permission");
  const taken = await rest("POST", `${v3}/tagKeys`, { body: { parent: "projects/demo", shortName: "env" } });
  expect(taken.status).toBe(409);

  const body = { description: "where", etag: shown.etag };
  const changed = await rest("PATCH", `${v3}/${key}?updateMask=description`, { body });
  expect(changed.body).toMatchObject({ done: true, response: { description: "where" } });
  expect((await rest("PATCH", `${v3}/${key}?updateMask=description`, { body })).body.error?.status).toBe("ABORTED");

  const early = await ended(await rest("DELETE", `${v3}/${key}`));
  expect(early.error?.message).toContain("child TagValues");
  await ended(await rest("DELETE", `${v3}/${value}`));
  expect((await ended(await rest("DELETE", `${v3}/${key}`))).response?.name).toBe(key);
  expect((await rest("GET", `${v3}/${key}`)).status).toBe(403);
});

test("tags: a bucket has one value of a key, at its location's host, and what its project has besides", async () => {
  const [, red = "", blue = ""] = await tag("projects/demo", "color", "red", "blue");
  const [, big = ""] = await tag("projects/demo", "size", "big");
  await rest("POST", "storage.googleapis.com/storage/v1/b?project=demo", { body: { name: "tagged-bucket" } });
  const regional = `us-east4-${crm}/v3`;
  const parent = "//storage.googleapis.com/projects/_/buckets/tagged-bucket";
  const wanted = { parent, tagValueNamespacedName: "demo/color/red" };
  const name = `tagBindings/${encodeURIComponent(parent)}/${red}`;
  expect((await rest("POST", `${regional}/tagBindings`, { body: wanted })).body).toEqual({
    done: true,
    response: {
      "@type": `type.googleapis.com/google.cloud.resourcemanager.v3.TagBinding`,
      name,
      tagValue: red,
      ...wanted,
    },
  });
  const second = await rest("POST", `${regional}/tagBindings`, { body: { parent, tagValue: blue } });
  expect(second.body.error?.message).toContain("A binding already exists between the given resource and a TagValue");
  const project = "//cloudresourcemanager.googleapis.com/projects/demo";
  const onProject = await rest("POST", `${v3}/tagBindings`, { body: { parent: project, tagValue: big } });
  expect(onProject.body.response?.parent).toBe("//cloudresourcemanager.googleapis.com/projects/123456789012");

  const effective = await rest("GET", `${regional}/effectiveTags?parent=${encodeURIComponent(parent)}`);
  expect(
    effective.body.effectiveTags?.map((each) => `${each.namespacedTagValue} ${each.inherited ?? false}`).sort(),
  ).toEqual(["demo/color/red false", "demo/size/big true"]);
  const held = await ended(await rest("DELETE", `${v3}/${red}`));
  expect(held.error?.message).toContain("still attached to resources");
  const gone = await rest("DELETE", `${regional}/${name.replaceAll("%", "%25")}`);
  expect(gone.body).toEqual({ done: true, response: { "@type": "type.googleapis.com/google.protobuf.Empty" } });
  expect((await rest("GET", `${regional}/tagBindings?parent=${encodeURIComponent(parent)}`)).body).toEqual({});
  const nowhere = await rest("GET", `${v3}/tagBindings?parent=${encodeURIComponent(`${parent}-2`)}`);
  expect(nowhere.status).toBe(403);
});

test("tags: a hold keeps a value until it is let go", async () => {
  const [, value = ""] = await tag("projects/demo", "held", "yes");
  const hold = (await rest("POST", `${v3}/${value}/tagHolds`, { body: { holder: "//run/x" } })).body.response?.name;
  expect((await ended(await rest("DELETE", `${v3}/${value}`))).error?.code).toBe(9);
  expect((await rest("GET", `${v3}/${value}/tagHolds`)).body.tagHolds).toMatchObject([
    { name: hold, holder: "//run/x" },
  ]);
  await rest("DELETE", `${v3}/${hold}`);
  expect((await ended(await rest("DELETE", `${v3}/${value}`))).response?.name).toBe(value);
});

test("tags: a grant counts where its condition finds the tag, on the resource or above it", async () => {
  const [key = "", value = ""] = await tag("projects/demo", "stage", "test", "live");
  const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";
  for (const id of ["tagged", "plain"]) {
    await rest("POST", `${secrets}?secretId=${id}`, { body: { replication: { automatic: {} } } });
  }
  const grants = {
    "ada@example.com": "resource.matchTag('demo/stage', 'test')",
    "bob@example.com": `resource.matchTagId('${key}', '${value}') && resource.hasTagKeyId('${key}')`,
    "cyd@example.com": "resource.hasTagKey('123456789012/stage') && !resource.matchTag('demo/stage', 'live')",
    "dan@example.com": "resource.matchTag('demo/stage', 'live')",
  };
  const policy = (await rest("POST", `${crm}/v1/projects/demo:getIamPolicy`)).body;
  const bindings = Object.entries(grants).map(([user, expression]) => ({
    role: "roles/secretmanager.viewer",
    members: [`user:${user}`],
    condition: { title: user, expression },
  }));
  const body = { policy: { version: 3, etag: policy.etag, bindings: [...(policy.bindings ?? []), ...bindings] } };
  expect((await rest("POST", `${crm}/v1/projects/demo:setIamPolicy`, { body })).status).toBe(200);

  const seen = async (id: string): Promise<string> => {
    const names: string[] = [];
    for (const as of Object.keys(grants)) {
      if ((await rest("GET", `${secrets}/${id}`, { as })).status === 200) names.push(as.slice(0, 3));
    }
    return names.join(" ");
  };
  expect(await seen("tagged")).toBe("");
  const parent = "//secretmanager.googleapis.com/projects/demo/secrets/tagged";
  const bound = await rest("POST", `${v3}/tagBindings`, { body: { parent, tagValue: value } });
  expect(await seen("tagged")).toBe("ada bob cyd");
  expect(await seen("plain")).toBe("");
  await rest("DELETE", `${v3}/${String(bound.body.response?.name).replaceAll("%", "%25")}`);
  const project = "//cloudresourcemanager.googleapis.com/projects/demo";
  const live = "demo/stage/live";
  await rest("POST", `${v3}/tagBindings`, { body: { parent: project, tagValueNamespacedName: live } });
  expect(await seen("plain")).toBe("dan");
});

test("tags: keys have policies of their own, which count for their values", async () => {
  const [key = ""] = await tag("projects/demo", "shared", "a");
  const bindings = [{ role: "roles/resourcemanager.tagUser", members: ["user:eve@example.com"] }];
  expect((await rest("GET", `${v3}/${key}`, { as: "eve@example.com" })).status).toBe(403);
  const set = await rest("POST", `${v3}/${key}:setIamPolicy`, { body: { policy: { bindings } } });
  expect(set.body.bindings).toEqual(bindings);
  expect((await rest("GET", `${v3}/${key}`, { as: "eve@example.com" })).status).toBe(200);
  const values = await rest("GET", `${v3}/tagValues?parent=${key}`, { as: "eve@example.com" });
  expect(values.body.tagValues).toHaveLength(1);
});
