import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { JobRefused } from "@aloft/runtime/jobs";
import { Redacted } from "@aloft/runtime/secrets";
import { afterEach, expect, test } from "vitest";
import type { Settings } from "../settings.ts";
import { ProviderError } from "./http.ts";
import { createRealTeller } from "./real.ts";

const canary = "canary-key-6c1f";
let close: (() => void) | undefined;
afterEach(() => close?.());

/** Answers as the providers do, by path; notes what was asked. */
async function providers(answers: Readonly<Record<string, () => { status?: number; body: string }>>) {
  const asked: { readonly path: string; readonly body: string; readonly headers: IncomingMessage["headers"] }[] = [];
  const server = createServer(async (request, response) => {
    const path = (request.url ?? "").split("?")[0] ?? "";
    asked.push({ path, body: await text(request), headers: request.headers });
    const found = Object.entries(answers).find(([part]) => path.includes(part));
    const { status = 200, body } = found?.[1]() ?? { status: 404, body: "{}" };
    response.writeHead(status, { "content-type": "application/json" }).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  close = () => server.close();
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function settingsFor(url: string, backend: Settings["backend"]): Settings {
  const key = new Redacted(canary);
  return {
    port: 0,
    host: "",
    debug: false,
    mock: false,
    backend,
    openrouterUrl: `${url}/openrouter`,
    qwenModel: "qwen/qwen3",
    geminiModel: "gemini-2.5-flash",
    togetherUrl: `${url}/together/images`,
    fluxModel: "flux",
    elevenLabsV3: false,
    redisUrl: key,
    keys: {
      SUPABASE_URL: new Redacted(`${url}/supabase/`),
      SUPABASE_KEY: key,
      OPENROUTER_API_KEY: key,
      GEMINI_API_KEY: key,
      TOGETHER_API_KEY: key,
      ELEVENLABS_API_KEY: key,
      ELEVENLABS_VOICE_ID: new Redacted("voice-1"),
    },
  };
}

function tellBy(url: string, backend: Settings["backend"]) {
  const teller = createRealTeller(settingsFor(url, backend), { gemini: `${url}/gemini`, elevenLabs: `${url}/eleven` });
  const options = { id: "story-1", signal: new AbortController().signal, progress: async () => undefined };
  return teller.tell({ topic: "a snail", length: "short" }, options);
}

const story = JSON.stringify({ title: "The Snail", text: "Once.\n\nTwice." });
const media = {
  "/together": () => ({ body: JSON.stringify({ data: [{ b64_json: Buffer.from("jpeg").toString("base64") }] }) }),
  "/eleven": () => ({ body: "mp3" }),
  "/supabase": () => ({ body: "{}" }),
};

test.each([
  [
    "gemini",
    { "/gemini": () => ({ body: JSON.stringify({ candidates: [{ content: { parts: [{ text: story }] } }] }) }) },
  ],
  [
    "openrouter",
    {
      "/openrouter": () => ({
        body: JSON.stringify({ choices: [{ message: { content: `\`\`\`json\n${story}\n\`\`\`` } }] }),
      }),
    },
  ],
] as const)(
  "the real teller: %s writes, the others draw, speak and keep; no key stands in a URL or a body",
  async (backend, writer) => {
    const { asked, url } = await providers({ ...media, ...writer });
    expect(await tellBy(url, backend)).toEqual({
      title: "The Snail",
      text: "Once.\n\nTwice.",
      image: { type: "image/jpeg", url: `${url}/supabase/storage/v1/object/public/stories/story-1/image.jpg` },
      audio: { type: "audio/mpeg", url: `${url}/supabase/storage/v1/object/public/stories/story-1/audio.mp3` },
      teller: backend,
    });
    expect(asked).toHaveLength(5);
    for (const { path, body, headers } of asked) {
      expect(`${path} ${body}`).not.toContain(canary);
      expect(JSON.stringify(headers)).toContain(canary);
    }
  },
);

test("the real teller: a refused key ends the job at once, and is in no message", async () => {
  const { asked, url } = await providers({
    "/gemini": () => ({ status: 403, body: JSON.stringify({ error: { message: `API key ${canary} is not valid` } }) }),
  });
  const failed = tellBy(url, "gemini");
  await expect(failed).rejects.toBeInstanceOf(JobRefused);
  await expect(failed).rejects.toThrow("Gemini refused the key: API key *** is not valid");
  expect(asked).toHaveLength(1);
});

test("the real teller: what a model writes out of form is told as such, to be tried again", async () => {
  const { url } = await providers({
    "/openrouter": () => ({ body: JSON.stringify({ choices: [{ message: { content: "Sure!" } }] }) }),
  });
  const failed = tellBy(url, "openrouter");
  await expect(failed).rejects.toBeInstanceOf(ProviderError);
  await expect(failed).rejects.toThrow("OpenRouter did not write a story in the form that was asked for");
});
