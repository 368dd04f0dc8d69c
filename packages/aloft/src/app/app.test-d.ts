// Checked by tsc alone: what must not compile. Each line below an `@ts-expect-error` that compiles is an error.
import { defineApp, plain } from "./define.ts";

defineApp(
  "shop",
  ({ env, secrets, redis, service, worker }) => {
    const keys = secrets("GEMINI_API_KEY", "SUPABASE_URL");
    const mapped = secrets({ GITLAB_TOKEN: "gitlab-token", PINNED: { id: "other", version: 3 } });
    const queue = redis("queue", { memory: "1Gi" });
    const shared = {
      entry: "./api.ts",
      env: { DEBUG: "false" },
      secrets: { ...keys, ...mapped, REDIS_URL: queue.url },
    };
    const api = service("api", { ...shared, public: true, timeout: "5m" });
    worker("worker", {
      ...shared,
      env: { API: api.url, HOST: queue.host, ID: plain("pk_live") },
      invokers: [api.email],
    });

    // @ts-expect-error no secret of this name
    service("a", { entry: "a.ts", secrets: { X: keys.GEMINI_API_KEI } });
    // @ts-expect-error no output of this name
    service("b", { entry: "a.ts", secrets: { X: queue.ulr } });
    // @ts-expect-error a misspelt field
    service("c", { entry: "a.ts", helth: "/health" });
    // @ts-expect-error a misspelt field beside a spread
    service("d", { ...shared, helth: "/health" });
    // @ts-expect-error a secret in plain env
    service("e", { entry: "a.ts", env: { REDIS_URL: queue.url } });
    // @ts-expect-error a plain value in secrets
    service("f", { entry: "a.ts", secrets: { KEY: "abc" } });
    // @ts-expect-error a plain reference in secrets
    service("g", { entry: "a.ts", secrets: { KEY: api.url } });
    // @ts-expect-error a number in env
    service("h", { entry: "a.ts", env: { LEVEL: 3 } });
    // @ts-expect-error a worker is never public
    worker("i", { entry: "a.ts", public: true });
    // @ts-expect-error not a word for ingress
    service("j", { entry: "a.ts", ingress: "everyone" });
    // @ts-expect-error memory must be said
    redis("k", {});
    // @ts-expect-error no such environment
    if (env.name === "production") return;
    if (env.name === "prod" || env.name === "staging" || env.name === "local") return { url: api.url };
    return undefined;
  },
  { environments: { staging: { project: "shop-stg" }, prod: { project: "shop-prod", region: "europe-west1" } } },
);

defineApp("alone", ({ env }) => {
  // @ts-expect-error without environments there is local alone
  if (env.name === "prod") return;
});

// @ts-expect-error an environment names its project
defineApp("half", () => undefined, { environments: { prod: { region: "us-central1" } } });
