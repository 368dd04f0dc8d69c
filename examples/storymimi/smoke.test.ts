import { describe, expect, test } from "vitest";
import { eventually, redisInstalled, startRedis } from "../../packages/runtime/test/redis-server.ts";
import { placeholders, startProgram } from "./test/program.ts";

interface Answer {
  readonly id: string;
  readonly status: string;
  readonly url: string;
  readonly result?: { readonly title: string; readonly text: string; readonly image: string; readonly audio: string };
}

const post = (url: string, body: unknown) =>
  fetch(`${url}/stories`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

describe.skipIf(!redisInstalled)("storymimi, as plain processes on a real Redis", () => {
  test("a story is asked for, told and served; bad requests and lost Redis are answered clearly; both end well", async () => {
    await using redis = await startRedis();
    await using api = await startProgram("app/api.ts", redis.url);
    await using worker = await startProgram("app/worker.ts", redis.url);

    const tell = async (body: unknown): Promise<Answer> => {
      const posted = await post(api.url, body);
      const accepted = (await posted.json()) as Answer;
      expect([posted.status, accepted.status, accepted.url]).toEqual([202, "queued", `/stories/${accepted.id}`]);
      return eventually(async () => {
        const story = (await (await fetch(api.url + accepted.url)).json()) as Answer;
        return story.status === "done" ? story : undefined;
      });
    };

    const story = await tell({ topic: "a fox who collects <echoes>" });
    expect(story.result?.title).toContain("a Fox who Collects <echoes>");
    expect(story.result?.text).toContain("a fox who collects <echoes>");
    const image = await fetch(api.url + story.result?.image);
    expect([image.status, image.headers.get("content-type")]).toEqual([200, "image/svg+xml"]);
    expect(await image.text()).toMatch(/^<svg .*&#60;echoes&#62;.*<\/svg>$/s);
    const sound = await fetch(api.url + story.result?.audio);
    expect([sound.status, sound.headers.get("content-type")]).toEqual([200, "audio/wav"]);
    expect(Buffer.from(await sound.arrayBuffer()).toString("latin1", 0, 4)).toBe("RIFF");

    const again = await tell({ prompt: "a fox who collects <echoes>" });
    expect(again.result?.text).toBe(story.result?.text);
    expect(again.id).not.toBe(story.id);

    for (const [body, problem] of [
      ["not json", "the request's body is not JSON"],
      [[], "the body is not a JSON object"],
      [{}, "is missing: say what the story is about"],
      [{ topic: " " }, "is empty"],
      [{ topic: 7 }, "is not a text"],
      [{ topic: "x".repeat(301) }, "has 301 characters; at most 300"],
      [{ topic: "a snail", length: "epic" }, "is none of short, medium, long"],
      [{ topic: "a snail", mood: "sad" }, "there is no such field"],
    ] as const) {
      const refused = await post(api.url, body);
      expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining(problem)]);
    }
    expect((await fetch(`${api.url}/stories/story-none`)).status).toBe(404);
    expect((await post(api.url, { topic: "x".repeat(20_000) })).status).toBe(413);

    const check = await fetch(`${api.url}/diagnostics/queue`);
    expect([check.status, await check.json()]).toMatchObject([
      200,
      { ok: true, steps: [{ name: "redis" }, { name: "queue" }, { name: "job" }] },
    ]);
    const page = await (await fetch(api.url)).text();
    expect(page).toContain('<label for="topic">');

    await redis.stop();
    await eventually(async () => ((await fetch(`${worker.url}/health`)).status === 503 ? true : undefined), 20_000);
    expect((await post(api.url, { topic: "a snail" })).status).toBe(503);
    await redis.start();
    await eventually(async () => ((await fetch(`${worker.url}/health`)).status === 200 ? true : undefined), 20_000);

    expect([await worker.stop(), await api.stop()]).toEqual([0, 0]);
    const output = api.output() + worker.output();
    expect(output).not.toContain("Eviction policy");
    for (const value of Object.values(placeholders)) expect(output).not.toContain(value);
  });
});
