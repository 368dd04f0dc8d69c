import { expect, test } from "vitest";
import type { Builder } from "../app/app.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { ApplyEvent } from "../plan/plan.ts";
import { applyPlan } from "./apply-plan.ts";
import { lines, project, type Rig, startRig } from "./engine.test-support.ts";

const program = `import { createServer } from "node:http";
  createServer((req, res) => res.end("ok")).listen(Number(process.env.PORT), "0.0.0.0");`;

const build = ({ secrets, service }: Builder) => {
  const caller = service("caller", { entry: "api.ts" });
  service("api", { entry: "api.ts", secrets: secrets("API_KEY"), invokers: [caller.email], health: "/" });
};

async function up(
  rig: Rig,
  options: { signal?: AbortSignal; onEvent?: (event: ApplyEvent) => void; build?: typeof build } = {},
) {
  const google = rig.reconnect();
  const { clock } = rig;
  const graph = rig.graph(options.build ?? build);
  const events: ApplyEvent[] = [];
  const onEvent = (event: ApplyEvent): void => {
    events.push(event);
    options.onEvent?.(event);
  };
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const result = await applyPlan(await makePlan(graph, google, { clock, ...signal }), google, {
    clock,
    onEvent,
    ...signal,
  });
  return { events, result, failed: events.flatMap((event) => (event.type === "failed" ? [event] : [])) };
}

test("like google: an up that was ended halfway is finished by the next, whatever is late", async () => {
  await using rig = await startRig({ flags: ["--like-google", "--preset", "org", "--seed", "halfway"], rate: 120 });
  rig.write("api.ts", program);
  const first = new AbortController();
  const making = async () => {
    const google = rig.reconnect();
    const graph = rig.graph((b) => void b.secrets("API_KEY"));
    const onEvent = (event: ApplyEvent) => event.type === "done" && event.resource === "api/services" && first.abort();
    const plan = await makePlan(graph, google, { clock: rig.clock });
    await applyPlan(plan, google, { clock: rig.clock, onEvent, signal: first.signal });
  };
  await expect(making()).rejects.toThrow(/abort/i);
  // Another process: it was told of no API that was switched on.
  const google = rig.reconnect();
  const [secret, body] = [{ api: "secretmanager", verb: "POST" } as const, { replication: { automatic: {} } }];
  await google.request({ ...secret, path: `v1/projects/${project}/secrets`, query: { secretId: "API_KEY" }, body });
  const payload = { data: Buffer.from("value").toString("base64") };
  await google.request({ ...secret, path: `v1/projects/${project}/secrets/API_KEY:addVersion`, body: { payload } });

  const grants = new AbortController();
  const stopAtGrant = (event: ApplyEvent): void => {
    if (event.type === "done" && event.resource === "secret-access/api:API_KEY") grants.abort();
  };
  await expect(up(rig, { signal: grants.signal, onEvent: stopAtGrant })).rejects.toThrow(/abort/i);
  const { result, failed } = await up(rig);
  expect(failed).toEqual([]);
  expect(result.skipped).toBe(0);
  expect(lines(await makePlan(rig.graph(build), rig.reconnect(), { clock: rig.clock }))).toEqual([]);
}, 90_000);

test("org preset: allUsers is refused, and public is named in its place; with it up succeeds", async () => {
  await using rig = await startRig({ flags: ["--preset", "org"] });
  rig.write("api.ts", program);
  const open = await up(rig, { build: ({ service }) => void service("api", { entry: "api.ts", allUsers: true }) });
  expect(open.failed).toMatchObject([{ resource: "invoker/api", next: expect.stringMatching(/^public: true/) }]);
  const { result } = await up(rig, { build: ({ service }) => void service("api", { entry: "api.ts", public: true }) });
  expect(result.failed).toBe(0);
});

test("no billing: the command that links an account is told, and nothing else is tried", async () => {
  await using rig = await startRig({ flags: ["--preset", "no-billing"] });
  rig.write("api.ts", program);
  const { failed, result } = await up(rig, { build: ({ service }) => void service("api", { entry: "api.ts" }) });
  expect(failed).toMatchObject([
    { resource: "api/services", next: `gcloud billing projects link ${project} --billing-account=ACCOUNT` },
  ]);
  expect(result).toMatchObject({ done: 0, failed: 1 });
});

test("faults: calls that fail now and then are made again; an answer that was lost does no harm", async () => {
  await using rig = await startRig();
  rig.write("api.ts", program);
  await rig.setSecret("API_KEY", "value");
  const once = { code: "503", count: 1 };
  await rig.fault({ ...once, api: "run", method: "CreateService" });
  await rig.fault({ ...once, api: "run", method: "SetIamPolicy" });
  await rig.fault({ ...once, api: "secretmanager", method: "SetIamPolicy" });
  await rig.fault({ ...once, api: "artifactregistry", method: "CreateRepository" });
  await rig.fault({ ...once, api: "iam", method: "CreateServiceAccount" });
  const { failed } = await up(rig);
  expect(failed).toEqual([]);
  expect(lines(await makePlan(rig.graph(build), rig.google))).toEqual([]);
});
