import type { StoryRequest } from "../story.ts";
import { diceOf } from "./dice.ts";
import { paint } from "./mock-picture.ts";
import { sing } from "./mock-sound.ts";
import { write } from "./mock-text.ts";
import type { Teller } from "./teller.ts";

/** Makes everything up from the request alone: the same request gives the same story, picture and sound. */
export const mockTeller: Teller = {
  name: "mock",
  tell: async (request, { signal, progress }) => {
    const { title, text } = write(request, dice(request, "text"));
    await progress(40);
    signal.throwIfAborted();
    const image = paint(title, dice(request, "picture"));
    await progress(70);
    signal.throwIfAborted();
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
