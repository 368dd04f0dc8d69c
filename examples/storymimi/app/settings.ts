import { env } from "@aloft/runtime/env";
import { type Redacted, secrets } from "@aloft/runtime/secrets";

/** Everything that the two programs are told from outside, read once. */
export interface Settings {
  readonly port: number;
  readonly host: string;
  readonly debug: boolean;
  /** Stories are made up here, without an account anywhere. */
  readonly mock: boolean;
  readonly backend: "gemini" | "openrouter";
  readonly openrouterUrl: string;
  readonly qwenModel: string;
  readonly geminiModel: string;
  readonly togetherUrl: string;
  readonly fluxModel: string;
  readonly elevenLabsV3: boolean;
  readonly redisUrl: Redacted<string>;
  readonly keys: Keys;
}

export const keyNames = [
  "SUPABASE_URL",
  "SUPABASE_KEY",
  "OPENROUTER_API_KEY",
  "GEMINI_API_KEY",
  "TOGETHER_API_KEY",
  "ELEVENLABS_API_KEY",
  "ELEVENLABS_VOICE_ID",
] as const;

export type Keys = { readonly [Name in (typeof keyNames)[number]]: Redacted<string> };

/** Where the stories' queue is, by name. */
export const queueName = "stories";

/** Reads the environment. Throws one `EnvError` that names all that is missing or wrong. */
export function readSettings(): Settings {
  const plain = env({
    PORT: { type: "number", default: 8080 },
    HOST: { type: "string", default: "0.0.0.0" },
    DEBUG: { type: "boolean", default: false },
    USE_MOCK_AI_SERVICES: { type: "boolean", default: false },
    LLM_BACKEND: { type: ["gemini", "openrouter"], default: "gemini" },
    OPENROUTER_BASE_URL: { type: "url", default: "https://openrouter.ai/api/v1" },
    QWEN_MODEL_NAME: { type: "string", default: "qwen/qwen3-235b-a22b" },
    GEMINI_MODEL: { type: "string", default: "gemini-2.5-flash" },
    TOGETHER_BASE_URL: { type: "url", default: "https://api.together.xyz/v1" },
    TOGETHER_API_URL: "url?",
    FLUX_MODEL_NAME: { type: "string", default: "black-forest-labs/FLUX.1-schnell" },
    ELEVENLABS_USE_V3: { type: "boolean", default: false },
  });
  const { REDIS_URL, ...keys } = secrets("REDIS_URL", ...keyNames);
  return {
    port: plain.PORT,
    host: plain.HOST,
    debug: plain.DEBUG,
    mock: plain.USE_MOCK_AI_SERVICES,
    backend: plain.LLM_BACKEND,
    openrouterUrl: plain.OPENROUTER_BASE_URL,
    qwenModel: plain.QWEN_MODEL_NAME,
    geminiModel: plain.GEMINI_MODEL,
    togetherUrl: plain.TOGETHER_API_URL ?? `${plain.TOGETHER_BASE_URL}/images/generations`,
    fluxModel: plain.FLUX_MODEL_NAME,
    elevenLabsV3: plain.ELEVENLABS_USE_V3,
    redisUrl: REDIS_URL,
    keys,
  };
}
