import { inspect } from "node:util";
import { expect, test } from "vitest";
import { EnvError, env } from "./env.ts";
import { createLog } from "./log.ts";
import { secretsFrom } from "./secrets.ts";

test("env: reads typed variables, with defaults and optional ones", () => {
  const settings = env(
    {
      PORT: { type: "number", default: 8080 },
      DEBUG: "boolean",
      LLM: ["gemini", "openrouter"],
      HOST: "string?",
      BASE: "url",
    },
    { DEBUG: "False", LLM: "gemini", HOST: "", BASE: "https://example.com" },
  );
  const port: number = settings.PORT;
  const llm: "gemini" | "openrouter" = settings.LLM;
  expect([port, settings.DEBUG, llm, settings.HOST]).toEqual([8080, false, "gemini", undefined]);
});

test("env: tells everything that is wrong at once, without a value", () => {
  const read = () =>
    env(
      { PORT: "number", DEBUG: "boolean", LLM: ["gemini", "openrouter"], KEY: "string" },
      { PORT: "s3cret", DEBUG: "maybe", LLM: "gpt" },
    );
  expect(read).toThrow(EnvError);
  expect(read).toThrow(
    "4 variables are wrong: PORT is not a number; DEBUG is not true or false; LLM is not one of gemini, openrouter; KEY is missing (a text)",
  );
});

test("secrets: print as ***, and all that are missing are named", () => {
  const found = secretsFrom({ A_KEY: "canary-value", B_KEY: "" }, ["A_KEY"]);
  expect([found.A_KEY.reveal(), String(found.A_KEY), JSON.stringify(found)]).toEqual([
    "canary-value",
    "***",
    '{"A_KEY":"***"}',
  ]);
  expect(inspect(found)).not.toContain("canary");
  expect(() => secretsFrom({ B_KEY: "" }, ["A_KEY", "B_KEY"])).toThrow(
    "secret A_KEY is missing; secret B_KEY is missing",
  );
});

test("log: one JSON line each, with severity and time; errors whole, secrets hidden, loops survived", () => {
  const lines: string[] = [];
  const log = createLog({ now: () => 0, write: (line) => lines.push(line), fields: { service: "api" } });
  log.debug("left out");
  log.info("story told", { id: "a", key: secretsFrom({ K: "canary-value" }, ["K"]).K });
  log.error("failed", { error: new Error("boom") });
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  log.info("round", { loop });
  expect(lines[0]).toBe(
    '{"service":"api","id":"a","key":"***","severity":"INFO","message":"story told","time":"1970-01-01T00:00:00.000Z"}',
  );
  expect(JSON.parse(lines[1] ?? "")).toMatchObject({ severity: "ERROR", error: { message: "boom" } });
  expect(JSON.parse(lines[2] ?? "")).toMatchObject({ message: "round", note: "its fields cannot be written as JSON" });
});
