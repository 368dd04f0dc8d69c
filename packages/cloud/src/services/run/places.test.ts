import { expect, test } from "vitest";
import { hostsOf, tagUrl, urlsOf } from "./places.ts";
import { createStamps, etagMicros, etagOf, timestamp } from "./stamps.ts";

const at = { serviceId: "api", region: "europe-west1", projectNumber: "123456789012" };

test("places: a service has an address by number and one by hash, a tag one of its own", () => {
  const { hashed, numbered } = hostsOf(at);
  expect(numbered).toBe("api-123456789012.europe-west1.run.app");
  expect(hashed).toMatch(/^api-[a-z0-9]{10}-ew\.a\.run\.app$/);
  expect(urlsOf(at)).toEqual([`https://${numbered}`, `https://${hashed}`]);
  expect(tagUrl("next", at)).toBe(`https://next---${hashed}`);
  expect(hostsOf({ ...at, serviceId: "web" }).hashed).toBe(hashed.replace("api", "web"));
  expect(hostsOf({ ...at, serviceId: "a".repeat(49), projectNumber: "12345678901234" }).numbered).toBeUndefined();
});

test("stamps: etags hold the time and the name, and no two changes have the same", () => {
  const name = "projects/demo/locations/us-central1/services/api";
  const etag = etagOf(name, timestamp(1_714_010_315_886_675));
  expect(etag).toMatch(/^"[A-Za-z0-9+]+\/[A-Za-z0-9+]+"$/);
  expect(Buffer.from(etag.slice(1, -1).split("/")[1] ?? "", "base64").toString()).toBe(name);
  expect(etag.slice(1).startsWith("CMvxprEGELis5qYD/")).toBe(true);
  expect(etagMicros(etag)).toBe(1_714_010_315_886_675);
  for (let micros = 0; micros < 5000; micros++) {
    const time = timestamp(1_714_010_315_000_000 + micros * 199);
    expect(etagMicros(etagOf(name, time))).toBe(1_714_010_315_000_000 + micros * 199);
  }
  const stamps = createStamps(() => 5);
  expect([stamps(), stamps()]).toEqual([5000, 5001]);
});
