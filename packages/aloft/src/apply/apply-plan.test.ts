import { afterAll, beforeAll, expect, test } from "vitest";
import type { Builder, ValueRef } from "../app/app.ts";
import type { ApplyOptions } from "../plan/engine.ts";
import { makeDownPlan } from "../plan/make-down-plan.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { ApplyEvent } from "../plan/plan.ts";
import { statusOf } from "../plan/status.ts";
import { applyPlan } from "./apply-plan.ts";
import { hasProgram, lines, project, type Rig, resources, startRig } from "./engine.test-support.ts";
import { faultsOf } from "./requests.test-support.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  const program = (answer: string): string =>
    `import { createServer } from "node:http";
     createServer((req, res) => { ${answer} }).listen(Number(process.env.PORT), "0.0.0.0");`;
  rig.write("api.ts", program("res.end(process.env.API_KEY)"));
  rig.write("sick.ts", program("res.statusCode = 503; res.end()"));
  rig.write("exits.ts", `console.error("there is no database"); process.exit(3);`);
  rig.write("broken.ts", "const x = ;\n");
});
afterAll(() => rig[Symbol.asyncDispose]());

const canary = "canary-5d1f0c77";

const api = ({ secrets, service }: Builder, entry = "api.ts") =>
  service("api", { entry, secrets: secrets("API_KEY"), public: true, health: "/" });

async function up(build: (builder: Builder) => unknown, options: ApplyOptions = {}) {
  const plan = await makePlan(rig.graph(build), rig.google);
  const events: ApplyEvent[] = [];
  const result = await applyPlan(plan, rig.google, { onEvent: (event) => events.push(event), ...options });
  return { plan, events, result };
}
const failedOf = (events: readonly ApplyEvent[]) => events.find((event) => event.type === "failed");

test("plan: names every secret without a value and prints the rest; up refuses before it writes", async () => {
  const graph = rig.graph((b) => ({ url: api(b).url }));
  const plan = await makePlan(graph, rig.google);
  expect(plan.blockers).toEqual([
    {
      address: "secret/API_KEY",
      code: "SECRET_VALUES_MISSING",
      what: "secret API_KEY has no value",
      next: "aloft secrets set API_KEY",
    },
  ]);
  expect(lines(plan)).toEqual(expect.arrayContaining(["create service/api public", "create service-account/api"]));
  const before = rig.sent.length;
  await expect(applyPlan(plan, rig.google)).rejects.toMatchObject({ code: "SECRET_VALUES_MISSING" });
  expect(rig.sent.slice(before)).toEqual([]);
});

test("up: carries out the plan by dependency; the second plan is empty", async () => {
  await rig.setSecret("API_KEY", `${canary}-one`);
  const { events, result } = await up((b) => ({ url: api(b).url }));
  expect(failedOf(events)).toBeUndefined();
  expect(result).toMatchObject({
    failed: 0,
    skipped: 0,
    outputs: { url: expect.stringMatching(/^https:\/\/rig-api-/) },
  });
  const done = resources(events, "done");
  expect(done.indexOf("secret-access/api:API_KEY")).toBeGreaterThan(done.indexOf("service-account/api"));
  expect(done.at(-1)).toBe("service/api");
  const answer = await rig.google.fetch(result.outputs.url ?? "");
  expect(await answer.text()).toBe(`${canary}-one`);
  expect(lines(await makePlan(rig.graph(api), rig.google))).toEqual([]);
  const status = await statusOf(rig.graph(api), rig.google);
  expect(status.find(({ address }) => address === "service/api")).toMatchObject({
    state: "ready",
    url: result.outputs.url,
  });
});

test("plan: a secret's new value is a new revision of exactly its users; after up they serve it", async () => {
  await rig.setSecret("API_KEY", `${canary}-two`);
  const { plan, result } = await up((b) => ({ url: api(b).url }));
  expect(lines(plan)).toEqual(["update service/api API_KEY 1 → 2"]);
  expect(plan.steps.find(({ action }) => action === "update")?.effect).toBe("new revision");
  expect(await (await rig.google.fetch(result.outputs.url ?? "")).text()).toBe(`${canary}-two`);
  expect(JSON.stringify([plan, result])).not.toContain(canary);
});

test("up: without its grant a revision fails, and the grant is named; up again makes it and repairs the service", async () => {
  const plan = await makePlan(
    rig.graph((b) => api(b, "api.ts")),
    rig.google,
  );
  expect(lines(plan)).toEqual([]);
  await rig.setSecret("API_KEY", `${canary}-three`);
  const approved = await makePlan(rig.graph(api), rig.google);
  const path = `v1/projects/${project}/secrets/API_KEY:setIamPolicy`;
  await rig.google.request({ api: "secretmanager", path, verb: "POST", body: { policy: { bindings: [] } } });
  const events: ApplyEvent[] = [];
  const result = await applyPlan(approved, rig.google, { onEvent: (event) => events.push(event) });
  expect(result).toMatchObject({ done: 0, failed: 1 });
  expect(failedOf(events)).toMatchObject({
    what: expect.stringMatching(/roles\/secretmanager.secretAccessor on API_KEY to serviceAccount:rig-api@rig-local/),
    next: "aloft up",
  });
  const again = await up(api);
  expect(lines(again.plan)).toEqual([
    "create secret-access/api:API_KEY",
    expect.stringMatching(/^repair service\/api revision rig-api-\d+-\w+ FAILED: Permission denied on secret/),
  ]);
  expect(again.result).toMatchObject({ done: 2, failed: 0 });
});

test("up: what does not start is told in the program's words, what does not need it goes on, up again finishes", async () => {
  const build = (b: Builder, entry: string) => {
    const broken = api(b, entry);
    b.service("needs", { entry: "api.ts", env: { API: broken.url } });
    b.service("alone", { entry: "api.ts" });
  };
  const first = await up((b) => build(b, "exits.ts"));
  expect(failedOf(first.events)).toMatchObject({
    resource: "service/api",
    what: expect.stringContaining("is not ready"),
    why: expect.stringContaining("there is no database"),
    next: "aloft logs api",
  });
  expect(resources(first.events, "skipped")).toEqual(["service/needs"]);
  expect(resources(first.events, "done")).toContain("service/alone");
  const second = await up((b) => build(b, "api.ts"));
  expect(second.result).toMatchObject({ failed: 0, skipped: 0 });
  expect(
    lines(
      await makePlan(
        rig.graph((b) => build(b, "api.ts")),
        rig.google,
      ),
    ),
  ).toEqual([]);
});

test("plan: a worker that is never healthy is a repair, and its removal from the file deletes it", async () => {
  const startup = { path: "/", period: 1, failures: 1 };
  const build = (b: Builder) => void b.worker("sick", { entry: "sick.ts", startup });
  const only = { only: ["service/sick"] };
  const graph = rig.graph(build);
  const result = await applyPlan(await makePlan(graph, rig.google, only), rig.google, only);
  expect(result).toMatchObject({ failed: 1 });
  expect(lines(await makePlan(graph, rig.google, only))).toEqual([
    expect.stringMatching(/^repair service\/sick revision rig-sick-00001-\w+ FAILED: .*503/),
  ]);
  const { plan } = await up((b) => void api(b));
  expect(lines(plan)).toEqual(expect.arrayContaining(["delete service/rig-sick", "delete service-account/rig-sick"]));
  expect(lines(await makePlan(rig.graph(api), rig.google))).toEqual([]);
});

test("up: who may call a private service is granted; what the file no longer says is taken back, other people's grants stay", async () => {
  const friend = "user:friend@example.com";
  const build = (b: Builder, allowed: (caller: string) => readonly (string | ValueRef)[] | undefined) => {
    api(b);
    const caller = b.service("caller", { entry: "api.ts" });
    const invokers = allowed("caller")?.map((who) => (who === "caller" ? caller.email : who));
    b.service("private", { entry: "api.ts", ...(invokers === undefined ? {} : { invokers }) });
  };
  const members = async () => {
    const path = `v2/projects/${project}/locations/us-central1/services/rig-private:getIamPolicy`;
    const policy = await rig.google.request<{ bindings?: { members: string[] }[] }>({ api: "run", path });
    return (policy.bindings ?? []).flatMap((binding) => binding.members).sort();
  };
  const account = `serviceAccount:rig-caller@${project}.iam.gserviceaccount.com`;
  await up((b) => build(b, (caller) => [caller, friend]));
  expect(await members()).toEqual([account, friend]);
  const fewer = await up((b) => build(b, () => [friend]));
  expect(lines(fewer.plan).filter((line) => line.includes("invoker"))).toEqual([
    `update invoker/private no longer ${account}`,
  ]);
  expect(await members()).toEqual([friend]);
  await up((b) => build(b, (caller) => [caller]));
  const none = await up((b) => build(b, () => undefined));
  expect(lines(none.plan).filter((line) => line.includes("invoker"))).toEqual(["delete invoker/rig-private"]);
  expect(await members()).toEqual([friend]);
  await up((b) => void api(b));
});

test("plan: entries that do not compile are told, and nothing is half-done", async () => {
  const before = rig.sent.filter(({ verb }) => verb !== "GET" && verb !== "HEAD").length;
  await expect(
    makePlan(
      rig.graph((b) => api(b, "broken.ts")),
      rig.google,
    ),
  ).rejects.toMatchObject({
    code: "ENTRY_INVALID",
    problems: [expect.objectContaining({ at: expect.stringContaining("broken.ts:1") })],
  });
  expect(rig.sent.filter(({ verb }) => verb !== "GET" && verb !== "HEAD").length).toBe(before);
});

test("plan: what belongs to another app is never touched", async () => {
  const path = `v1/projects/${project}/secrets/API_KEY`;
  const query = { updateMask: "labels" };
  const relabel = (labels: Record<string, string>) =>
    rig.google.request({ api: "secretmanager", path, verb: "PATCH", query, body: { labels } });
  await relabel({ "managed-by": "aloft", "aloft-app": "other", "aloft-env": "local" });
  const plan = await makePlan(rig.graph(api), rig.google);
  expect(plan.blockers).toMatchObject([{ address: "secret/API_KEY", code: "CONFIG_INVALID" }]);
  await relabel({});
  expect(lines((await up(api)).plan)).toEqual(["update secret/API_KEY adopted"]);
});

test("plan: what the caller may not see is told by permission and grant, each grant once", async () => {
  const path = `v1/projects/${project}/serviceAccounts`;
  const body = { accountId: "visitor", serviceAccount: {} };
  await rig.google.request({ api: "iam", path, verb: "POST", body });
  const visitor = await rig.as(`visitor@${project}.iam.gserviceaccount.com`);
  const plan = await makePlan(rig.graph(api), visitor);
  expect(plan.blockers).toContainEqual({
    address: "secret/API_KEY",
    code: "PERMISSION_DENIED",
    what: "secret/API_KEY: you lack the permission secretmanager.secrets.get",
    next: `gcloud projects add-iam-policy-binding ${project} --member=user:YOU --role=roles/secretmanager.admin`,
  });
  expect(new Set(plan.blockers.map(({ next }) => next)).size).toBe(plan.blockers.length);
  expect(lines(plan)).toEqual([]);
});

test("plan: an image's tag is resolved to its digest, and one that is not there is told", async () => {
  const tagged = `us-central1-docker.pkg.dev/${project}/rig/api`;
  const given = (tag: string) => (b: Builder) => void b.service("given", { image: `${tagged}:${tag}` });
  const only = { only: ["service/given"] };
  const path = `v2/projects/${project}/locations/us-central1/services/rig-api`;
  const live = await rig.google.request<{ template: { containers: { image: string }[] } }>({ api: "run", path });
  const digest = live.template.containers[0]?.image.split("@")[1] ?? "";
  const plan = await makePlan(rig.graph(given(`local-${digest.slice(7, 19)}`)), rig.google, only);
  expect(await applyPlan(plan, rig.google, only)).toMatchObject({ failed: 0 });
  const body = rig.sent.findLast(({ verb, path }) => verb === "POST" && path.endsWith("/services"))?.body;
  expect(body).toMatchObject({ template: { containers: [{ image: `${tagged}@${digest}` }] } });
  const missing = await makePlan(rig.graph(given("nope")), rig.google, only);
  expect(missing.blockers).toMatchObject([{ code: "CONFIG_INVALID", what: `there is no image ${tagged}:nope` }]);
});

test.skipIf(!hasProgram("redis-server"))("up: a Redis gives its address by a secret of its own", async () => {
  const build = (b: Builder) => {
    const queue = b.redis("queue", { memory: "1Gi" });
    b.service("api", { entry: "api.ts", secrets: { REDIS_URL: queue.url }, env: { REDIS_HOST: queue.host } });
  };
  const only = { only: ["api", "queue-url"] };
  const plan = await makePlan(rig.graph(build), rig.google, only);
  expect(await applyPlan(plan, rig.google, only)).toMatchObject({ failed: 0, skipped: 0 });
  const path = `v1/projects/${project}/secrets/rig-queue-url/versions/1:access`;
  const { payload } = await rig.google.request<{ payload: { data: string } }>({ api: "secretmanager", path });
  expect(Buffer.from(payload.data, "base64").toString()).toMatch(/^redis:\/\/[\d.]+:6379\/0$/);
  expect(lines(await makePlan(rig.graph(build), rig.google, only))).toEqual([]);
});

test("down: deletes all that is ours, data only when confirmed", async () => {
  const plan = await makeDownPlan(rig.graph(api), rig.google);
  const before = rig.sent.length;
  await expect(applyPlan(plan, rig.google)).rejects.toMatchObject({
    code: "CONFIRMATION_NEEDED",
    next: "--confirm rig",
  });
  expect(rig.sent.length).toBe(before);
  expect(await applyPlan(plan, rig.google, { confirm: "rig" })).toMatchObject({ failed: 0, skipped: 0 });
  expect((await makeDownPlan(rig.graph(api), rig.google)).steps).toEqual([]);
});

test("up and down: every request is one that Google's own definitions know", () => {
  expect(new Set(rig.sent.map(({ path }) => path.split(".")[0])).size).toBeGreaterThanOrEqual(6);
  expect([...new Set(rig.sent.flatMap(faultsOf))]).toEqual([]);
});
