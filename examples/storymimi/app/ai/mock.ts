import { setTimeout as sleep } from "node:timers/promises";
import type { StoryLength, StoryRequest } from "../story.ts";
import { diceOf } from "./dice.ts";
import { paint } from "./mock-picture.ts";
import { sing } from "./mock-sound.ts";
import { write } from "./mock-text.ts";
import type { Teller } from "./teller.ts";

/** How long each part takes: a longer story leaves time to watch it, or to kill its worker. */
const paceMs: Readonly<Record<StoryLength, number>> = { short: 0, medium: 500, long: 2500 };

/** Makes everything up from the request alone: the same request gives the same story, picture and sound. */
export const mockTeller: Teller = {
  name: "mock",
  tell: async (request, { signal, progress }) => {
    const pause = () => sleep(paceMs[request.length], undefined, { signal });
    await pause();
    const { title, text } = write(request, dice(request, "text"));
    await progress(40);
    await pause();
    const image = paint(title, dice(request, "picture"));
    await progress(70);
    await pause();
    const audio = sing(dice(request, "sound"));
    return {
      title,
      text,
      image: { type: "image/svg+xml", data: Buffer.from(image).toString("base64") },
      audio: { type: "audio/wav", data: Buffer.from(audio).toString("base64") },
      teller: "mock",
    };
  },
};

function dice(request: StoryRequest, part: string) {
  return diceOf(`${part}/${request.length}/${request.topic}`);
}
