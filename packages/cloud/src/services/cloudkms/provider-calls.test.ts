import { createClock } from "@aloft/kit/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RestAnswer, restOf } from "../../chain/testing/rest.ts";
import { type Cloud, startCloud } from "../../cloud.ts";
import { cloudkms } from "./index.ts";

const clock = createClock({ frozenAt: Date.parse("2026-03-01T12:00:00Z") });
const ring = "projects/demo/locations/us-central1/keyRings/app";
const key = `${ring}/cryptoKeys/data`;
let cloud: Cloud;
const rest = restOf(() => cloud);
const call = (verb: string, path: string, body?: unknown): Promise<RestAnswer> =>
  rest(verb, `cloudkms.googleapis.com/v1/${path}`, { body });

beforeAll(async () => {
  cloud = await startCloud({ clock, services: [cloudkms], projects: { demo: 123456789012 }, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "cloudkms.googleapis.com", true);
});
afterAll(() => cloud.close());

test("kms: a ring as Terraform's provider makes and reads it; made again after a destroy, it is there already", async () => {
  const create = () => call("POST", "projects/demo/locations/us-central1/keyRings?alt=json&keyRingId=app", {});
  expect(await create()).toEqual({ status: 200, body: { name: ring, createTime: "2026-03-01T12:00:00Z" } });
  expect((await call("GET", `${ring}?alt=json`)).body).toEqual({ name: ring, createTime: "2026-03-01T12:00:00Z" });
  expect(await create()).toMatchObject({
    status: 409,
    body: { error: { code: 409, status: "ALREADY_EXISTS", message: `KeyRing ${ring} already exists.` } },
  });
});

test("kms: a key as Terraform's provider makes, reads, changes and destroys it", async () => {
  const sent = {
    purpose: "ENCRYPT_DECRYPT",
    rotationPeriod: "7776000s",
    nextRotationTime: "2026-05-30T12:00:00Z",
    labels: { "goog-terraform-provisioned": "true" },
    versionTemplate: { algorithm: "GOOGLE_SYMMETRIC_ENCRYPTION", protectionLevel: "SOFTWARE" },
  };
  const path = `${ring}/cryptoKeys?alt=json&cryptoKeyId=data&skipInitialVersionCreation=false`;
  expect((await call("POST", path, sent)).status).toBe(200);
  const { body } = await call("GET", `${key}?alt=json`);
  expect(body).toMatchObject({ ...sent, name: key, primary: { name: `${key}/cryptoKeyVersions/1`, state: "ENABLED" } });

  const rotation = { rotationPeriod: "8640000s", nextRotationTime: "2026-06-09T12:00:00Z" };
  const patched = await call("PATCH", `${key}?alt=json&updateMask=rotationPeriod%2CnextRotationTime`, rotation);
  expect(patched.body).toMatchObject(rotation);
  const labelled = await call("PATCH", `${key}?alt=json&updateMask=labels`, { labels: { use: "data" } });
  expect(labelled.body.labels).toEqual({ use: "data" });

  clock.advance(101 * 86_400_000);
  const listed = await call("GET", `${key}/cryptoKeyVersions?alt=json`);
  const versions = listed.body.cryptoKeyVersions?.map((each) => each.name) ?? [];
  expect(versions).toEqual([`${key}/cryptoKeyVersions/1`, `${key}/cryptoKeyVersions/2`]);
  for (const name of versions) {
    const destroyed = await call("POST", `${name}:destroy?alt=json`, {});
    expect(destroyed.body).toMatchObject({ state: "DESTROY_SCHEDULED" });
  }
  const still = { rotationPeriod: null, nextRotationTime: null };
  const stopped = await call("PATCH", `${key}?alt=json&updateMask=rotationPeriod%2CnextRotationTime`, still);
  expect(stopped.body).toMatchObject({ name: key, primary: { state: "DESTROY_SCHEDULED" } });
  expect(stopped.body).not.toHaveProperty("rotationPeriod");
  expect(stopped.body).not.toHaveProperty("nextRotationTime");

  clock.advance(365 * 86_400_000);
  const after = await call("GET", `${key}/cryptoKeyVersions?alt=json`);
  expect(after.body.cryptoKeyVersions?.map((each) => each.state)).toEqual(["DESTROYED", "DESTROYED"]);
  const again = await call("POST", path, { ...sent, nextRotationTime: "2030-01-01T00:00:00Z" });
  expect(again.body.error?.message).toBe(`CryptoKey ${key} already exists.`);
});
