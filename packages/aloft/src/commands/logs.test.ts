import { afterAll, beforeAll, expect, test } from "vitest";
import { sandbox } from "./cli.test-support.ts";

const box = await sandbox({
  "aloft.config.ts": `import { defineApp } from "aloft";
const image = "docker.io/library/web@sha256:${"b".repeat(64)}";
export default defineApp("logsapp", ({ service }) => {
  service("api", { image });
  service("other", { image });
});
`,
});

/** At a whole second: Google answers without a fraction then. */
const ago = (seconds: number): string => new Date((Math.floor(Date.now() / 1000) - seconds) * 1000).toISOString();

/** Writes as Cloud Run does, through the API. */
async function write(...entries: readonly { readonly service: string; readonly [field: string]: unknown }[]) {
  const token = (await box.aloft(["cloud", "token"])).stdout.trim();
  const url = `http://127.0.0.1:${box.port}/logging.googleapis.com/v2/entries:write`;
  const body = {
    logName: "projects/logsapp-local/logs/run.googleapis.com%2Fstdout",
    entries: entries.map(({ service, ...entry }) => ({
      resource: { type: "cloud_run_revision", labels: { service_name: service, revision_name: `${service}-00001` } },
      ...entry,
    })),
  };
  const answer = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(await answer.json()).toEqual({});
}

beforeAll(async () => {
  expect(await box.aloft(["cloud", "start"])).toMatchObject({ code: 0 });
  // Its first start switches the APIs on.
  const token = (await box.aloft(["cloud", "token"])).stdout.trim();
  const on = `http://127.0.0.1:${box.port}/serviceusage.googleapis.com/v1/projects/logsapp-local/services/logging.googleapis.com:enable`;
  await fetch(on, { method: "POST", headers: { authorization: `Bearer ${token}` } });
  await write(
    { service: "logsapp-api", textPayload: "first", severity: "INFO", timestamp: ago(60) },
    {
      service: "logsapp-other",
      jsonPayload: { message: "second", code: 7 },
      severity: "ERROR",
      timestamp: ago(59),
    },
    { service: "another-app", textPayload: "not ours", timestamp: ago(58) },
  );
});
afterAll(() => box[Symbol.asyncDispose]());

test("aloft logs: the app's services, oldest first, by name", async () => {
  const ran = await box.aloft(["logs"]);
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d.\d{3}Z +INFO +api +first\n\S+ \S+Z +ERROR +other +second {2}code=7\n$/,
  );
});

test("aloft logs: one service, by severity, the last lines, as NDJSON", async () => {
  expect((await box.aloft(["logs", "api", "--severity", "error"])).stdout).toBe("No log entries.\n");
  expect((await box.aloft(["logs", "-n", "1"])).stdout).not.toContain("first");
  const [entry, result] = (await box.aloft(["logs", "other", "--json"])).stdout.trimEnd().split("\n");
  expect(JSON.parse(entry ?? "")).toMatchObject({
    type: "log",
    resource: "other",
    message: "second",
    fields: { code: 7 },
  });
  expect(JSON.parse(result ?? "")).toMatchObject({ type: "result", entries: 1 });
  expect((await box.aloft(["logs", "apo"])).stderr).toContain("did you mean: api");
  expect((await box.aloft(["logs", "--since", "soon"])).code).toBe(2);
});

test("aloft logs -f: goes on with what comes, until Ctrl-C", async () => {
  const following = box.aloft(["logs", "api", "-f"], { interruptAt: /third/ });
  await new Promise((resolve) => setTimeout(resolve, 300));
  await write({ service: "logsapp-api", textPayload: "third" }, { service: "logsapp-other", textPayload: "no" });
  const ran = await following;
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout.match(/first|third|no\b/g)).toEqual(["first", "third"]);
});
