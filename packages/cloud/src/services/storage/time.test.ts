import { createClock } from "@aloft/kit/clock";
import { expect, test } from "vitest";
import { startCloud } from "../../cloud.ts";
import { storageClient, uniform } from "./testing/client.ts";

const dayMs = 24 * 60 * 60 * 1000;
const start = Date.parse("2026-01-01T00:00:00Z");

async function opened(bucket: object) {
  const cloud = await startCloud({ clock: createClock({ frozenAt: start }), projects: { demo: 123456789012 } });
  const call = storageClient(() => cloud);
  const made = await call("POST", "/storage/v1/b?project=demo", { body: { name: "kept", ...uniform, ...bucket } });
  expect(made.status, made.text).toBe(200);
  const o = "/storage/v1/b/kept/o";
  const put = async (name: string, body: string) =>
    (await call("POST", `/upload/storage/v1/b/kept/o?uploadType=media&name=${encodeURIComponent(name)}`, { body }))
      .body;
  const list = async (query = "") =>
    [...((await call("GET", `${o}?${query}`)).body.items ?? [])].map(({ name, generation }) => [name, generation]);
  return { cloud, call, o, put, list, [Symbol.asyncDispose]: () => cloud.close() };
}

test("time: an older version is kept where versions are, read by its generation, and deleted by it for good", async () => {
  await using at = await opened({ versioning: { enabled: true }, softDeletePolicy: { retentionDurationSeconds: "0" } });
  const first = await at.put("f", "one");
  const second = await at.put("f", "two");
  expect(await at.list("versions=true")).toEqual([
    ["f", first.generation],
    ["f", second.generation],
  ]);
  const old = `${at.o}/f?generation=${first.generation}`;
  expect((await at.call("GET", `${old}&alt=media`)).text).toBe("one");
  expect((await at.call("GET", old)).body.timeDeleted).toBe("2026-01-01T00:00:00.000Z");
  await at.call("DELETE", `${at.o}/f`);
  expect(await at.list()).toEqual([]);
  expect(await at.list("versions=true")).toHaveLength(2);
  expect((await at.call("DELETE", "/storage/v1/b/kept")).status).toBe(409);
  await at.call("DELETE", old);
  expect(await at.list("versions=true")).toEqual([["f", second.generation]]);
});

test("time: what was deleted can be restored for seven days, and not after", async () => {
  await using at = await opened({});
  const made = await at.put("f", "precious");
  await at.call("DELETE", `${at.o}/f`);
  expect((await at.call("GET", `${at.o}/f`)).status).toBe(404);
  expect(await at.list("softDeleted=true")).toEqual([["f", made.generation]]);
  const kept = await at.call("GET", `${at.o}/f?softDeleted=true&generation=${made.generation}`);
  expect(kept.body).toMatchObject({
    softDeleteTime: "2026-01-01T00:00:00.000Z",
    hardDeleteTime: "2026-01-08T00:00:00.000Z",
  });
  const restored = await at.call("POST", `${at.o}/f/restore?generation=${made.generation}`);
  expect(restored.body).not.toHaveProperty("softDeleteTime");
  expect((await at.call("GET", `${at.o}/f?alt=media`)).text).toBe("precious");
  at.cloud.clock.advance(8 * dayMs);
  expect(await at.list("softDeleted=true")).toEqual([]);
  expect((await at.call("POST", `${at.o}/f/restore?generation=${made.generation}`)).status).toBe(404);
  expect((await at.call("GET", `${at.o}/f?alt=media`)).text).toBe("precious");
});

test("time: lifecycle rules delete and cool down as the clock goes, and a hold is stronger", async () => {
  await using at = await opened({
    versioning: { enabled: true },
    softDeletePolicy: { retentionDurationSeconds: 0 },
    lifecycle: {
      rule: [
        { action: { type: "Delete" }, condition: { age: 10, matchesPrefix: ["tmp/"], isLive: true } },
        { action: { type: "Delete" }, condition: { numNewerVersions: 1, isLive: false } },
        { action: { type: "SetStorageClass", storageClass: "NEARLINE" }, condition: { age: 3 } },
        { action: { type: "SetStorageClass", storageClass: "COLDLINE" }, condition: { age: 20 } },
      ],
    },
  });
  await at.put("tmp/a", "1");
  await at.put("tmp/held", "1");
  await at.call("PATCH", `${at.o}/tmp%2Fheld`, { body: { temporaryHold: true } });
  for (const body of ["1", "2", "3"]) await at.put("keep", body);
  const classOf = async (name: string) =>
    (await at.call("GET", `${at.o}/${encodeURIComponent(name)}`)).body.storageClass;
  at.cloud.clock.advance(4 * dayMs);
  expect(await classOf("keep")).toBe("NEARLINE");
  expect((await at.list("versions=true&prefix=keep")).length).toBe(1);
  at.cloud.clock.advance(7 * dayMs);
  expect((await at.list()).map(([name]) => name)).toEqual(["keep", "tmp/held"]);
  at.cloud.clock.advance(10 * dayMs);
  expect(await classOf("keep")).toBe("COLDLINE");
});

test("time: retention lets go when it is over", async () => {
  await using at = await opened({ retentionPolicy: { retentionPeriod: "3600" } });
  expect((await at.put("f", "x")).retentionExpirationTime).toBe("2026-01-01T01:00:00.000Z");
  const refused = await at.call("DELETE", `${at.o}/f`);
  expect([refused.status, refused.body.error?.errors?.[0]?.reason]).toEqual([403, "retentionPolicyNotMet"]);
  at.cloud.clock.advance(3_600_000);
  expect((await at.call("DELETE", `${at.o}/f`)).status).toBe(204);
});
