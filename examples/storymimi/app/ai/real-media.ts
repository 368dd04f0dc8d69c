import type { Settings } from "../settings.ts";
import { callProvider, callProviderJson, ProviderError } from "./http.ts";
import type { Written } from "./real-text.ts";

export interface MadeFile {
  /** `image/jpeg`, `audio/mpeg`. */
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Where ElevenLabs' API is. */
export const elevenLabsUrl = "https://api.elevenlabs.io/v1";
/** The most characters that one call of a voice is given. */
const mostSpoken = 5000;

/** A picture of the story by FLUX, at Together. */
export async function drawPicture(story: Written, settings: Settings, signal: AbortSignal): Promise<MadeFile> {
  const key = settings.keys.TOGETHER_API_KEY;
  const answer = await callProviderJson({
    provider: "Together",
    url: settings.togetherUrl,
    headers: { "content-type": "application/json", authorization: `Bearer ${key.reveal()}` },
    key,
    signal,
    body: JSON.stringify({
      model: settings.fluxModel,
      prompt: `A picture-book illustration, warm light, no letters: ${story.title}. ${story.text.slice(0, 400)}`,
      width: 1024,
      height: 640,
      steps: 4,
      n: 1,
      response_format: "base64",
    }),
  });
  const { data } = answer as { readonly data?: readonly { readonly b64_json?: string }[] };
  const base64 = data?.[0]?.b64_json;
  if (!base64) throw new ProviderError("Together answered without a picture", 200);
  return { type: "image/jpeg", bytes: new Uint8Array(Buffer.from(base64, "base64")) };
}

/** The story read aloud, by ElevenLabs. */
export async function readAloud(
  story: Written,
  settings: Settings,
  signal: AbortSignal,
  baseUrl: string = elevenLabsUrl,
): Promise<MadeFile> {
  const key = settings.keys.ELEVENLABS_API_KEY;
  const voice = encodeURIComponent(settings.keys.ELEVENLABS_VOICE_ID.reveal());
  const answer = await callProvider({
    provider: "ElevenLabs",
    url: `${baseUrl}/text-to-speech/${voice}?output_format=mp3_44100_64`,
    headers: { "content-type": "application/json", accept: "audio/mpeg", "xi-api-key": key.reveal() },
    key,
    signal,
    timeoutMs: 120_000,
    body: JSON.stringify({
      text: `${story.title}.\n\n${story.text}`.slice(0, mostSpoken),
      model_id: settings.elevenLabsV3 ? "eleven_v3" : "eleven_multilingual_v2",
    }),
  });
  return { type: "audio/mpeg", bytes: new Uint8Array(await answer.arrayBuffer()) };
}
