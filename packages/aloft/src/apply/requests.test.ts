import { join } from "node:path";
import type { Google } from "@aloft/google";
import { Redacted } from "@aloft/kit/redaction";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Builder } from "../app/app.ts";
import { graphOf } from "../app/evaluate.ts";
import type { Graph } from "../app/graph.ts";
import { loadConfig } from "../app/load.ts";
import { kinds } from "../kinds/index.ts";
import type { RunTemplate } from "../kinds/lib/run-service.ts";
import { makeDownPlan } from "../plan/make-down-plan.ts";
import { makePlan } from "../plan/make-plan.ts";
import { statusOf } from "../plan/status.ts";
import { type SecretManager, secretManager } from "../secrets/manager.ts";
import { applyPlan } from "./apply-plan.ts";
import { hasProgram, lines, project, type Rig, type Sent, startRig } from "./engine.test-support.ts";
import { faultsOf } from "./requests.test-support.ts";
import { hasWire, seenAt, shapeOf } from "./wire.test-support.ts";

/** Other people's changes, by hand. */
async function unmend(google: Google): Promise<void> {
  const patch = (api: string, path: string, query: Record<string, string>, body: object) =>
    google.request({ api, path, verb: "PATCH", query, body });
  const at = `v1/projects/${project}`;
  const account = `${at}/serviceAccounts/rig-api@${project}.iam.gserviceaccount.com`;
  await patch("secretmanager", `${at}/secrets/API_KEY`, { updateMask: "labels" }, { labels: { team: "x" } });
  const repository = `${at}/locations/us-central1/repositories/rig`;
  await patch("artifactregistry", repository, { updateMask: "labels" }, { labels: {} });
  const bare = { serviceAccount: { description: "" }, updateMask: "description" };
  await google.request({ api: "iam", path: account, verb: "PATCH", body: bare });
  await google.request({ api: "iam", path: `${account}:disable`, verb: "POST", body: {} });
}

/** What the `secrets` commands call. */
async function everySecretCommand(manager: SecretManager): Promise<void> {
  await manager.enable();
  await manager.create("BY_HAND", { team: "x" });
  await manager.add("BY_HAND", new Redacted<Uint8Array>(Buffer.from("value")));
  expect((await manager.access("BY_HAND", "1")).version).toBe("1");
  expect((await manager.newest("BY_HAND"))?.version).toBe("1");
  expect((await manager.versions("BY_HAND")).map(({ state }) => state)).toEqual(["ENABLED"]);
  expect((await manager.find("BY_HAND"))?.labels).toEqual({ team: "x" });
  expect((await manager.list()).map(({ id }) => id)).toEqual(["BY_HAND"]);
}

describe.skipIf(!hasProgram("redis-server"))("requests of plan, up, status and down", () => {
  let rig: Rig;
  const seenKinds = new Set<string>();
  const ops = new Set<string>();

  const up = async (graph: Graph) => {
    const plan = await makePlan(graph, rig.google, { cache: join(rig.folder, "images") });
    for (const { kind, action } of plan.steps) {
      seenKinds.add(kind);
      ops.add(`${kind} ${action}`);
    }
    const failed: string[] = [];
    const result = await applyPlan(plan, rig.google, {
      onEvent: (event) => event.type === "failed" && failed.push(`${event.resource}: ${event.what} ${event.why ?? ""}`),
    });
    expect(failed).toEqual([]);
    expect(result.skipped).toBe(0);
    expect(lines(await makePlan(graph, rig.google, { cache: join(rig.folder, "images") }))).toEqual([]);
    await statusOf(graph, rig.google);
  };
  const down = async (graph: Graph) => {
    const plan = await makeDownPlan(graph, rig.google);
    for (const { kind } of plan.steps) ops.add(`${kind} delete`);
    expect(await applyPlan(plan, rig.google, { confirm: graph.app })).toMatchObject({ failed: 0, skipped: 0 });
  };

  beforeAll(async () => {
    rig = await startRig();
    const program = `import { createServer } from "node:http";
      createServer((req, res) => res.end("ok")).listen(Number(process.env.PORT), "0.0.0.0");`;
    rig.write("api.ts", program);
    await rig.setSecret("API_KEY", "one");

    const loaded = await loadConfig({ cwd: join(import.meta.dirname, "../../../../examples/storymimi") });
    const storymimi = graphOf({ ...loaded, folder: loaded.folder }, "local");
    for (const { kind, id } of storymimi.resources)
      if (kind === "secret") await rig.setSecret(id, "https://example.com", storymimi.project);
    await up(storymimi);
    await down(storymimi);

    const every = (changed: boolean) => (b: Builder) => {
      const keys = b.secrets("API_KEY");
      const queue = b.redis("queue", changed ? { memory: "2Gi", version: "REDIS_7_2" } : { memory: "1Gi" });
      const caller = b.service("caller", {
        entry: "api.ts",
        vpc: { network: "default", tags: ["web"], egress: "all-traffic" },
      });
      const invokers = changed ? ["user:a@example.com"] : [caller.email, "user:a@example.com"];
      const api = b.service("api", {
        entry: "api.ts",
        secrets: { ...keys, REDIS_URL: queue.url },
        env: { HOST: queue.host, CALLER: caller.url },
        labels: { team: "x" },
        annotations: { note: "y" },
        description: changed ? "The API, changed" : "The API",
        invokers,
        health: "/",
        timeout: "2m",
        ingress: "internal",
        executionEnvironment: "gen2",
        sessionAffinity: true,
        startupCpuBoost: true,
        http2: false,
        memory: changed ? "1Gi" : "512Mi",
        merge: !changed,
      });
      if (!changed) b.worker("gone", { entry: "api.ts" });
      return { url: api.url };
    };
    await up(rig.graph(every(false)));
    await unmend(rig.byHand);
    await up(rig.graph(every(true)));
    await down(rig.graph(every(true)));
    await everySecretCommand(secretManager(rig.google));
  }, 180_000);
  afterAll(() => rig[Symbol.asyncDispose]());

  test("each kind was made, changed and deleted", () => {
    expect([...seenKinds].sort()).toEqual(kinds.map(({ name }) => name).sort());
    const changed = ["service", "redis", "secret", "service-account", "repository", "invoker", "api"].map(
      (k) => `${k} update`,
    );
    expect(changed.filter((op) => !ops.has(op) && op !== "api update")).toEqual([]);
    const deleted = ["service", "redis", "secret", "service-account", "repository"].map((k) => `${k} delete`);
    expect(deleted.filter((op) => !ops.has(op))).toEqual([]);
  });

  test("Google's protos know every path, verb, query, field and mask; nothing is sent that only Google writes", () => {
    expect(rig.sent.length).toBeGreaterThan(100);
    expect([...new Set(rig.sent.flatMap(faultsOf))]).toEqual([]);
  });

  test("what Google would choose otherwise is always said: CPU outside requests, who may call, the whole template", () => {
    const written = rig.sent.filter(
      ({ verb, path }) => /^(POST|PATCH)$/.test(verb) && /^run\..*\/services(\/[^/:]+)?$/.test(path),
    );
    expect(written.length).toBeGreaterThan(4);
    for (const { body, query } of written) {
      const { invokerIamDisabled, template } = body as { invokerIamDisabled?: boolean; template: RunTemplate };
      expect(query.has("updateMask")).toBe(false);
      expect([typeof invokerIamDisabled, template.serviceAccount]).toEqual(["boolean", expect.stringContaining("@")]);
      for (const { resources } of template.containers ?? []) expect(typeof resources?.cpuIdle).toBe("boolean");
    }
  });

  test.skipIf(!hasWire)("gcloud or Terraform send the same, or it stands here why not", () => {
    const seen = seenAt();
    expect([...new Set(rig.sent.flatMap((sent) => strange(sent, seen)))].sort()).toEqual(Object.keys(oursAlone).sort());
  });
});

test("the checker: finds each kind of fault", () => {
  const at = "projects/p/locations/r";
  const run = `run.googleapis.com/v2/${at}/services`;
  const redis = `redis.googleapis.com/v1/${at}/instances`;
  const faults = (verb: string, path: string, query: Record<string, string> = {}, body?: object): string =>
    faultsOf({ verb, path, query: new URLSearchParams(query), body }).join("; ");
  expect(faults("POST", run, { serviceId: "a" }, { template: {} })).toBe("");
  expect(faults("POST", run, {}, { template: {} })).toContain("serviceId is required");
  expect(faults("POST", run, { serviceId: "a" }, {})).toContain("service.template is required");
  expect(faults("POST", run, { serviceId: "a", servceId: "b" }, { template: {} })).toContain("servceId is no field");
  expect(faults("POST", run, { serviceId: "a", validateOnly: "maybe" }, { template: {} })).toContain("validate_only");
  expect(faults("POST", run, { serviceId: "a" }, { template: {}, uri: "x" })).toContain("service.uri is output only");
  expect(faults("POST", run, { serviceId: "a" }, { templat: {} })).toContain("templat");
  expect(faults("PUT", `${run}/a`, {}, { template: {} })).toContain("no method has this verb and path");
  expect(faults("GET", `${run}/a`, {}, { template: {} })).toContain("has a body");
  expect(faults("PATCH", `${redis}/a`, { updateMask: "labels" }, { labels: {} })).toBe("");
  expect(faults("PATCH", `${redis}/a`, { updateMask: "label" }, { labels: {} })).toContain("label is no field");
  expect(faults("PATCH", `${redis}/a`, { updateMask: "memory_size_gb" }, { memorySizeGb: 2 })).toContain(
    "lowerCamelCase",
  );
  expect(faults("PATCH", `${redis}/a`, { updateMask: "host" }, { labels: {} })).toContain("host cannot be changed");
  expect(faults("POST", "europe-docker.pkg.dev/v2/p/r/i/blobs/uploads/", { mont: "x" })).toContain("no endpoint");
  expect(faults("GET", "nobody.googleapis.com/v1/x")).toContain("protos of this API");
});

const listed = "what is ours is found by listing: gcloud looks for nothing, and Terraform has a state file";
/** What the engine sends and neither of them does. To be kept short. */
const oursAlone: Readonly<Record<string, string>> = {
  "artifactregistry GET v1/projects/*/locations/*/repositories": listed,
  "iam GET v1/projects/*/serviceAccounts": listed,
  "redis GET v1/projects/*/locations/*/instances": listed,
  "run GET v2/projects/*/locations/*/services": listed,
  "secretmanager GET v1/projects/*/secrets ?filter": listed,
  "run GET v2/projects/*/locations/*/services/*:getIamPolicy ?options.requestedPolicyVersion":
    "without it a condition of somebody else's would be lost in the write",
  "serviceusage GET v1/projects/*/services:batchGet": "thirty APIs in one read",
};

const strange = (sent: Sent, seen: ReturnType<typeof seenAt>): string[] => {
  const [host = ""] = sent.path.split("/");
  const api = host.replace(/\.googleapis\.com$/, "");
  if (api === host) return [];
  const call = `${sent.verb} ${shapeOf(sent.path.slice(host.length))}`;
  const alike = seen(api).filter((one) => one.call === call);
  if (alike.length === 0) return [`${api} ${call}`];
  const query = new Set(alike.flatMap((one) => one.query));
  const mask = new Set(alike.flatMap((one) => one.mask ?? []));
  const bodies = alike.flatMap(({ body }) => (body === undefined || body.length === 0 ? [] : [body]));
  const sentBody = Object.keys((sent.body ?? {}) as object);
  // Terraform labels whatever has labels when it makes it.
  const ofBodies = new Set([...bodies.flat(), "labels"]);
  return [
    ...[...sent.query.keys()].filter((name) => !query.has(name)).map((name) => `${api} ${call} ?${name}`),
    ...(sent.query.get("updateMask")?.split(",") ?? [])
      .filter((name) => !mask.has(name))
      .map((name) => `${api} ${call} mask ${name}`),
    ...(bodies.length === 0
      ? []
      : sentBody.filter((name) => !ofBodies.has(name)).map((name) => `${api} ${call} {${name}}`)),
  ];
};
