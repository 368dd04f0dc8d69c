import { afterAll, beforeAll, expect, test } from "vitest";
import type { Builder, ServiceOptions } from "../app/app.ts";
import { makeDownPlan } from "../plan/make-down-plan.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { Plan } from "../plan/plan.ts";
import { validatePlan } from "../plan/validate-plan.ts";
import { applyPlan } from "./apply-plan.ts";
import { lines, project, type Rig, startRig } from "./engine.test-support.ts";
import { faultsOf } from "./requests.test-support.ts";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
  const program = `import { createServer } from "node:http";
    createServer((req, res) => res.end("ok")).listen(Number(process.env.PORT), "0.0.0.0");`;
  rig.write("api.ts", program);
  await rig.setSecret("API_KEY", "one");
  expect((await up(api)).result.failed).toBe(0);
});
afterAll(() => rig[Symbol.asyncDispose]());

const api = ({ secrets, service }: Builder) =>
  service("api", { entry: "api.ts", secrets: secrets("API_KEY"), public: true, health: "/" });

async function up(build: (builder: Builder) => unknown) {
  const plan = await makePlan(rig.graph(build), rig.google);
  return { plan, result: await applyPlan(plan, rig.google, { confirm: "rig" }) };
}

test("plan: what stands on a live service beside the file is told: it stays, or goes where merge says so", async () => {
  const path = `v2/projects/${project}/locations/us-central1/services/rig-api`;
  type Live = Record<"labels" | "annotations", Record<string, string>> & {
    readonly template: { readonly containers: readonly { readonly env: readonly { readonly name: string }[] }[] };
  };
  const read = () => rig.byHand.request<Live>({ api: "run", path });
  const live = await read();
  const [container] = live.template.containers;
  const body = {
    ...live,
    labels: { ...live.labels, team: "x" },
    annotations: { note: "theirs" },
    template: {
      ...live.template,
      containers: [{ ...container, env: [...(container?.env ?? []), { name: "EXTRA", value: "1" }] }],
    },
  };
  await rig.byHand.wait(await rig.byHand.request({ api: "run", path, verb: "PATCH", body }), {
    api: "run",
    version: "v2",
  });

  const merged = (merge: boolean | undefined) => (b: Builder) =>
    b.service("api", {
      entry: "api.ts",
      secrets: b.secrets("API_KEY"),
      public: true,
      health: "/",
      merge,
    } as ServiceOptions);
  const planOf = async (merge: boolean | undefined) => {
    const plan = await makePlan(rig.graph(merged(merge)), rig.google);
    return { reasons: lines(plan), keeps: plan.steps.flatMap((step) => step.keeps ?? []) };
  };
  const names = async () => (await read()).template.containers[0]?.env.map(({ name }) => name).sort();
  const keeps = ["labels.team", "annotations.note"];
  expect(await planOf(true)).toEqual({ reasons: [], keeps: [...keeps, "env EXTRA"] });
  expect(await planOf(undefined)).toEqual({ reasons: ["update service/api EXTRA removed"], keeps });
  await up(merged(undefined));
  expect(await names()).toEqual(["API_KEY"]);
  expect(await read()).toMatchObject({ labels: { team: "x" }, annotations: { note: "theirs" } });
  expect((await up(merged(false))).plan.steps.find(({ address }) => address === "service/api")?.reasons).toEqual([
    "labels.team removed",
    "annotations.note removed",
  ]);
  const bare = await read();
  expect([bare.labels.team, bare.annotations?.note]).toEqual([undefined, undefined]);
});

test("up --dry-run: Google is asked whether it would take a change, and nothing is changed", async () => {
  const build = (options: Partial<ServiceOptions>) => (b: Builder) =>
    b.service("api", { entry: "api.ts", secrets: b.secrets("API_KEY"), public: true, health: "/", ...options });
  const path = `v2/projects/${project}/locations/us-central1/services/rig-api`;
  const read = () => rig.google.request<{ generation: string }>({ api: "run", path });
  const before = await read();
  const fine = await makePlan(rig.graph(build({ memory: "1Gi" })), rig.google);
  expect(await validatePlan(fine, rig.google)).toEqual({ asked: 1, blockers: [] });
  const nobody = `nobody@${project}.iam.gserviceaccount.com`;
  const plan = await makePlan(rig.graph(build({ serviceAccount: nobody, secrets: {} })), rig.google);
  const refused = await validatePlan(plan, rig.google);
  expect(refused).toMatchObject({
    asked: 1,
    blockers: [{ address: "service/api", what: expect.stringContaining("actAs") }],
  });
  expect((await read()).generation).toBe(before.generation);
  // What is not there yet cannot be asked of.
  const fresh = await makePlan(
    rig.graph((b) => b.service("fresh", { entry: "api.ts" })),
    rig.google,
  );
  expect((await validatePlan(fresh, rig.google)).asked).toBe(0);
});

test("up: an account that was deleted by hand is made anew, with its grants; what the old one left goes", async () => {
  const account = `v1/projects/${project}/serviceAccounts/rig-api@${project}.iam.gserviceaccount.com`;
  const members = async () => {
    const path = `v1/projects/${project}/secrets/API_KEY:getIamPolicy`;
    const policy = await rig.byHand.request<{ bindings: { members: string[] }[] }>({ api: "secretmanager", path });
    return policy.bindings.flatMap((binding) => binding.members);
  };
  const member = `serviceAccount:rig-api@${project}.iam.gserviceaccount.com`;
  await rig.byHand.request({ api: "iam", path: account, verb: "DELETE" });
  expect(await members()).toEqual([expect.stringMatching(new RegExp(`^deleted:${member}\\?uid=\\d+$`))]);
  const { plan, result } = await up(api);
  expect(lines(plan)).toEqual(["create service-account/api", "create secret-access/api:API_KEY"]);
  expect(result.failed).toBe(0);
  expect(await members()).toEqual([member]);
});

test("down: what Google keeps is told with its end; up makes it new under the same names", async () => {
  const build = (b: Builder) => b.service("api", { entry: "api.ts", public: true, vpc: { network: "default" } });
  await up(build);
  const plan = await makeDownPlan(rig.graph(build), rig.google);
  const hours = (until = "") => Math.round((Date.parse(until) - Date.now()) / 3_600_000);
  const account = plan.held?.find(({ address }) => address === "service-account/rig-api");
  expect(account?.next).toMatch(/^gcloud iam service-accounts undelete \d+$/);
  expect([hours(account?.until), account?.what]).toEqual([30 * 24, expect.stringContaining("undeleted")]);
  const subnet = plan.held?.find(({ address }) => address === "service/rig-api");
  const stale = { ...rig.google, list: async () => [] };
  const goes = (plan: Plan) => plan.steps.map(({ address }) => address).sort();
  expect(goes(await makeDownPlan(rig.graph(build), stale))).toEqual(goes(plan));
  expect([hours(subnet?.until), subnet?.what]).toEqual([2, expect.stringContaining("in the subnet default")]);
  await applyPlan(plan, rig.google, { confirm: "rig" });
  const again = await up(build);
  expect(again.result).toMatchObject({ failed: 0, skipped: 0 });
  await applyPlan(await makeDownPlan(rig.graph(build), rig.google), rig.google, { confirm: "rig" });
});

test("what was sent for it is what Google's own definitions know", () => {
  expect([...new Set(rig.sent.flatMap(faultsOf))]).toEqual([]);
});
