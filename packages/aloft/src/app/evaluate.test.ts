import { Failure, type Problem } from "@aloft/kit/failure";
import { expect, test } from "vitest";
import type { App, Builder, RedisHandle, ServiceOptions } from "./app.ts";
import { defineApp, plain } from "./define.ts";
import { graphOf } from "./evaluate.ts";
import type { Graph, Resource } from "./graph.ts";
import type { ServiceSpec } from "./specs.ts";

const graph = (app: App, env = "local"): Graph => graphOf({ app, file: "/w/aloft.config.ts", folder: "/w" }, env);
const find = (of: Graph, address: string): Resource => {
  const found = of.resources.find((r) => r.address === address);
  if (found === undefined) throw new Error(`no ${address} in ${of.resources.map((r) => r.address).join(" ")}`);
  return found;
};

/** What is wrong with a file, by place. */
function problems(build: (b: Builder) => unknown, options = {}): Map<string | undefined, Problem> {
  try {
    graph(defineApp("shop", build, options));
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    expect(thrown.code).toBe("CONFIG_INVALID");
    return new Map(thrown.problems.map((problem) => [problem.at, problem]));
  }
  return new Map();
}

/** What is wrong with one service's options, whatever their types say. */
const wrong = (options: Record<string, unknown>, at: string): string => {
  const found = problems(({ service }) => {
    service("api", { entry: "./api.ts", ...options } as ServiceOptions);
  });
  return found.get(`services.api.${at}`)?.what ?? `nothing at ${at}, but: ${[...found.keys()].join(" ")}`;
};

const storymimi = defineApp(
  "storymimi",
  ({ env, secrets, redis, service, worker }) => {
    const keys = secrets("GEMINI_API_KEY", "SUPABASE_URL");
    const queue = redis("queue", { memory: "1Gi" });
    const shared = { env: { MOCK: String(env.name !== "prod") }, secrets: { ...keys, REDIS_URL: queue.url } };
    const api = service("api", { ...shared, entry: "./app/api.ts", public: true, health: "/health" });
    worker("worker", { ...shared, entry: "./app/worker.ts", env: { API: api.url, KEY_ID: plain("pk_1") } });
    return { url: api.url };
  },
  { environments: { prod: { project: "storymimi-prod", region: "europe-west1" } } },
);

test("graphOf: a service brings its identity, grants, image and what its references need", () => {
  const of = graph(storymimi);
  expect(of).toMatchObject({ project: "storymimi-local", region: "us-central1" });
  const api = find(of, "service/api");
  expect(api.id).toBe("storymimi-api");
  expect(new Set(api.needs)).toEqual(
    new Set([
      "api/services",
      "service-account/api",
      "image/api",
      "secret/GEMINI_API_KEY",
      "secret/SUPABASE_URL",
      "derived-secret/queue-url",
      "secret-access/api:GEMINI_API_KEY",
      "secret-access/api:SUPABASE_URL",
      "secret-access/api:storymimi-queue-url",
    ]),
  );
  expect(find(of, "derived-secret/queue-url")).toMatchObject({
    id: "storymimi-queue-url",
    needs: ["api/services", "redis/queue"],
  });
  expect(find(of, "image/api").spec).toMatchObject({ from: { entry: "/w/app/api.ts" } });
  expect(find(of, "api/services").spec).toEqual({
    services: ["artifactregistry", "compute", "iam", "logging", "redis", "run", "secretmanager"].map(
      (n) => `${n}.googleapis.com`,
    ),
  });
  expect(of.outputs).toEqual({ url: { $ref: "service/api", output: "url" } });
});

test("graphOf: a worker is private, always has CPU and an instance; a Redis brings the way into its network", () => {
  const spec = find(graph(storymimi), "service/worker").spec as ServiceSpec;
  expect(spec).toMatchObject({ public: false, min: 1, vpc: { network: "default", subnetwork: "default" } });
  expect(spec.containers[0]).toMatchObject({ cpuIdle: false, env: { API: { $ref: "service/api" }, KEY_ID: "pk_1" } });
  expect(find(graph(storymimi), "service/worker").needs).toContain("service/api");
});

test("graphOf: the same file and environment give the same frozen graph; environments differ by TypeScript", () => {
  expect(graph(storymimi)).toEqual(graph(storymimi));
  expect(Object.isFrozen((find(graph(storymimi), "service/api").spec as ServiceSpec).containers)).toBe(true);
  const prod = graph(storymimi, "prod");
  expect(prod).toMatchObject({ project: "storymimi-prod", region: "europe-west1" });
  expect((find(prod, "service/api").spec as ServiceSpec).containers[0]?.env).toEqual({ MOCK: "false" });
});

test("graphOf: an unknown environment is told with those there are", () => {
  expect(() => graph(storymimi, "prd")).toThrow(expect.objectContaining({ code: "ENV_UNKNOWN", next: "--env prod" }));
});

test("graphOf: all problems are told at once, each with its place", () => {
  const found = problems(({ secrets, redis, service, worker }) => {
    const keys = secrets("A_KEY");
    const queue = redis("queue", { memory: "1.5Gi" });
    service("api", { entry: "a.ts", helth: "/", env: { PORT: "1" }, secrets: keys } as ServiceOptions);
    service("api", { source: "./app" });
    worker("Bad_", { entry: "b.ts", min: 0 });
    return { url: queue.url };
  });
  expect([...found.keys()]).toEqual([
    "redis.queue.memory",
    "services.api.helth",
    "services.api.env.PORT",
    "services.api.source",
    "services.api",
    "workers.Bad_",
    "workers.Bad_.min",
    "outputs.url",
  ]);
  expect(found.get("services.api.helth")).toMatchObject({ what: "is no field here; did you mean health?" });
  expect(found.get("services.api.source")?.what).toMatch(/UNIMPLEMENTED/);
  expect(found.get("services.api")?.what).toMatch(/there are two/);
});

test("graphOf: a secret in plain env is refused, in whatever form, and its value is not shown", () => {
  const hidden = "hunter2hunter2";
  const found = problems(({ secrets, redis, service }) => {
    const { A_KEY } = secrets("A_KEY");
    const queue = redis("queue", { memory: "1Gi" });
    const env = { R: queue.url, S: A_KEY, A_KEY: hidden, X_TOKEN: hidden, DB: `postgres://u:${hidden}@h/db` };
    service("api", { entry: "a.ts", env: { ...env, N: 3, NEXT_PUBLIC_API_KEY: "open", MAX_TOKEN: "10" } as never });
  });
  expect([...found.keys()]).toEqual(["R", "S", "A_KEY", "X_TOKEN", "DB", "N"].map((n) => `services.api.env.${n}`));
  expect(found.get("services.api.env.R")?.what).toBe("is a secret (redis/queue) in plain env");
  expect(JSON.stringify([...found.values()])).not.toContain(hidden);
});

test("graphOf: a plain value in secrets is refused, and a misspelt reference", () => {
  const found = problems(({ secrets, redis, service }) => {
    const keys: Record<string, never> = secrets("GEMINI_API_KEY") as never;
    const queue = redis("queue", { memory: "1Gi" });
    service("api", {
      entry: "a.ts",
      secrets: { A: "plain", H: queue.host, GEMINI_API_KEI: keys.GEMINI_API_KEI } as never,
    });
  });
  expect(found.get("services.api.secrets.A")?.what).toMatch(/^is a string; allowed: what secrets\(\) gives/);
  expect(found.get("services.api.secrets.H")?.what).toBe("is a plain value (redis/queue host)");
  expect(found.get("services.api.secrets.GEMINI_API_KEI")?.what).toMatch(/did you mean GEMINI_API_KEY\?$/);
});

test("graphOf: a reference to another app's resource is refused", () => {
  let theirs: RedisHandle | undefined;
  graph(
    defineApp("other", ({ redis }) => {
      theirs = redis("queue", { memory: "1Gi" });
    }),
  );
  const found = problems(({ service }) => {
    service("api", { entry: "a.ts", secrets: { REDIS_URL: theirs?.url as never } });
  });
  expect(found.get("services.api.secrets.REDIS_URL")?.what).toBe(
    "refers to redis/queue, which belongs to the app other",
  );
});

test("graphOf: sizes, times and counts follow Cloud Run's rules", () => {
  expect(wrong({ cpu: 4, memory: "1Gi" }, "memory")).toBe("is 1Gi, too small for 4 CPU: Cloud Run wants 2Gi or more");
  expect(wrong({ cpu: 1, memory: "8Gi" }, "cpu")).toBe("is 1; 8Gi of memory needs 2 CPU or more");
  expect(wrong({ cpu: 3 }, "cpu")).toMatch(/^is 3; allowed: /);
  expect(wrong({ cpu: 0.5, cpuIdle: false }, "cpu")).toMatch(/CPU outside requests needs 1/);
  expect(wrong({ memory: "256Mi", cpuIdle: false }, "memory")).toMatch(/needs 512Mi/);
  expect(wrong({ concurrency: 1001 }, "concurrency")).toBe("is 1001; allowed: a whole number from 1 to 1000");
  expect(wrong({ timeout: "2h" }, "timeout")).toMatch(/^is "2h"; allowed: 1 s to 1 h/);
  expect(wrong({ min: 3, max: 2 }, "min")).toBe("is 3, more than max (2)");
  expect(wrong({ startup: { path: "/x", period: 10, failures: 30 } }, "startup")).toMatch(/Cloud Run allows 240 s/);
  expect(wrong({ liveness: { path: "/x", period: 1, timeout: 5 } }, "liveness")).toMatch(/longer than its period/);
  expect(wrong({ image: "x" }, "entry")).toMatch(/^nothing at entry, but: services.api$/);
  expect(wrong({ labels: { "managed-by": "me" } }, "labels.managed-by")).toBe("is Aloft's own label");
  expect(wrong({ containers: [{ entry: "b.ts", port: 1 }] }, "containers[0].port")).toBe("is no field here");
});

test("graphOf: merge is yes or no, and what it says is the kind's to do", () => {
  expect(wrong({ merge: "yes" }, "merge")).toBe('is "yes"; allowed: true or false');
  const of = graph(
    defineApp("shop", ({ redis, service }) => {
      service("api", { entry: "./api.ts", merge: false });
      service("plain", { entry: "./api.ts" });
      redis("queue", { memory: "1Gi", merge: false });
    }),
  );
  expect(find(of, "service/api").spec).toMatchObject({ merge: false });
  expect(find(of, "redis/queue").spec).toMatchObject({ merge: false });
  expect(find(of, "service/plain").spec).not.toHaveProperty("merge");
});

test("graphOf: what the file throws is told with its line, environments that share a project need ids that differ", () => {
  const thrown = problems(({ service }) => {
    (service as unknown as { api(): void }).api();
  });
  expect([...thrown.values()][0]?.what).toMatch(/^the function of defineApp throws: .*not a function/);
  const shared = { environments: { dev: { project: "shop-local" } } };
  const clash = problems(({ service }) => void service("api", { entry: "a.ts" }), shared);
  expect(clash.get("service/api")?.what).toBe(
    "has the id shop-api in local and in dev, which share the project shop-local",
  );
  const apart = problems(
    ({ env, service }) => void service("api", { entry: "a.ts", id: `shop-api-${env.name}` }),
    shared,
  );
  expect(apart.size).toBe(0);
});
