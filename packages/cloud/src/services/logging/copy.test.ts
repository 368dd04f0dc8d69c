import { createClock } from "@aloft/kit/clock";
import { expect, test } from "vitest";
import { restOf } from "../../chain/testing/rest.ts";
import { startCloud } from "../../cloud.ts";

const v2 = "logging.googleapis.com/v2";
const source = "projects/demo/locations/global/buckets/_Default";

test("logging: entries are copied to a bucket when Logging's account may write there", async () => {
  const clock = createClock({ offsetMs: Date.parse("2026-03-01T12:30:00Z") - Date.now() });
  await using cloud = await startCloud({ projects: { demo: 123456789012 }, clock, log: () => undefined });
  const rest = restOf(() => cloud);
  await rest("POST", "storage.googleapis.com/storage/v1/b?project=demo", { body: { name: "archive" } });
  const write = (log: string, timestamp: string, text: string) =>
    rest("POST", `${v2}/entries:write`, {
      body: {
        logName: `projects/demo/logs/${log}`,
        resource: { type: "global" },
        entries: [{ timestamp, textPayload: text }],
      },
    });
  await write("app%2Fout", "2026-03-01T11:59:00Z", "first");
  await write("app%2Fout", "2026-03-01T12:01:00Z", "second");
  await write("app%2Fout", "2026-03-01T12:02:00Z", "third");
  await write("other", "2026-03-01T12:03:00Z", "not asked for");

  const body = { name: source, filter: 'log_id("app/out")', destination: "storage.googleapis.com/archive" };
  expect((await rest("POST", `${v2}/entries:copy`, { body: { ...body, destination: "x" } })).status).toBe(400);
  const lost = { ...body, destination: "storage.googleapis.com/nowhere" };
  expect((await rest("POST", `${v2}/entries:copy`, { body: lost })).status).toBe(404);
  const { body: begun } = await rest("POST", `${v2}/entries:copy`, { body });
  expect(begun.done).toBeUndefined();
  const operation = async () => (await rest("GET", `${v2}/${begun.name}`)).body;
  const writer = "serviceAccount:service-123456789012@gcp-sa-logging.iam.gserviceaccount.com";
  expect((await operation()).metadata).toMatchObject({
    state: "OPERATION_STATE_WAITING_FOR_PERMISSIONS",
    writerIdentity: writer,
  });

  const iam = "storage.googleapis.com/storage/v1/b/archive/iam";
  const before = (await rest("GET", iam)).body.bindings?.map((binding) => binding) ?? [];
  const bindings = [...before, { role: "roles/storage.objectCreator", members: [writer] }];
  expect((await rest("PUT", iam, { body: { bindings } })).status).toBe(200);
  clock.advance(10_000);
  await expect.poll(async () => (await operation()).done, { interval: 10 }).toBe(true);
  expect((await operation()).response).toMatchObject({ logEntriesCopiedCount: "3" });
  const { body: list } = await rest("GET", "storage.googleapis.com/storage/v1/b/archive/o");
  expect(list.items?.map(({ name }) => name)).toEqual([
    "app/out/2026/03/01/11:00:00_11:59:59_S0.json",
    "app/out/2026/03/01/12:00:00_12:59:59_S0.json",
  ]);
  const object = encodeURIComponent(String(list.items?.[1]?.name));
  const file = await fetch(`${cloud.url}/storage.googleapis.com/storage/v1/b/archive/o/${object}?alt=media`, {
    headers: { authorization: `Bearer ${cloud.token()}` },
  });
  const lines = (await file.text()).trim().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { textPayload: string }).textPayload)).toEqual(["second", "third"]);

  // Nobody ever lets it write to another one: it gives up after an hour.
  await rest("POST", "storage.googleapis.com/storage/v1/b?project=demo", { body: { name: "closed" } });
  const { body: vain } = await rest("POST", `${v2}/entries:copy`, {
    body: { ...body, destination: "storage.googleapis.com/closed" },
  });
  clock.advance(3_600_000);
  await expect.poll(async () => (await rest("GET", `${v2}/${vain.name}`)).body.error?.code, { interval: 10 }).toBe(7);
});
