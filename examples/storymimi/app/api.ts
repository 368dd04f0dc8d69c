import { createHealth } from "@aloft/runtime/health";
import { createQueue } from "@aloft/runtime/jobs";
import { createLog } from "@aloft/runtime/log";
import { serve } from "@hono/node-server";
import { logJobs } from "./job-log.ts";
import { createRoutes } from "./routes.ts";
import { queueName, readSettings } from "./settings.ts";
import type { Story, StoryRequest } from "./story.ts";

const settings = readSettings();
const log = createLog({ level: settings.debug ? "DEBUG" : "INFO" });
const queue = createQueue<StoryRequest, Story>({
  url: settings.redisUrl,
  name: queueName,
  timeoutMs: 2000,
  onEvent: logJobs(log),
});
const health = createHealth({ checks: { redis: queue.health } });
await health.ready();

const routes = createRoutes({ queue, health, log, settings });
const server = serve({ fetch: routes.fetch, hostname: settings.host, port: settings.port }, ({ port }) => {
  log.info(`api ready on port ${port}`);
});
server.once("error", (error) => {
  log.error(`the port ${settings.port} cannot be had`, { error });
  process.exit(1);
});

process.once("SIGTERM", () => {
  log.info("SIGTERM: requests in hand are answered, then the program ends");
  health.close();
  server.close(() => {
    void queue.close().then(() => process.exit(0));
  });
});
