import { createClock } from "@aloft/kit/clock";
import { seededIds } from "@aloft/kit/ids";
import { describe, expect, test } from "vitest";
import { type CloudOptions, startCloud } from "../cloud.ts";
import { restOf } from "./testing/rest.ts";

const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";
const minute = 60_000;

async function world(options: CloudOptions) {
  const clock = createClock({ frozenAt: Date.parse("2026-11-21T08:00:00Z") });
  const ids = seededIds("test");
  const cloud = await startCloud({ projects: { demo: 123456789012 }, clock, ids, log: () => undefined, ...options });
  return { cloud, clock, rest: restOf(() => cloud), [Symbol.asyncDispose]: () => cloud.close() };
}

describe("like google: what comes late", () => {
  /** Advances half a minute at a time until the answer is as wanted; the minutes that it took. */
  const until = async (clock: { advance(ms: number): void }, ask: () => Promise<boolean>): Promise<number> => {
    for (let halves = 0; halves < 30; halves++) {
      if (await ask()) return halves / 2;
      clock.advance(minute / 2);
    }
    return Number.POSITIVE_INFINITY;
  };

  test("an API, an account and a grant each take their time, by the clock; the same for the same seed", async () => {
    const seen: number[][] = [];
    for (const seed of ["a", "a", "b"]) {
      await using at = await world({ likeGoogle: true, seed });
      const { rest, clock } = at;
      const enable = (api: string) =>
        rest("POST", `serviceusage.googleapis.com/v1/projects/demo/services/${api}.googleapis.com:enable`, {
          body: {},
        });
      await enable("secretmanager");
      await enable("iam");
      const off = await rest("GET", secrets);
      expect(off.body.error?.details).toMatchObject([{ reason: "SERVICE_DISABLED" }, {}, {}]);
      const api = await until(clock, async () => (await rest("GET", secrets)).status === 200);
      clock.advance(5 * minute);

      await rest("POST", `${secrets}?secretId=s`, { body: { replication: { automatic: {} } } });
      await rest("POST", "iam.googleapis.com/v1/projects/demo/serviceAccounts", { body: { accountId: "runtime" } });
      const email = "runtime@demo.iam.gserviceaccount.com";
      const bindings = [{ role: "roles/secretmanager.viewer", members: [`serviceAccount:${email}`] }];
      const grant = () => rest("POST", `${secrets}/s:setIamPolicy`, { body: { policy: { bindings } } });
      expect((await grant()).body.error?.message).toBe(`Service account ${email} does not exist.`);
      const account = await until(clock, async () => (await grant()).status === 200);
      expect((await rest("GET", `${secrets}/s:getIamPolicy`)).body.bindings).toEqual(bindings);
      const policy = await until(clock, async () => (await rest("GET", `${secrets}/s`, { as: email })).status === 200);
      expect(policy).toBeGreaterThanOrEqual(2);
      expect(policy).toBeLessThanOrEqual(7.5);
      expect(account).toBeLessThanOrEqual(2);
      expect(api).toBeLessThanOrEqual(4.5);

      await rest("POST", `${secrets}/s:setIamPolicy`, { body: { policy: { bindings: [] } } });
      expect((await rest("GET", `${secrets}/s`, { as: email })).status).toBe(200);
      clock.advance(7 * minute);
      expect((await rest("GET", `${secrets}/s`, { as: email })).status).toBe(403);
      seen.push([api, account, policy]);
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).not.toEqual(seen[0]);
  });

  test("a list may be a little old, never for long", async () => {
    await using at = await world({ likeGoogle: true });
    const { rest, clock, cloud } = at;
    cloud.host.projects.setEnabled("demo", "secretmanager.googleapis.com", true);
    clock.advance(5 * minute);
    const count = async () => ((await rest("GET", secrets)).body.secrets ?? []).map(({ name }) => name).length;
    const late: boolean[] = [];
    for (let made = 0; made < 12; made++) {
      const before = await count();
      await rest("POST", `${secrets}?secretId=s${made}`, { body: { replication: { automatic: {} } } });
      late.push((await count()) === before);
      clock.advance(11_000);
      expect(await count()).toBe(made + 1);
      clock.advance(11_000);
    }
    expect(new Set(late)).toEqual(new Set([true, false]));
  });
});

test("like google: a Redis takes its minutes", async () => {
  await using at = await world({ likeGoogle: true });
  const { rest, clock, cloud } = at;
  cloud.host.projects.setEnabled("demo", "redis.googleapis.com", true);
  clock.advance(5 * minute);
  const redis = "redis.googleapis.com/v1";
  const body = { tier: "BASIC", memorySizeGb: 1 };
  const path = `${redis}/projects/demo/locations/us-central1/instances?instanceId=queue`;
  const operation = await rest("POST", path, { body });
  const done = async () => (await rest("GET", `${redis}/${operation.body.name}`)).body.response !== undefined;
  clock.advance(3 * minute - 1);
  expect(await done()).toBe(false);
  clock.advance(5 * minute + 1);
  await expect.poll(done, { timeout: 10_000 }).toBe(true);
});

describe("presets", () => {
  test("no-billing: what costs money is not turned on", async () => {
    await using at = await world({ presets: ["no-billing"] });
    const enable = (api: string) =>
      at.rest("POST", `serviceusage.googleapis.com/v1/projects/demo/services/${api}.googleapis.com:enable`, {
        body: {},
      });
    const { status, body } = await enable("run");
    expect([status, body.error?.status, body.error?.message]).toEqual([
      400,
      "FAILED_PRECONDITION",
      expect.stringMatching(/^Billing account for project '123456789012' is not found\. Billing must be enabled for/),
    ]);
    expect(body.error?.details?.[1]).toMatchObject({ reason: "UREQ_PROJECT_BILLING_NOT_FOUND" });
    expect((await enable("iam")).status).toBe(200);
  });

  test("org: nobody from anywhere, no keys, no Editor for the default account", async () => {
    await using at = await world({ presets: ["org"] });
    const { rest, cloud } = at;
    for (const api of ["iam", "secretmanager"]) cloud.host.projects.setEnabled("demo", `${api}.googleapis.com`, true);
    expect(cloud.host.iam.policy("projects/demo").bindings.map(({ role }) => role)).toEqual(["roles/owner"]);
    await rest("POST", `${secrets}?secretId=s`, { body: { replication: { automatic: {} } } });
    const bindings = [{ role: "roles/secretmanager.viewer", members: ["allUsers"] }];
    const open = await rest("POST", `${secrets}/s:setIamPolicy`, { body: { policy: { bindings } } });
    expect([open.body.error?.status, open.body.error?.message]).toEqual([
      "FAILED_PRECONDITION",
      "One or more users named in the policy do not belong to a permitted customer.",
    ]);
    const accounts = "iam.googleapis.com/v1/projects/demo/serviceAccounts";
    await rest("POST", accounts, { body: { accountId: "runtime" } });
    const key = await rest("POST", `${accounts}/runtime@demo.iam.gserviceaccount.com/keys`, { body: {} });
    expect(key.body.error?.message).toBe("Key creation is not allowed on this service account.");
  });
});

test("late: some of it alone, the rest at once", async () => {
  await using at = await world({ late: ["policies"] });
  const { rest, clock } = at;
  for (const api of ["secretmanager", "iam"]) {
    await rest("POST", `serviceusage.googleapis.com/v1/projects/demo/services/${api}.googleapis.com:enable`, {
      body: {},
    });
  }
  expect((await rest("POST", `${secrets}?secretId=s`, { body: { replication: { automatic: {} } } })).status).toBe(200);
  await rest("POST", "iam.googleapis.com/v1/projects/demo/serviceAccounts", { body: { accountId: "runtime" } });
  const email = "runtime@demo.iam.gserviceaccount.com";
  const bindings = [{ role: "roles/secretmanager.viewer", members: [`serviceAccount:${email}`] }];
  expect((await rest("POST", `${secrets}/s:setIamPolicy`, { body: { policy: { bindings } } })).status).toBe(200);
  expect((await rest("GET", `${secrets}/s`, { as: email })).status).toBe(403);
  clock.advance(7 * minute);
  expect((await rest("GET", `${secrets}/s`, { as: email })).status).toBe(200);
});
