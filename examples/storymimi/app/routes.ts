import { createHash, randomUUID } from "node:crypto";
import type { Health } from "@aloft/runtime/health";
import { type JobQueue, type JobStatus, QueueUnavailable } from "@aloft/runtime/jobs";
import type { Log } from "@aloft/runtime/log";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { secureHeaders } from "hono/secure-headers";
import { icon, page } from "./page/page.ts";
import { script } from "./page/script.ts";
import { style } from "./page/style.ts";
import { keyNames, type Settings } from "./settings.ts";
import { type Media, readRequest, type Story, type StoryRequest } from "./story.ts";

export interface RoutesOptions {
  readonly queue: JobQueue<StoryRequest, Story>;
  readonly health: Health;
  readonly log: Log;
  readonly settings: Pick<Settings, "mock" | "debug" | "backend" | "keys">;
}

/** The API over HTTP. Errors are JSON: `{"error": …}`, with `problems` by field for a bad request. */
export function createRoutes({ queue, health, log, settings }: RoutesOptions): Hono {
  const routes = new Hono();

  routes.use(
    secureHeaders({
      contentSecurityPolicy: { defaultSrc: ["'self'"], imgSrc: ["'self'", "https:"], mediaSrc: ["'self'", "https:"] },
    }),
  );
  routes.onError((error, context) => {
    if (error instanceof QueueUnavailable) {
      log.warning(error.message);
      return context.json(
        { error: "stories cannot be taken in just now: the queue does not answer", retry: true },
        503,
      );
    }
    log.error(error.message, { error });
    return context.json({ error: "something went wrong here" }, 500);
  });
  routes.notFound((context) => context.json({ error: `there is no ${context.req.method} ${context.req.path}` }, 404));

  routes.get("/", (context) => context.html(page));
  routes.get("/page.css", (context) => context.body(style, 200, { "content-type": "text/css; charset=utf-8" }));
  routes.get("/page.js", (context) => context.body(script, 200, { "content-type": "text/javascript; charset=utf-8" }));

  routes.get("/icon.svg", (context) => context.body(icon, 200, { "content-type": "image/svg+xml" }));

  const small = bodyLimit({
    maxSize: 10_000,
    onError: (context) => context.json({ error: "the request has more than 10,000 bytes" }, 413),
  });
  routes.post("/stories", small, async (context) => {
    const body: unknown = await context.req.json().catch(() => undefined);
    if (body === undefined) return context.json({ error: "the request's body is not JSON" }, 400);
    const request = readRequest(body);
    if ("problems" in request) return context.json({ error: "the request is not understood", ...request }, 400);
    const id = await queue.add(request, { id: `story-${randomUUID()}` });
    const url = `/stories/${id}`;
    return context.json({ id, status: "queued", url }, 202, { location: url });
  });

  routes.get("/stories/:id", async (context) => {
    const id = context.req.param("id");
    const status = await queue.get(id);
    if (status === undefined) return context.json(unknownStory(id), 404);
    return context.json(shown(status), 200, { "cache-control": "no-store" });
  });

  for (const kind of ["image", "audio"] as const) {
    routes.get(`/stories/:id/:file{${kind}\\.[a-z0-9]+}`, async (context) => {
      const { id, file } = context.req.param();
      const status = await queue.get(id);
      if (status === undefined) return context.json(unknownStory(id), 404);
      if (status.result === undefined) return context.json({ error: `the story is ${status.status}` }, 409);
      const media = status.result[kind];
      if ("url" in media) return context.redirect(media.url, 302);
      if (file !== fileOf(kind, media)) return context.json({ error: `it is called ${fileOf(kind, media)}` }, 404);
      return context.body(new Uint8Array(Buffer.from(media.data, "base64")), 200, {
        "content-type": media.type,
        "cache-control": "private, max-age=3600",
        // A picture is only a picture, also when it is opened on its own.
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
      });
    });
  }

  routes.get("/health", (context) => {
    const { status, body } = health.answer();
    return context.json(body, status, { "cache-control": "no-store" });
  });

  routes.get("/diagnostics/queue", async (context) => {
    const check = await queue.check();
    return context.json(check, check.ok ? 200 : 503, { "cache-control": "no-store" });
  });

  // Which version of a secret this instance has, without the secret. Not for the public: only where nothing is real.
  routes.get("/diagnostics/settings", (context) => {
    if (!settings.mock && !settings.debug) return context.notFound();
    const fingerprints = keyNames.map((name) => [name, fingerprint(settings.keys[name].reveal())]);
    return context.json({
      mock: settings.mock,
      backend: settings.backend,
      revision: process.env.K_REVISION ?? null,
      secrets: Object.fromEntries(fingerprints),
    });
  });

  return routes;
}

function unknownStory(id: string) {
  return { error: `there is no story ${id.slice(0, 80)}; it may be too long ago` };
}

/** A story's standing for whoever asked: media by their addresses here, or where they are kept. */
function shown({ id, result, ...status }: JobStatus<Story>) {
  if (result === undefined) return { id, ...status };
  const { title, text, teller, image, audio } = result;
  const address = (kind: "image" | "audio", media: Media): string =>
    "url" in media ? media.url : `/stories/${id}/${fileOf(kind, media)}`;
  return {
    id,
    ...status,
    result: { title, text, teller, image: address("image", image), audio: address("audio", audio) },
  };
}

const extensions: Readonly<Record<string, string>> = {
  "image/svg+xml": "svg",
  "image/jpeg": "jpg",
  "audio/wav": "wav",
  "audio/mpeg": "mp3",
};

function fileOf(kind: "image" | "audio", media: Media): string {
  return `${kind}.${extensions[media.type] ?? "bin"}`;
}

/** The first six hexadecimal digits of its SHA-256: enough to tell two versions apart, too little to find the value. */
function fingerprint(value: string): string {
  return createHash("sha256").update(value).digest("hex").slice(0, 6);
}
