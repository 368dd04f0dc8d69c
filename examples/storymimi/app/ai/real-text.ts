import type { Settings } from "../settings.ts";
import type { StoryLength, StoryRequest } from "../story.ts";
import { callProviderJson, ProviderError } from "./http.ts";

export interface Written {
  readonly title: string;
  readonly text: string;
}

/** Writes the text of a story. */
export type Writer = (request: StoryRequest, signal: AbortSignal) => Promise<Written>;

const words: Readonly<Record<StoryLength, number>> = { short: 150, medium: 350, long: 700 };

const instructions =
  "You write gentle bedtime stories for children. Answer only with a JSON object of two texts, title and text; " +
  "paragraphs in text are separated by a blank line.";

function wish(request: StoryRequest): string {
  return `Write a story of about ${words[request.length]} words about: ${request.topic}`;
}

/** Where Gemini's API is. */
export const geminiUrl = "https://generativelanguage.googleapis.com/v1beta";

/** Google's Gemini (generateContent), with the key in a header, so that it stands in no URL. */
export function geminiWriter(settings: Settings, baseUrl: string = geminiUrl): Writer {
  const key = settings.keys.GEMINI_API_KEY;
  return async (request, signal) => {
    const answer = await callProviderJson({
      provider: "Gemini",
      url: `${baseUrl}/models/${encodeURIComponent(settings.geminiModel)}:generateContent`,
      headers: { "content-type": "application/json", "x-goog-api-key": key.reveal() },
      key,
      signal,
      body: JSON.stringify({
        systemInstruction: { parts: [{ text: instructions }] },
        contents: [{ role: "user", parts: [{ text: wish(request) }] }],
        generationConfig: {
          responseMimeType: "application/json",
          responseSchema: {
            type: "OBJECT",
            properties: { title: { type: "STRING" }, text: { type: "STRING" } },
            required: ["title", "text"],
          },
        },
      }),
    });
    const { candidates } = answer as {
      readonly candidates?: readonly {
        readonly content?: { readonly parts?: readonly { readonly text?: string }[] };
      }[];
    };
    return written("Gemini", candidates?.[0]?.content?.parts?.map((part) => part.text ?? "").join(""));
  };
}

/** Any model behind OpenRouter (chat completions). */
export function openRouterWriter(settings: Settings): Writer {
  const key = settings.keys.OPENROUTER_API_KEY;
  return async (request, signal) => {
    const answer = await callProviderJson({
      provider: "OpenRouter",
      url: `${settings.openrouterUrl}/chat/completions`,
      headers: { "content-type": "application/json", authorization: `Bearer ${key.reveal()}` },
      key,
      signal,
      body: JSON.stringify({
        model: settings.qwenModel,
        response_format: { type: "json_object" },
        messages: [
          { role: "system", content: instructions },
          { role: "user", content: wish(request) },
        ],
      }),
    });
    const { choices } = answer as {
      readonly choices?: readonly { readonly message?: { readonly content?: string } }[];
    };
    return written("OpenRouter", choices?.[0]?.message?.content);
  };
}

/** Reads what a model wrote; some put their JSON between three backticks. */
function written(provider: string, content: string | undefined): Written {
  const json = content?.replace(/^\s*```(?:json)?|```\s*$/g, "");
  try {
    const { title, text } = JSON.parse(json ?? "") as Record<string, unknown>;
    if (typeof title === "string" && typeof text === "string" && text !== "") return { title, text };
  } catch {
    // Told below: it is the same for whoever reads it.
  }
  throw new ProviderError(`${provider} did not write a story in the form that was asked for`, 200);
}
