import type { Settings } from "../settings.ts";
import { drawPicture, elevenLabsUrl, readAloud } from "./real-media.ts";
import { store } from "./real-storage.ts";
import { geminiUrl, geminiWriter, openRouterWriter } from "./real-text.ts";
import type { Teller } from "./teller.ts";

/** Providers whose address is no setting; a test has its own. */
export interface Addresses {
  readonly gemini: string;
  readonly elevenLabs: string;
}

/** Has the story written by Gemini or OpenRouter, painted by Together, spoken by ElevenLabs, and kept by Supabase. */
export function createRealTeller(
  settings: Settings,
  addresses: Addresses = { gemini: geminiUrl, elevenLabs: elevenLabsUrl },
): Teller {
  const write = settings.backend === "gemini" ? geminiWriter(settings, addresses.gemini) : openRouterWriter(settings);
  return {
    name: settings.backend,
    tell: async (request, { id, signal, progress }) => {
      const story = await write(request, signal);
      await progress(40);
      const [picture, sound] = await Promise.all([
        drawPicture(story, settings, signal),
        readAloud(story, settings, signal, addresses.elevenLabs),
      ]);
      await progress(80);
      const [image, audio] = await Promise.all([
        store(`${id}/image.jpg`, picture, settings.keys, signal),
        store(`${id}/audio.mp3`, sound, settings.keys, signal),
      ]);
      return { ...story, image, audio, teller: settings.backend };
    },
  };
}
