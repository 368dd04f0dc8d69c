import { defineApp } from "aloft";

export default defineApp(
  "storymimi",
  ({ env, secrets, redis, service, worker }) => {
    const keys = secrets(
      "SUPABASE_URL",
      "SUPABASE_KEY",
      "OPENROUTER_API_KEY",
      "GEMINI_API_KEY",
      "TOGETHER_API_KEY",
      "ELEVENLABS_API_KEY",
      "ELEVENLABS_VOICE_ID",
    );
    const queue = redis("queue", { memory: "1Gi" });

    const shared = {
      env: {
        DEBUG: "false",
        HOST: "0.0.0.0",
        LLM_BACKEND: "gemini",
        OPENROUTER_BASE_URL: "https://openrouter.ai/api/v1",
        TOGETHER_BASE_URL: "https://api.together.xyz/v1",
        TOGETHER_API_URL: "https://api.together.xyz/v1/images/generations",
        QWEN_MODEL_NAME: "qwen/qwen3-235b-a22b",
        GEMINI_MODEL: "gemini-2.5-flash",
        FLUX_MODEL_NAME: "black-forest-labs/FLUX.1-schnell",
        ELEVENLABS_USE_V3: "false",
        // Only prod pays for real stories.
        USE_MOCK_AI_SERVICES: String(env.name !== "prod"),
      },
      // `queue.url` also gives the service its way into the network that Redis is in.
      secrets: { ...keys, REDIS_URL: queue.url },
      health: "/health",
      // Redis may be away for some minutes: /health says so at once, a restart would not help.
      liveness: { path: "/health", period: 10, failures: 30 },
    };

    const api = service("api", { ...shared, entry: "./app/api.ts", public: true, cpu: 1, memory: "512Mi" });
    worker("worker", { ...shared, entry: "./app/worker.ts", memory: "512Mi", min: 1, max: 3 });

    return { url: api.url };
  },
  {
    region: "us-central1",
    environments: {
      staging: { project: "storymimi-stg" },
      prod: { project: "storymimi-prod" },
    },
  },
);
