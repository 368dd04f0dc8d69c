/** What a person asks for. */
export interface StoryRequest {
  readonly topic: string;
  readonly length: StoryLength;
}

export const lengths = ["short", "medium", "long"] as const;
export type StoryLength = (typeof lengths)[number];

/** A picture or a sound: its bytes in base64, or where it can be had. */
export type Media = { readonly type: string; readonly data: string } | { readonly type: string; readonly url: string };

/** A finished story, as it is kept. */
export interface Story {
  readonly title: string;
  readonly text: string;
  readonly image: Media;
  readonly audio: Media;
  /** Who told it: `mock`, `gemini`, `openrouter`. */
  readonly teller: string;
}

/** The most bytes that a story's picture or sound may have where it is kept in Redis. */
export const mostMediaBytes = 1_000_000;

export interface FieldProblem {
  readonly field: string;
  readonly problem: string;
}

const longestTopic = 300;

/** Reads the body of `POST /stories`: `{"topic": "…", "length": "short"}`; `prompt` is another word for `topic`. */
export function readRequest(body: unknown): StoryRequest | { readonly problems: readonly FieldProblem[] } {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    return { problems: [{ field: "", problem: 'the body is not a JSON object such as {"topic":"a brave snail"}' }] };
  }
  const problems: FieldProblem[] = [];
  const { topic, prompt, length = "short", ...others } = body as Record<string, unknown>;
  for (const field of Object.keys(others))
    problems.push({ field, problem: "there is no such field; known are topic, prompt, length" });
  if (topic !== undefined && prompt !== undefined)
    problems.push({ field: "prompt", problem: "is the same as topic: give one of them" });
  const given = topic ?? prompt;
  const field = topic === undefined && prompt !== undefined ? "prompt" : "topic";
  const text = typeof given === "string" ? given.trim().replace(/\s+/g, " ") : "";
  if (given === undefined) problems.push({ field, problem: "is missing: say what the story is about" });
  else if (typeof given !== "string") problems.push({ field, problem: "is not a text" });
  else if (text === "") problems.push({ field, problem: "is empty" });
  else if (text.length > longestTopic)
    problems.push({ field, problem: `has ${text.length} characters; at most ${longestTopic}` });
  if (!isLength(length)) problems.push({ field: "length", problem: `is none of ${lengths.join(", ")}` });
  return problems.length > 0 || !isLength(length) ? { problems } : { topic: text, length };
}

function isLength(value: unknown): value is StoryLength {
  return lengths.some((length) => length === value);
}
