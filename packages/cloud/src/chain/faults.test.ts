import { createClock } from "@aloft/kit/clock";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Cloud, startCloud } from "../cloud.ts";
import { restOf } from "./testing/rest.ts";

let cloud: Cloud;
const rest = restOf(() => cloud);
const clock = createClock({ frozenAt: Date.parse("2026-11-21T08:00:00Z") });
const secrets = "secretmanager.googleapis.com/v1/projects/demo/secrets";
beforeAll(async () => {
  cloud = await startCloud({ projects: { demo: 123456789012 }, clock, quotas: true, log: () => undefined });
  cloud.host.projects.setEnabled("demo", "secretmanager.googleapis.com", true);
});
afterAll(() => cloud.close());

const admin = async (verb: string, body?: object) => {
  const answer = await fetch(`${cloud.url}/_aloft/v1/faults`, {
    method: verb,
    headers: { authorization: `Bearer ${cloud.adminToken}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as { readonly faults?: readonly object[] } };
};
const lists = async (times: number) => {
  const found: number[] = [];
  for (let i = 0; i < times; i++) found.push((await rest("GET", secrets)).status);
  return found;
};

test("faults: calls of a method fail as often as asked, and no others", async () => {
  await admin("POST", { api: "secretmanager", method: "ListSecrets", code: 503, count: 2 });
  expect((await rest("GET", `${secrets}/none`)).status).toBe(404);
  const first = await rest("GET", secrets);
  expect([first.status, first.body.error?.status]).toEqual([503, "UNAVAILABLE"]);
  expect(await lists(2)).toEqual([503, 200]);
  expect((await admin("GET")).body).toEqual({ faults: [] });

  await admin("POST", { api: "secretmanager.googleapis.com", code: "RESOURCE_EXHAUSTED", rate: 0.3 });
  const failed = (await lists(60)).filter((status) => status === 429).length;
  expect(failed).toBeGreaterThan(8);
  expect(failed).toBeLessThan(30);
  expect((await admin("DELETE", {})).body).toEqual({ cleared: 1 });
  expect(await lists(3)).toEqual([200, 200, 200]);
});

test("faults: a late call waits on the cloud's clock", async () => {
  await admin("POST", { api: "secretmanager", latency: "300ms", count: 1 });
  let answered = false;
  const late = rest("GET", secrets).then((answer) => {
    answered = true;
    return answer.status;
  });
  while ((await admin("GET")).body.faults?.length !== 0) {}
  clock.advance(299);
  expect(answered).toBe(false);
  clock.advance(1);
  expect(await late).toBe(200);
});

test("faults: what is no fault is refused by its field", async () => {
  for (const [body, words] of [
    [{ code: 503, rate: 2 }, "rate 2"],
    [{ code: 777 }, "code 777"],
    [{ latency: "soon" }, "latency soon"],
    [{ api: "run" }, "needs a code"],
    [{ cod: 503 }, "no cod"],
  ] as const) {
    const { status, body: said } = await admin("POST", body);
    expect([status, JSON.stringify(said)]).toEqual([400, expect.stringContaining(words)]);
  }
  expect((await admin("DELETE", { id: "none" })).status).toBe(404);
});

test("quotas: the minute's 600 reads of a project are counted, and the next minute has its own", async () => {
  clock.advance(60_000);
  const { iam } = cloud.host;
  expect(iam.mode).toBe("enforce");
  const found = new Set(await lists(600));
  expect([...found]).toEqual([200]);
  const over = await rest("GET", secrets);
  expect([over.status, over.body.error?.message]).toEqual([
    429,
    "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute' of service 'secretmanager.googleapis.com' for consumer 'project_number:123456789012'.",
  ]);
  expect(over.body.error?.details?.[0]).toMatchObject({ reason: "RATE_LIMIT_EXCEEDED", domain: "googleapis.com" });
  clock.advance(60_000);
  expect(await lists(1)).toEqual([200]);
});
