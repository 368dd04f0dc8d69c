import { afterAll, beforeAll, expect, test } from "vitest";
import { sandbox, secretsConfig } from "./cli.test-support.ts";

const digest = "a".repeat(64);
const box = await sandbox({
  "aloft.config.ts": secretsConfig("deployapp", "ONE", "TWO"),
  "blocked.config.ts": `import { defineApp } from "aloft";
export default defineApp("blockedapp", ({ secrets, service }) => {
  service("web", { image: "docker.io/library/web@sha256:${digest}", secrets: secrets("FIRST_KEY", "SECOND_KEY") });
}, { environments: { prod: { project: "blockedapp-prod" } } });
`,
  "wrong.config.ts": `import { defineApp } from "aloft";
export default defineApp("wrongapp", ({ service }) => {
  service("web", { image: "docker.io/library/web@sha256:${digest}", env: { PORT: "80" }, memmory: "1Gi" } as never);
});
`,
});
beforeAll(async () => {
  expect(await box.aloft(["cloud", "start"])).toMatchObject({ code: 0 });
});
afterAll(() => box[Symbol.asyncDispose]());

const documents = (ndjson: string): { readonly type: string }[] =>
  ndjson
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test("aloft plan: names every secret without a value with its command, prints the rest, and ends with 1", async () => {
  const ran = await box.aloft(["plan", "--config", "blocked.config.ts"]);
  expect(ran.code).toBe(1);
  expect(ran.stdout).toMatch(/^blockedapp · local · blockedapp-local\/us-central1 {2,}\d+ observed in /);
  expect(ran.stdout).toMatch(/\n {2}\+ service web +/);
  expect(ran.stdout).toMatch(/\n\d+ to create/);
  expect(ran.stderr).toBe(
    [
      "error SECRET_VALUES_MISSING  2 secrets have no value",
      "  - secret FIRST_KEY has no value",
      "    → aloft secrets set FIRST_KEY",
      "  - secret SECOND_KEY has no value",
      "    → aloft secrets set SECOND_KEY\n",
    ].join("\n"),
  );
  const json = JSON.parse((await box.aloft(["plan", "--config", "blocked.config.ts", "--json"])).stdout);
  expect(json).toMatchObject({ app: "blockedapp", error: { code: "SECRET_VALUES_MISSING", problems: [{}, {}] } });
  expect(json.steps.map(({ address }: { address: string }) => address)).toContain("service/web");
});

test("aloft up: does nothing while something stands in the way", async () => {
  const ran = await box.aloft(["up", "--yes", "--config", "blocked.config.ts"]);
  expect(ran).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("error SECRET_VALUES_MISSING") });
});

test("aloft plan: all that is wrong in the file is told at once, with 2", async () => {
  const ran = await box.aloft(["plan", "--config", "wrong.config.ts"]);
  expect(ran).toMatchObject({ code: 2, stdout: "" });
  expect(ran.stderr).toMatch(/^error CONFIG_INVALID /);
  expect(ran.stderr).toContain("PORT");
  expect(ran.stderr).toContain("memmory");
  expect((await box.aloft(["plan", "--env", "stagin"])).stderr).toMatch(/^error ENV_UNKNOWN .*→ --env staging\n$/s);
});

test("aloft up: shows the plan, asks, does it, and has nothing to do the second time", async () => {
  expect((await box.aloft(["plan", "--exit-code"])).code).toBe(3);
  const dry = await box.aloft(["up", "--dry-run"]);
  expect(dry).toMatchObject({ code: 0, stdout: "", stderr: expect.stringMatching(/\+ secret ONE\n/) });
  const unasked = await box.aloft(["up"]);
  expect(unasked).toMatchObject({ code: 1, stdout: "" });
  expect(unasked.stderr).toContain("error CONFIRMATION_NEEDED  3 changes were not approved; nothing was done");
  expect((await box.aloft(["plan", "--exit-code"])).code).toBe(3);

  const up = await box.aloft(["up", "--yes", "--json"]);
  expect(up).toMatchObject({ code: 0, stderr: "" });
  const events = documents(up.stdout);
  expect(events[0]).toMatchObject({ type: "plan", app: "deployapp" });
  expect(events).toContainEqual(expect.objectContaining({ type: "done", resource: "secret/ONE", action: "create" }));
  expect(events.at(-1)).toMatchObject({ type: "result", done: 3, failed: 0 });
  const again = await box.aloft(["up"]);
  expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^0 done, 3 unchanged in /) });
  expect(await box.aloft(["plan", "--exit-code"])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("Nothing to do."),
  });
});

test("aloft status, logs, open and doctor: of an app without services", async () => {
  const status = JSON.parse((await box.aloft(["status", "--json"])).stdout);
  expect(status.resources).toContainEqual(expect.objectContaining({ address: "secret/ONE", state: "ready" }));
  expect((await box.aloft(["logs"])).stderr).toContain("the file declares no service");
  expect((await box.aloft(["open"])).code).toBe(2);
  const doctor = await box.aloft(["doctor"]);
  expect(doctor).toMatchObject({ code: 1, stderr: "error DOCTOR_FAILED  2 things are wrong\n" });
  expect(doctor.stdout).toMatch(/✗ secret ONE +has no value\n +→ aloft secrets set ONE\n/);
  expect((await box.aloft(["doctor", "--only", "reddis"])).stderr).toContain("did you mean: --only redis");
});

test("aloft down: lists what goes, and takes data only with --confirm", async () => {
  const refused = await box.aloft(["down", "--yes"]);
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(
    /- secret ONE\n.*error CONFIRMATION_NEEDED.*→ aloft down --yes --confirm deployapp\n$/s,
  );
  expect((await box.aloft(["down", "--yes", "--confirm", "otherapp"])).code).toBe(1);
  const down = await box.aloft(["down", "--yes", "--confirm", "deployapp", "--json"]);
  expect(documents(down.stdout).at(-1)).toMatchObject({
    type: "result",
    done: 2,
    failed: 0,
    kept: [{ address: "api/services" }],
  });
  const status = JSON.parse((await box.aloft(["status", "--json"])).stdout);
  expect(status.resources).toContainEqual(expect.objectContaining({ address: "secret/ONE", state: "absent" }));
});
